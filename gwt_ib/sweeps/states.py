"""How the runs of a sweep stand, derived from their run directories and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gwt_ib.sweeps.definition import Member

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
    steps_per_s: float | None = None
    verdict: str = ""
    host: str = ""
    cause: str = ""
    """Why it failed, a sentence."""


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
