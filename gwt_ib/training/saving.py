"""When a run saves a snapshot, and that it does so without holding up the learner."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from gwt_ib.config import Config
from gwt_ib.log import LOGGER
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot import NotFiniteSnapshotError, Snapshot, save_snapshot
from gwt_ib.runs.snapshot_store import keep_snapshots, save_firmly
from gwt_ib.training.recorder import Recorder

FIRST_S = 55.0  # the second snapshot of a start, after the one of its beginning, is due within a minute
RETRY_S = 5.0  # between two tries where the disk refuses


@dataclass(frozen=True)
class Saved:
    """How a save in the background ended: a path, or why there is none."""

    update: int
    seconds: float
    path: Path | None
    problem: str = ""


class Saving:
    """Saves by updates and by minutes in a thread, and at once when asked; keeps what is worth keeping.

    `config` is to be replaced when a live setting changes. A save that fails costs the run nothing: it is tried again, and
    `trouble` says so meanwhile.
    """

    def __init__(self, run: RunDirectory, config: Config, recorder: Recorder) -> None:
        self.config = config
        self.trouble = ""
        self._run = run
        self._recorder = recorder
        self._thread: threading.Thread | None = None
        self._saved: Saved | None = None
        self._due_at = time.monotonic() + FIRST_S
        self._saved_update = -1
        self._retry = False

    def due(self, update: int) -> bool:
        """Whether a snapshot should be begun: by updates, by minutes, or as the one before has failed."""
        every, minutes = self.config.snapshot_every, self.config.snapshot_minutes
        if self._thread is not None:
            return False
        by_time = (minutes > 0 or self._retry) and time.monotonic() >= self._due_at
        return by_time or (every > 0 and update % every == 0)

    def begin(self, snapshot: Snapshot, update: int) -> None:
        """Save in the background, or at once where there can be no thread; `report` tells how it went."""
        self.wait()
        if not self._recorder.metrics.retry():  # a snapshot must never know more than the rows do
            self._saved = Saved(update, 0.0, None, self._recorder.metrics.trouble)
            return

        def work() -> None:
            self._saved = self._try(snapshot, update)

        thread = threading.Thread(target=work, name="snapshot", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system lets this user have no further thread now
            LOGGER.warning("%s: this snapshot is saved in the foreground", error)
            work()
        else:
            self._thread = thread

    def report(self, update: int) -> None:
        """Report a save in the background that has ended."""
        if self._thread is None or not self._thread.is_alive():
            self.wait()
            self._finish(update)

    def save(self, snapshot: Snapshot, update: int, request: str | None = None) -> Path:
        """Save now, to be kept for good. Raises `OSError`."""
        self.wait()
        self._finish(update)
        started = time.monotonic()
        try:
            self._recorder.metrics.sync()
            path = save_snapshot(self._run.snapshots, snapshot, snapshot.state["env_steps"], pinned=True)
        except NotFiniteSnapshotError as error:
            raise OSError(0, str(error)) from error
        self._succeeded(update, time.monotonic() - started, path, request)
        return path

    def save_last(self, snapshot: Snapshot, update: int) -> Path:
        """Save what the run ends with: tried again, and then in `rescue_dir`. Raises `OSError`."""
        self.wait()
        self._finish(update)
        started = time.monotonic()
        rescue = self.config.rescue_dir
        folders = [self._run.snapshots, *([Path(rescue) / self._run.name] if rescue else [])]
        try:
            self._recorder.metrics.sync()
        except OSError as error:  # weights without their last rows are better than rows without weights
            self._recorder.warn(update, f"the last metrics are not on the disk: {error.strerror}")
        try:
            path = save_firmly(folders, snapshot, snapshot.state["env_steps"])
        except NotFiniteSnapshotError as error:
            raise OSError(0, str(error)) from error
        self._succeeded(update, time.monotonic() - started, path, None)
        return path

    def _try(self, snapshot: Snapshot, update: int) -> Saved:
        started = time.monotonic()
        try:
            self._recorder.metrics.sync()  # rows first
            path = save_snapshot(self._run.snapshots, snapshot, snapshot.state["env_steps"])
            keep_snapshots(self._run.snapshots)
        except OSError as error:
            return Saved(update, 0.0, None, error.strerror or str(error))
        except Exception as error:  # noqa: BLE001 - a bug in here must not end the run either
            LOGGER.error("a snapshot failed", exc_info=True)
            return Saved(update, 0.0, None, str(error))
        return Saved(update, time.monotonic() - started, path)

    def wait(self) -> None:
        """Let a save in the background come to its end."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _finish(self, update: int) -> None:
        """Report the save that has ended, if there is one."""
        saved, self._saved = self._saved, None
        if saved is None:
            return
        if saved.path is not None:
            self._succeeded(saved.update, saved.seconds, saved.path, None)
            return
        words = f"no snapshot was written: {saved.problem}"
        if words != self.trouble:
            self._recorder.warn(update, words)
        self.trouble, self._retry = words, True
        self._due_at = time.monotonic() + RETRY_S

    def _succeeded(self, update: int, seconds: float, path: Path, request: str | None) -> None:
        if self.trouble:
            LOGGER.log(logging.INFO, "snapshots are written again")
        self.trouble, self._retry = "", False
        if update:
            self._due_at = time.monotonic() + 60.0 * self.config.snapshot_minutes
        if update != self._saved_update or request is not None:
            self._saved_update = update
            self._recorder.done(update, "snapshot", seconds, str(path), path=str(path), request=request)
