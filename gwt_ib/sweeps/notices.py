"""What a sweep says while it goes on: a notice when a run starts or ends, and now and then how far all of them are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from gwt_ib.clock import utc_now
from gwt_ib.sweeps.states import MemberState, MemberStatus, SweepState
from gwt_ib.text import duration, number

NoticeKind = Literal[
    "started",
    "resumed",
    "anew",
    "finished",
    "failed",
    "interrupted",
    "stopped",
    "waiting",
    "progress",
    "warning",
    "end",
]
KINDS: Mapping[NoticeKind, str] = {
    "started": "a run begins",
    "resumed": "a run goes on from its newest snapshot",
    "anew": "a run that had begun but has no snapshot begins once more",
    "finished": "a run has made all of its steps",
    "failed": "a run has failed; the message is its cause",
    "interrupted": "a run has ended through no fault of its own, or its trainer died; it is resumed",
    "stopped": "a run has ended before its end, because it or the sweep was asked to",
    "waiting": "a run is still trained by another process, which is waited for",
    "progress": "how far all runs are",
    "warning": "something does not work, and the sweep goes on",
    "end": "the sweep ends; the object has the whole state",
}
"""Every kind of notice, in words."""


@dataclass(frozen=True)
class Notice:
    """One of them; `run` is the name of the run that it is about, if it is about one."""

    kind: NoticeKind
    run: str = ""
    message: str = ""
    member: MemberState | None = None
    sweep: SweepState | None = None
    exit_code: int | None = None
    time: float = field(default_factory=utc_now)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        values: dict[str, Any] = {"kind": self.kind, "time": self.time}
        if self.run:
            values["run"] = self.run
        if self.message:
            values["message"] = self.message
        if self.member is not None:
            values |= member_dict(self.member)
        if self.sweep is not None:
            values |= sweep_dict(self.sweep, with_runs=self.kind == "end")
        if self.exit_code is not None:
            values["exit_code"] = self.exit_code
        return values

    def line(self) -> str:
        """For people, on one line."""
        if self.kind == "progress" and self.sweep is not None:
            return progress_words(self.sweep)
        words = f"{self.kind:11} {self.run}" if self.run else self.message
        if self.kind == "finished" and self.member is not None:
            speed = number(self.member.steps_per_s)
            words += f": ep100 {number(self.member.episodic_return)}, {speed} steps/s"
        elif self.run and self.message:
            words += f": {self.message}"
        return words


def progress_words(state: SweepState) -> str:
    """Such as `3 of 12 finished, 2 running, 41 % of the steps, 12:05 left`."""
    counts = [f"{state.count('finished')} of {len(state.members)} finished", f"{state.count('running')} running"]
    if failed := state.count("failed"):
        counts.append(f"{failed} failed")
    left = "time left unknown yet" if state.left_s is None else f"{duration(state.left_s)} left"
    return ", ".join([*counts, f"{state.share_done:.0%} of the steps", left])


def member_dict(state: MemberState) -> dict[str, Any]:
    """A run's state for JSON."""
    return {
        "run": state.member.name,
        "env_id": state.member.config.env_id,
        "arm": state.member.arm,
        "seed": state.member.config.seed,
        "path": str(state.path),
        "status": state.status,
        "state": state.state,
        "env_steps": state.env_steps,
        "total_steps": state.total_steps,
        "ep100": state.episodic_return,
        "eval_return": state.eval_return,
        "steps_per_s": state.steps_per_s,
        "verdict": state.verdict,
        "gate_verdict": state.gate_verdict,
        "host": state.host,
        "cause": state.cause,
    }


def sweep_dict(state: SweepState, *, with_runs: bool) -> dict[str, Any]:
    """A sweep's state for JSON."""
    values: dict[str, Any] = {
        "runs": len(state.members),
        **{status: state.count(status) for status in get_args(MemberStatus)},
        "share_done": state.share_done,
        "left_s": state.left_s,
    }
    return values | ({"members": list(map(member_dict, state.members))} if with_runs else {})
