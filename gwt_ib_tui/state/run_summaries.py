"""The runs of a folder in a few words each, kept up to date in a thread that reads only what has changed."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gwt_ib.clock import utc_now
from gwt_ib.numbers import real
from gwt_ib.runs.directory import RunDirectory, list_runs
from gwt_ib.runs.lifecycle import ENDED, KILLED, is_trainer_alive, lifecycle
from gwt_ib.runs.records import last_record
from gwt_ib_tui.state.snapshot import RunInfo
from gwt_ib_tui.state.values import text

Signature = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True)
class RunSummary:
    """One run, as a list of runs has it."""

    directory: RunDirectory
    name: str
    info: RunInfo
    state: str
    env_steps: float | None
    ep100: float | None
    verdict: str

    @property
    def progress(self) -> float | None:
        """Share of the run's environment steps that are done, from 0 to 1."""
        steps, total = self.env_steps, self.info.total_timesteps
        return None if steps is None or not total or total <= 0 else min(max(steps / total, 0.0), 1.0)

    @property
    def words(self) -> str:
        """What a filter looks in, in small letters."""
        parts = (self.name, self.info.env_id, self.state, self.verdict, f"s{self.info.seed}")
        return " ".join(parts).lower()


@dataclass(frozen=True, eq=False)
class RunSummaries:
    """All runs of a folder at one moment, the newest first."""

    version: int = 0
    runs: tuple[RunSummary, ...] = ()
    now: float = 0.0

    def matching(self, words: str) -> tuple[RunSummary, ...]:
        """The runs that have every one of the words."""
        wanted = words.lower().split()
        return tuple(run for run in self.runs if all(word in run.words for word in wanted))


class RunLister:
    """Looks through a folder of runs. `poll` does it once; `start` in a thread, again and again."""

    def __init__(self, folder: Path, interval: float = 1.0) -> None:
        self._folder = folder
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="runs", daemon=True)
        self._known: dict[Path, tuple[Signature, RunSummary]] = {}
        self.summaries = RunSummaries()

    @property
    def broken(self) -> bool:
        """Whether the thread ended without being asked to: a bug."""
        return not self._stopping.is_set() and self._thread.ident is not None and not self._thread.is_alive()

    def start(self) -> None:
        """Begin to look, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def poll(self) -> None:
        """Look once, and publish what there is; a run whose files have not changed is not read again."""
        known: dict[Path, tuple[Signature, RunSummary]] = {}
        for run in list_runs(self._folder):
            signature = tuple(_signature(path) for path in (run.run, run.metrics, run.gatecheck))
            before = self._known.get(run.path)
            summary = before[1] if before is not None and before[0] == signature else _summary(run)
            known[run.path] = signature, _living(summary)
        self._known = known
        runs = tuple(summary for _, summary in reversed(known.values()))
        self.summaries = RunSummaries(self.summaries.version + 1, runs, utc_now())

    def _follow(self) -> None:
        while not self._stopping.is_set():
            with suppress(OSError):  # a folder that cannot be read just now is looked at again
                self.poll()
            self._stopping.wait(self._interval)


def _summary(run: RunDirectory) -> RunSummary:
    info = RunInfo.of(run.read_run(), run.name)
    row = last_record(run.metrics)
    verdict = text(run.read_gatecheck().get("verdict")).lower() or "wait"
    return RunSummary(run, run.name, info, info.state, real(row.get("env_steps")), real(row.get("ep100")), verdict)


def _living(summary: RunSummary) -> RunSummary:
    """With the state as it is now: a trainer may have fallen silent without a file having changed."""
    if summary.state in ENDED or summary.state == KILLED:
        return summary
    info = summary.info
    alive = is_trainer_alive(info.host, info.trainer, info.heartbeat)
    return replace(summary, state=lifecycle(info.state, info.last_sign, utc_now(), alive))


def _signature(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
