"""A made-up sweep, as its directory would be read: what the tests of the list of a sweep look at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gwt_ib.config import Config
from gwt_ib.sweeps.definition import Member
from gwt_ib.sweeps.states import MemberState, SweepState
from gwt_ib_tui.state.sweep.sweep_follower import SweepSource

TASKS = ("popgym-CountRecallEasy-v0", "popgym-RepeatPreviousEasy-v0")
CAUSE = (
    "The learner ended by an exception twice at update 31: ValueError: the loss is not finite. "
    "Its log is logs/learner.log, and the newest good snapshot is that of update 28."
)


def member_state(path: Path, task: str, arm: str, seed: int, **fields: Any) -> MemberState:
    member = Member(f"{task}__{arm}__s{seed}", arm, Config(env_id=task, seed=seed, total_timesteps=100_000))
    return MemberState(member, path / "runs" / member.name, total_steps=98_304, **fields)


def made_up(path: Path = Path("sweeps/made-up")) -> SweepState:
    """Eight runs of every kind: two tasks, two arms, two seeds."""
    ended: dict[str, Any] = {"env_steps": 98_304, "steps_per_s": 3000.0, "verdict": "pass", "host": "here"}
    kinds: list[dict[str, Any]] = [
        {
            "status": "finished",
            "state": "finished",
            "episodic_return": -0.5,
            "eval_return": -0.25,
            "gate_verdict": "decoration",
            **ended,
        },
        {"status": "finished", "state": "finished", "episodic_return": -0.125, "eval_return": -0.3125, **ended},
        {"status": "failed", "state": "failed", "env_steps": 24_576, "verdict": "fail", "host": "here", "cause": CAUSE},
        {"status": "running", "state": "running", "env_steps": 49_152, "steps_per_s": 2048.0, "host": "here"},
        {"status": "running", "state": "paused", "env_steps": 49_152, "steps_per_s": 1000.0, "host": "here"},
        {"status": "unfinished", "state": "killed", "env_steps": 12_288, "host": "here"},
        {},
        {},
    ]
    places = [(task, arm, seed) for task in TASKS for arm in ("budget", "free") for seed in (1, 2)]
    return SweepState(
        tuple(member_state(path, *place, **kind) for place, kind in zip(places, kinds, strict=True)), left_s=95.0
    )


@dataclass
class FakeSweep:
    """A sweep whose state a test changes; it is read as a real one is."""

    state: SweepState = field(default_factory=made_up)
    working: bool = True
    asked: int = 0
    reads: int = 0
    error: OSError | None = None

    @property
    def source(self) -> SweepSource:
        return SweepSource("made-up", self._read, lambda: self.working, self._ask)

    def change(self, place: int, **fields: Any) -> None:
        members = list(self.state.members)
        members[place] = replace(members[place], **fields)
        self.state = replace(self.state, members=tuple(members))

    def _read(self) -> SweepState:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return self.state

    def _ask(self) -> None:
        if self.error is not None:
            raise self.error
        self.asked += 1
