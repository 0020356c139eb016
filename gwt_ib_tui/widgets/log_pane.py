"""The log of a run's processes, newest line at the bottom, scrolled by keys and by the wheel."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence

from rich.text import Text
from textual.events import MouseScrollDown, MouseScrollUp
from textual.reactive import reactive

from gwt_ib.text import count, plain, shortened
from gwt_ib_tui.charts.log_lines import LEVELS, NAMES, Window, chosen, downwards, in_brief, index_of, rows, window
from gwt_ib_tui.state.history.log_tail import LogLine
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.panel import Panel, title_line

TITLE_ROWS = 2
WHEEL_LINES = 3
LEAST_FOLDER = 20  # cells; what is said beside it is cut before
OLDER = "older lines are not here"
ROUTINE = "routine lines seldom, all with log_level=debug"


class LogPane(Panel):
    """Lines, the newest at the bottom. `anchor_line` is the number of the one that stays the last; none follows the end."""

    least: reactive[int] = reactive(LEVELS[0])
    process: reactive[str] = reactive("")
    anchor_line: reactive[int | None] = reactive(None)
    in_full: reactive[bool] = reactive(False)
    """Whether lines are shown as they were written, with the ids of requests and whole paths."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """New lines, files, or problems."""
        return run_view.log.version

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """What is on show and why, where the files are, then the lines."""
        shown, view = self._view()
        lines = [self._title(run_view, shown, view), self._folder(run_view, width)]
        if not shown:
            words = " nothing was logged yet" if not run_view.log.lines else " nothing of this kind was logged"
            return [*lines, Text(words, style=self.palette.dim)]
        return lines + view.rows

    def scroll(self, by: int) -> None:
        """Some lines up (negative) or down; at the last one the end is followed again."""
        shown = self._chosen()
        if by < 0 or self.anchor_line is not None:
            self._go_to(shown, max(self._bottom(shown), self._downwards(shown, 0)) + by)

    def page(self, by: int) -> None:
        """A page up (-1) or down (1); one line stays in sight."""
        shown, view = self._view()
        if by < 0:
            self._go_to(shown, min(view.first, view.last - 1))
        elif self.anchor_line is not None:
            self._go_to(shown, max(self._downwards(shown, view.last), view.last + 1))

    def go_to_first(self) -> None:
        """The oldest line that is kept."""
        self._go_to(self._chosen(), 0)

    def follow(self) -> None:
        """The end, and what comes."""
        self.anchor_line = None

    def next_level(self) -> None:
        """Show from the next level on; after the last, everything."""
        self.least = LEVELS[(LEVELS.index(self.least) + 1) % len(LEVELS)]

    def next_process(self) -> None:
        """Show the next process alone; after the last, all."""
        names = ("", *(() if self.run_view is None else self.run_view.log.processes))
        self.process = names[(names.index(self.process) + 1) % len(names)] if self.process in names else ""

    def toggle_details(self) -> None:
        """Show ids and whole paths, or leave them out again."""
        self.in_full = not self.in_full

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """As the key, some lines at a time."""
        self.scroll(-WHEEL_LINES)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """As the key, some lines at a time."""
        self.scroll(WHEEL_LINES)

    def _go_to(self, lines: Sequence[LogLine], bottom: int) -> None:
        """Bring a line to the bottom, as far as the lines above it fill the window."""
        bottom = max(bottom, self._downwards(lines, 0))
        self.anchor_line = None if bottom >= len(lines) - 1 else lines[bottom].number

    def _chosen(self) -> Sequence[LogLine]:
        return () if self.run_view is None else chosen(self.run_view.log, self.least, self.process)

    def _view(self) -> tuple[Sequence[LogLine], Window]:
        lines = self._chosen()
        return lines, window(lines, self._bottom(lines), self._height, self._draw)

    @property
    def _height(self) -> int:
        return max(self.content_size.height - TITLE_ROWS, 1)

    def _bottom(self, lines: Sequence[LogLine]) -> int:
        return len(lines) - 1 if self.anchor_line is None else index_of(lines, self.anchor_line)

    def _downwards(self, lines: Sequence[LogLine], top: int) -> int:
        return downwards(lines, top, self._height, self._draw)

    def _draw(self, line: LogLine) -> list[Text]:
        if not self.in_full and self.run_view is not None:
            line = line._replace(text=in_brief(line.text, self.run_view.path.name))
        return rows(line, self.content_size.width, self.palette, named=not self.process)

    def _title(self, run_view: RunView, lines: Sequence[LogLine], view: Window) -> Text:
        palette, log = self.palette, run_view.log
        errors = log.count(self.process, logging.ERROR)
        warnings = log.count(self.process, logging.WARNING) - errors
        state = Text("following", style=palette.dim)
        if self.anchor_line is not None:
            newer = count(len(lines) - 1 - view.last)
            state = Text(f"‖ stopped, {newer} newer (end follows)", style=f"bold {palette.warn}")
        return title_line(
            palette,
            "log",
            "UTC",
            state,
            Text(f"▲ {_many(warnings, 'warning')}", style=palette.warn if warnings else palette.dim),
            Text(f"✗ {_many(errors, 'error')}", style=palette.bad if errors else palette.dim),
            *([Text(plain(self.process), style=palette.line)] if self.process else []),
            *([NAMES[self.least]] if NAMES[self.least] else []),
            *(["in full"] if self.in_full else []),
        )

    def _folder(self, run_view: RunView, width: int) -> Text:
        problem, folder = run_view.log.problem, run_view.log.folder
        if problem:
            return Text(" " + shortened(plain(problem), width - 1), style=self.palette.warn)
        notes = [OLDER] if run_view.log.older else []
        if run_view.config is None or run_view.config.log_level != "debug":
            notes.append(ROUTINE)
        words = "".join(f" · {note}" for note in notes)
        room = max(width - 1 - len(words), min(LEAST_FOLDER, width - 1))
        return Text(f" {shortened(plain(folder or ''), room)}{words}", style=self.palette.dim)


def _many(number: int, what: str) -> str:
    return f"{count(number)} {what}" + ("" if number == 1 else "s")
