"""A run that a script or a notebook starts and follows: an ordinary run directory, trained by processes of its own."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from gwt_ib.api.progress import Progress, progress_of
from gwt_ib.api.run import Run
from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.admission import refuse_what_cannot_run
from gwt_ib.processes.children import recorded_signals, start_trainer
from gwt_ib.runs.create import create_run, take_back
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import RecordReader
from gwt_ib.runs.labels import Labels, checked, write_labels
from gwt_ib.runs.record import ENDED, KILLED, is_trainer_alive

LOOK_S = 0.1
Row = Mapping[str, Any]


class RunFailed(UserError):
    """A run that failed: what it says is why. `run` is what there is of it, to be looked at or gone on with."""

    def __init__(self, run: Run, why: str, code: ExitCode) -> None:
        super().__init__(f"{why} The run is {run.path}; gwt-ib-tui resume {run.path} goes on with it.", code)
        self.run: Final = run


def train(
    config: Config | None = None,
    *,
    run_dir: str | Path | None = None,
    name: str = "",
    tags: Sequence[str] = (),
    progress: bool | Callable[[Row], object] = True,
) -> Run:
    """Train a run to its end and return it.

    It is a run as `gwt-ib-tui launch` makes them, in a directory that any dashboard may be attached to meanwhile. Trainer,
    learner and actors are processes of their own that import nothing of the caller's, so a script needs no
    `if __name__ == "__main__"`, and a notebook can go on after Ctrl-C. An environment of one's own is named as
    `module:env-id`, since they have to import it too.

    Ctrl-C ends the run after its present update with a last snapshot, as does an exception in `progress` or the end of
    the calling process; then it is raised again.

    - `config`: the settings; the default configuration where none is given.
    - `run_dir`: the run's own directory, new or empty; a new one under `runs/` where none is given.
    - `name`: a name for the run, by which `Run` and every command find it.
    - `tags`: words by which it can be filtered in lists of runs.
    - `progress`: whether stderr shows how far it is; or what is called with each row of metrics, once an update.

    Raises `UserError` with a sentence where it cannot begin, and `RunFailed`, one of those, where it fails.
    """
    config = Config() if config is None else config
    labels = checked(Labels(name, tuple(tags)))
    shown = progress_of(progress, config)
    spec = _admitted(config, shown.note)
    directory = Path(run_dir) if run_dir is not None else None
    existed = directory is not None and directory.exists()
    run = create_run(config, directory, ["gwt_ib.train", *sys.argv[:1]], spec)
    present, hold = os.pipe()
    try:
        try:
            if labels != Labels():
                write_labels(run, labels)
            with _signals_noted() as signals:
                trainer = start_trainer(run, resume=False, caller=present)
        except BaseException:
            take_back(run, keep_directory=existed)  # no trainer has begun it, so there is nothing in it
            raise
        finally:
            os.close(present)
        return _follow(run, trainer, shown, signals)
    finally:
        os.close(hold)


def _admitted(config: Config, note: Callable[[str], None]) -> EnvironmentSpec:
    """What the check of the environment found. Raises `UserError` for what this machine cannot run."""
    try:
        return refuse_what_cannot_run(config, note)
    except UserError as error:
        if error.code == ExitCode.ENDED_BY_INT:
            raise KeyboardInterrupt from None
        raise


def _follow(directory: RunDirectory, trainer: int, shown: Progress, signals: Sequence[int]) -> Run:
    """Show what the run records until it has ended. Whatever is raised meanwhile ends it first, and so do `signals`."""
    run, rows = Run(directory), RecordReader(directory.metrics)
    try:
        shown.begin(run)
        for number in signals:
            signal.raise_signal(number)
        while not _has_ended(directory, trainer):
            _show(rows, shown)
            time.sleep(LOOK_S)
        _show(rows, shown)
    except BaseException:
        _end(directory, trainer)
        raise
    finally:
        shown.end(run)
    record = directory.read_run()
    if record.state in ("finished", "stopped"):
        return run
    why = record.message if record.state in ENDED else "The process that trained it was killed."
    code = record.exit_code if record.exit_code in list(ExitCode) else ExitCode.BUG
    raise RunFailed(run, why or f"It has {record.state}.", ExitCode(code or ExitCode.BUG))


def _show(rows: RecordReader, shown: Progress) -> None:
    """Show what is new."""
    rows.at_end = False
    while not rows.at_end:
        for row in rows.read():
            shown.row(row)


def _has_ended(run: RunDirectory, trainer: int) -> bool:
    alive = is_trainer_alive(socket.gethostname(), trainer, None)
    return run.read_run().state_now() in (*ENDED, KILLED) or alive is False


def _end(run: RunDirectory, trainer: int) -> None:
    """Ask a run to end after its present update, and wait for that; a second Ctrl-C ends it at once."""
    while True:
        try:
            if not _has_ended(run, trainer):
                with suppress(ProcessLookupError):
                    os.kill(trainer, signal.SIGINT)
            while not _has_ended(run, trainer):
                time.sleep(LOOK_S)
            return
        except KeyboardInterrupt:
            continue


@contextmanager
def _signals_noted() -> Iterator[list[int]]:
    """Notes signals that would end this process while a trainer starts: until it has, there is none that can be told."""
    if threading.current_thread() is not threading.main_thread():
        yield []
        return
    with recorded_signals() as signals:
        yield signals
