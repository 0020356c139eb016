"""The runs of a folder in a few words each, kept up to date in a thread that reads only what has changed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gwt_ib.clock import utc_now
from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.lenient import real
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import last_record
from gwt_ib.runs.record import ENDED, KILLED, Pulse, RunRecord
from gwt_ib_tui.state.run.follower import Follower

Signature = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True)
class RunSummary:
    """One run, as a list of runs has it."""

    directory: RunDirectory
    name: str
    info: RunRecord
    state: str
    env_steps: float | None
    ep100: float | None
    verdict: str
    gate: str
    """The verdicts, on training and on the gate."""

    @property
    def progress(self) -> float | None:
        """Share of the run's environment steps that are done, from 0 to 1."""
        return self.info.share_done(self.env_steps)

    @property
    def words(self) -> str:
        """What a filter looks in, in small letters."""
        parts = (self.name, self.info.env_id, self.state, self.verdict, self.gate, f"s{self.info.seed}")
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


class RunLister(Follower):
    """Looks through a folder of runs. `poll` does it once; `start` in a thread, again and again."""

    def __init__(self, folder: Path, interval: float = 1.0) -> None:
        super().__init__("runs", self._follow)
        self._folder = folder
        self._interval = interval
        self._known: dict[Path, tuple[Signature, RunSummary, Pulse]] = {}
        self.summaries = RunSummaries()

    def poll(self) -> None:
        """Look once, and publish what there is; a run whose files have not changed is not read again."""
        known: dict[Path, tuple[Signature, RunSummary, Pulse]] = {}
        for path in self._folder.glob("*/run.json"):
            run = RunDirectory(path.parent)
            signature = tuple(_signature(path) for path in (run.run, run.metrics, run.gatecheck))
            before, summary, pulse = self._known.get(run.path, ((), None, Pulse()))
            if summary is None or before != signature:
                record, row = run.read_run(), last_record(run.metrics)
                verdict = Verdict.from_dict(run.read_gatecheck()) or Verdict("wait")
                steps, ep100 = real(row.get("env_steps")), real(row.get("ep100"))
                verdicts = verdict.status, verdict.gate.status
                summary = RunSummary(run, run.name, record, record.state, steps, ep100, *verdicts)
            if summary.state not in ENDED and summary.state != KILLED:  # it may be silent without a file having changed
                summary = replace(summary, state=summary.info.state_now(pulse))
            known[run.path] = (signature, summary, pulse)
        self._known = known
        runs = [summary for _, summary, _ in known.values()]
        runs.sort(key=lambda run: (run.info.created or 0.0, run.name), reverse=True)
        self.summaries = RunSummaries(self.summaries.version + 1, tuple(runs), utc_now())

    def _follow(self) -> float:
        with suppress(OSError):  # a folder that cannot be read just now is looked at again
            self.poll()
        return self._interval


def _signature(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
