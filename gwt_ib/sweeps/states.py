"""How the runs of a sweep stand, derived from their run directories and from nothing else."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gwt_ib.files import opened
from gwt_ib.lenient import mapping, read_object, real, text, whole
from gwt_ib.results.final_evaluation import FinalEvaluation
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import LAST_BYTES, Record, parse_record
from gwt_ib.runs.record import KILLED, STALLED, UNKNOWN, RunRecord, is_trainer_alive
from gwt_ib.sweeps.definition import Definition, Member
from gwt_ib.sweeps.directory import SweepDirectory

MemberStatus = Literal["waiting", "running", "unfinished", "finished", "failed"]
"""waiting: not begun; unfinished: begun, not being trained now, and to be resumed."""


@dataclass(frozen=True)
class MemberState:
    """One run of a sweep as it stands."""

    member: Member
    path: Path
    status: MemberStatus = "waiting"
    state: str = ""
    """As `runs` shows it: starting, running, paused, stalled, finished, stopped, killed, failed; empty before it begins."""
    env_steps: int = 0
    total_steps: int = 0
    episodic_return: float | None = None
    """Mean of the last 100 episodes."""
    eval_return: float | None = None
    """Of the final evaluation where it was played, else of the newest one in training."""
    steps_per_s: float | None = None
    verdict: str = ""
    """That on training."""
    gate_verdict: str = ""
    host: str = ""
    cause: str = ""
    """Why it failed, a sentence."""
    exit_code: int | None = None


@dataclass(frozen=True)
class SweepState:
    """All runs, and how far they are together."""

    members: tuple[MemberState, ...]
    left_s: float | None = None
    """Seconds until all are done, by the speed of what has been trained so far; None before that is known."""

    def count(self, status: MemberStatus) -> int:
        """How many runs have this status."""
        return sum(each.status == status for each in self.members)

    @property
    def share_done(self) -> float:
        """The share of all environment steps that have been made, from 0 to 1."""
        total = sum(each.total_steps for each in self.members)
        return sum(min(each.env_steps, each.total_steps) for each in self.members) / total if total else 0.0


@dataclass
class SweepReader:
    """Reads a sweep again and again: what has ended is read once, and everything else each time."""

    sweep: SweepDirectory
    definition: Definition | None = None
    """Read from the directory, again where it has changed, unless one is given."""
    _ended: dict[str, tuple[object, MemberState]] = field(default_factory=dict, repr=False)
    _read: tuple[object, Definition] | None = field(default=None, repr=False)

    def read(self) -> SweepState:
        """How everything stands now. Raises `UserError` where the definition is missing or damaged."""
        members = tuple(map(self._member, self._definition().members))
        return SweepState(members, time_left(members, self._side_by_side(members)))

    def _definition(self) -> Definition:
        if self.definition is not None:
            return self.definition
        stamp = _stamp(self.sweep.definition)
        if self._read is None or self._read[0] != stamp:
            self._read = stamp, self.sweep.read_definition()
        return self._read[1]

    def _member(self, member: Member) -> MemberState:
        path = self.sweep.member_path(member)
        stamp = _stamp(path / "run.json"), _stamp(path / "final_evaluation.json")  # this one is made after the end
        known = self._ended.get(member.name)
        if known is not None and known[0] == stamp and known[1].member == member:
            return known[1]
        found = read_member(self.sweep, member)
        if found.status in ("finished", "failed"):
            self._ended[member.name] = stamp, found
        return found

    def _side_by_side(self, members: Sequence[MemberState]) -> int:
        """How many runs go on at a time: those that do, or as many as the sweep had at a time last."""
        running = sum(each.status == "running" for each in members)
        return max(running, self.sweep.read_holder().parallel or 1)


def read_states(sweep: SweepDirectory) -> SweepState:
    """How a sweep stands. Raises `UserError` where its definition is missing or damaged."""
    return SweepReader(sweep).read()


def read_member(sweep: SweepDirectory, member: Member) -> MemberState:
    """How one run stands. Never raises: what is damaged is absent."""
    run = sweep.run(member)
    record = run.read_run()
    state = record.state_now()
    status = _status(run, record, state)
    total = member.config.num_updates * member.config.steps_per_update
    if status == "waiting":
        return MemberState(member, run.path, total_steps=total)
    rows = newest_rows(run.metrics)
    newest: Record = rows[-1] if rows else {}
    judged = run.read_gatecheck()
    env_steps = whole(newest.get("env_steps")) or 0
    scheduled = (real(row.get("eval_return")) for row in reversed(rows))
    final = FinalEvaluation.from_dict(read_object(run.final_evaluation))
    return MemberState(
        member,
        run.path,
        status,
        state,
        env_steps=env_steps,
        total_steps=total,
        episodic_return=real(newest.get("ep100")),
        eval_return=final.mean
        if final is not None and final.env_steps >= env_steps
        else next((value for value in scheduled if value is not None), None),
        steps_per_s=_speed(newest),
        verdict=text(judged.get("verdict")),
        gate_verdict=text(mapping(judged.get("gate")).get("verdict")),
        host=record.host,
        cause=(record.message or f"It ended with exit code {record.exit_code}.") if status == "failed" else "",
        exit_code=record.exit_code,
    )


def time_left(members: Iterable[MemberState], side_by_side: int) -> float | None:
    """Seconds until everything is trained, so many runs at a time: each by the speed of its task, or of all."""
    members = list(members)
    speeds: dict[str, list[float]] = {}
    for each in members:
        if each.steps_per_s:
            speeds.setdefault(each.member.config.env_id, []).append(each.steps_per_s)
    if not speeds:
        return None
    by_task = {env_id: statistics.fmean(found) for env_id, found in speeds.items()}
    typical = statistics.fmean(by_task.values())
    open_runs = [each for each in members if each.status not in ("finished", "failed")]
    left = [
        max(each.total_steps - each.env_steps, 0) / by_task.get(each.member.config.env_id, typical)
        for each in open_runs
    ]
    # Side by side, but none is shorter than its own time.
    return max(sum(left) / max(min(side_by_side, len(left)), 1), *left) if left else 0.0


def newest_rows(path: Path, most_bytes: int = LAST_BYTES) -> list[Record]:
    """The rows at the end of a file of records; none where there is no file."""
    try:
        with opened(path) as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - most_bytes))
            data = file.read(most_bytes)
    except OSError:
        return []
    lines = data.rpartition(b"\n")[0].splitlines()
    return [row for row in map(parse_record, lines if size <= most_bytes else lines[1:]) if row is not None]


def is_begun(run: RunDirectory, record: RunRecord) -> bool:
    """Whether a trainer has ever begun with this run; where `run.json` is lost, its records tell."""
    if record.state == UNKNOWN:
        return run.metrics.exists() or any(run.snapshots.glob("[0-9]*"))
    return record.started is not None


def _status(run: RunDirectory, record: RunRecord, state: str) -> MemberStatus:
    if state == "finished":
        return "finished"
    if state == "failed":
        return "failed"
    if not is_begun(run, record):
        return "waiting"
    if state in ("stopped", KILLED, UNKNOWN):
        return "unfinished"
    # A silent trainer of this machine is there; of one elsewhere nothing is known, so it counts as gone.
    gone = state == STALLED and not is_trainer_alive(record.host, record.trainer, record.last_sign)
    return "unfinished" if gone else "running"


def _speed(row: Record) -> float | None:
    steps, seconds = real(row.get("env_steps")), real(row.get("elapsed_s"))
    return steps / seconds if steps and seconds else real(row.get("steps_per_s"))


def _stamp(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
