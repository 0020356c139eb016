"""A sweep at one moment as a list shows it: its runs, in several orders and filtered, and their sums; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Literal

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.sweeps.states import MemberState, MemberStatus, SweepState
from gwt_ib_tui.state.compare.settings import short_env_ids

Order = Literal["file", "status", "ep100"]
ORDERS: dict[Order, str] = {"file": "", "status": "failed first", "ep100": "best ep100 first"}
"""The orders of the list, with their words; that of the file needs none."""
STATUSES: tuple[MemberStatus, ...] = ("failed", "unfinished", "running", "waiting", "finished")
"""The most urgent first."""
Standing = Literal["reading", "running", "stopping", "unfinished", "finished", "failed"]
"""Of the whole. unfinished: nobody works on it, though there is something to do; failed: that is so of some runs alone."""
HALTED = frozenset({"paused", "stalled"})


@dataclass(frozen=True, eq=False)
class SweepRow:
    """One run of a sweep."""

    state: MemberState

    @property
    def name(self) -> str:
        """That of its directory."""
        return self.state.member.name

    @property
    def directory(self) -> RunDirectory:
        """Where it is, or will be."""
        return RunDirectory(self.state.path)

    @property
    def begun(self) -> bool:
        """Whether there is anything to show of it."""
        return self.state.status != "waiting"

    @property
    def word(self) -> str:
        """How it stands, in a word: that of a run while it is trained."""
        return (self.state.state or "starting") if self.state.status == "running" else self.state.status

    @property
    def share(self) -> float:
        """Of its environment steps, those that are made."""
        total = self.state.total_steps
        return min(max(self.state.env_steps / total, 0.0), 1.0) if total > 0 else 0.0

    @property
    def steps_per_s(self) -> float | None:
        """Its speed, while it has one."""
        return self.state.steps_per_s if self.state.status == "running" and self.word not in HALTED else None

    @property
    def seconds_left(self) -> float | None:
        """Until it ends, by its present speed."""
        speed = self.steps_per_s
        return max(self.state.total_steps - self.state.env_steps, 0) / speed if speed and speed > 0 else None

    @cached_property
    def words(self) -> str:
        """What a filter looks in, in small letters."""
        state, config = self.state, self.state.member.config
        parts = (self.name, config.env_id, state.member.arm, self.word, state.status, state.verdict, state.gate_verdict)
        return " ".join((*parts, state.host, f"s{config.seed}")).lower()


@dataclass(frozen=True, eq=False)
class SweepView:
    """A whole sweep. `working` says whether somebody works on it, `stopping` whether that one was asked to end."""

    version: int = 0
    name: str = ""
    sweep: SweepState = field(default_factory=lambda: SweepState(()))
    working: bool = False
    stopping: bool = False
    problem: str = ""
    """Why it cannot be read just now."""

    @property
    def parts(self) -> tuple[SweepState, bool, bool, str]:
        """All that makes it another one."""
        return self.sweep, self.working, self.stopping, self.problem

    @cached_property
    def rows(self) -> tuple[SweepRow, ...]:
        """The runs, in the order of the sweep's file."""
        return tuple(map(SweepRow, self.sweep.members))

    @cached_property
    def tasks(self) -> dict[str, str]:
        """A short name of each environment."""
        env_ids = dict.fromkeys(row.state.member.config.env_id for row in self.rows)
        if len(env_ids) == 1:
            return {env_id: env_id.removeprefix("popgym-") for env_id in env_ids}
        return short_env_ids(env_ids)

    @cached_property
    def arms(self) -> tuple[str, ...]:
        """The names of the arms."""
        return tuple(dict.fromkeys(row.state.member.arm for row in self.rows))

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The machines that runs were or are on."""
        return tuple(dict.fromkeys(row.state.host for row in self.rows if row.state.host))

    @property
    def steps_per_s(self) -> float | None:
        """Of all runs that train now."""
        speeds = [speed for row in self.rows if (speed := row.steps_per_s) is not None]
        return sum(speeds) if speeds else None

    @property
    def standing(self) -> Standing:
        """The whole in a word."""
        if not self.version:
            return "reading"
        if self.working:
            return "stopping" if self.stopping else "running"
        if any(self.sweep.count(status) for status in ("waiting", "running", "unfinished")):
            return "unfinished"
        return "failed" if self.sweep.count("failed") else "finished"

    def matching(self, words: str, order: Order = "file") -> list[SweepRow]:
        """The runs that have every one of the words, in an order."""
        wanted = words.lower().split()
        found = [row for row in self.rows if all(word in row.words for word in wanted)]
        if order == "status":
            found.sort(key=lambda row: STATUSES.index(row.state.status))
        elif order == "ep100":
            found.sort(key=lambda row: _descending(row.state.episodic_return))
        return found


def _descending(value: float | None) -> float:
    return inf if value is None or value != value else -value
