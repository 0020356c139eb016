"""How far a run is, on stderr: a bar in a terminal, one line that is written over in a notebook, a few lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gwt_ib.config import Config
from gwt_ib.gatecheck.report import update_line
from gwt_ib.lenient import real, whole
from gwt_ib.text import visible

if TYPE_CHECKING:
    from gwt_ib.api.run import Run

LINES = 20
"""Lines of a whole run where nothing can be written over."""
Row = Mapping[str, Any]


class Progress:
    """Shows nothing; the others say more."""

    def note(self, line: str) -> None:
        """Something to know before the run begins."""

    def begin(self, run: Run) -> None:
        """The run has begun."""

    def row(self, row: Row) -> None:
        """The metrics of one more update."""

    def end(self, run: Run) -> None:
        """The run has ended, however it did."""


def progress_of(wanted: bool | Callable[[Row], object], config: Config) -> Progress:
    """What shows a run where `train` is called: `wanted` is its argument `progress`."""
    if callable(wanted):
        return _Told(wanted)
    if not wanted:
        return Progress()
    if in_notebook():
        return _Line(config)
    return _Bar(config) if sys.stderr.isatty() else _Lines(config)


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook, which shows what is printed and has no terminal."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


class _Told(Progress):
    """A function of the caller's is told."""

    def __init__(self, tell: Callable[[Row], object]) -> None:
        self._tell = tell

    def row(self, row: Row) -> None:
        self._tell(row)


class _Lines(Progress):
    """A line for some of the updates, and for each one with an evaluation."""

    def __init__(self, config: Config) -> None:
        self._updates = config.num_updates
        self._every = max(1, self._updates // LINES)

    def note(self, line: str) -> None:
        _write(line)

    def begin(self, run: Run) -> None:
        self.note(f"run {run.path}")

    def row(self, row: Row) -> None:
        update = whole(row.get("update")) or 0
        due = update % self._every == 0 or update in (1, self._updates)
        if due or real(row.get("eval_return")) is not None:
            self.note(update_line(dict(row), self._updates))

    def end(self, run: Run) -> None:
        self.note(repr(run))


class _Line(_Lines):
    """The newest update, over the one before."""

    _length = 0

    def row(self, row: Row) -> None:
        line = update_line(dict(row), self._updates)
        _write(line.ljust(self._length), over=True, end="")
        self._length = len(line)

    def end(self, run: Run) -> None:
        _write("")
        super().end(run)


class _Bar(_Lines):
    """A bar with the newest scores behind it."""

    def __init__(self, config: Config) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        super().__init__(config)
        scores = TextColumn("{task.description}", markup=False)
        columns = (TextColumn("updates"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), scores)
        console = Console(stderr=True, highlight=False, markup=False)
        self._bar = RichProgress(*columns, console=console, transient=True)
        self._task = self._bar.add_task("", total=self._updates)
        self._evaluated = ""

    def begin(self, run: Run) -> None:
        super().begin(run)
        with suppress(OSError):
            self._bar.start()

    def row(self, row: Row) -> None:
        evaluation, ep100 = real(row.get("eval_return")), real(row.get("ep100"))
        self._evaluated = self._evaluated if evaluation is None else f"  eval {evaluation:.3f}"
        words = ("" if ep100 is None else f"ep100 {ep100:.3f}") + self._evaluated
        self._bar.update(self._task, completed=whole(row.get("update")) or 0, description=words)

    def end(self, run: Run) -> None:
        with suppress(OSError):
            self._bar.stop()
        super().end(run)


def _write(line: str, *, over: bool = False, end: str = "\n") -> None:
    """Write a line where messages go, if anybody is there; `over` the one before where that has not been ended."""
    with suppress(OSError, ValueError):
        sys.stderr.write(("\r" if over else "") + visible(line) + end)
        sys.stderr.flush()
