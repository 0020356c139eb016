"""News of a run beyond its events: another verdict, its end, silence, how far a frozen display is behind; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.runs.causes import cause_first
from gwt_ib.runs.record import KILLED, STALLED, TRAINING
from gwt_ib.text import count, plain
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.state.run.run_view import RunView

Severity = Literal["information", "warning", "error"]
SEVERITIES: dict[str, Severity] = {"pass": "information", "fail": "error", "finished": "information"}
SEVERITIES |= {"works": "information", "harmful": "error"}
SEVERITIES |= {"stopped": "information", "failed": "error", KILLED: "error"}
GONE = "its trainer is gone; `gwt-ib-tui resume` takes it up again"
SILENT = "its trainer is silent: stopped, hung, or a busy machine"
HEARD = "the trainer is heard again"
FROZEN = "FROZEN"


@dataclass(frozen=True)
class Announcement:
    """A notification, with `title` as its first line; `message` is for the message bar, where no event is the same news."""

    title: str
    text: str
    severity: Severity = "warning"
    bell: bool = False
    message: Message | None = None
    event: str = ""
    """Which event it is for alerts beyond the screen; empty for one that is none."""


class Announcer:
    """Compares each view of the run with the one before; nothing in the first one is news."""

    def __init__(self) -> None:
        self._state: str | None = None
        self._verdict: Verdict | None = None

    def take(self, run_view: RunView) -> list[Announcement]:
        """What has changed since the view before, each change once."""
        state = self._state
        training = state in TRAINING or state == STALLED
        self._state = run_view.state
        verdict, before = run_view.verdict, self._verdict
        self._verdict = verdict or before
        news = []
        if training and verdict is not None:
            # A run's first verdicts are to wait for more data: that is how it begins, and no change.
            was = before or Verdict("")
            if verdict.status != (was.status or "wait"):
                news.append(_of_training(verdict, was.status))
            if verdict.gate.status != was.gate.status:
                news.append(_of_gate(verdict, was.gate.status if before else ""))
        if training and run_view.state != state and (ending := _of_state(run_view, state == STALLED)):
            news.append(ending)
        return news


def _of_training(verdict: Verdict, previous: str) -> Announcement:
    reasons = [finding.summary for finding in verdict.findings if finding.status == verdict.status]
    reason = reasons[0] if reasons and verdict.status != "pass" else ""
    return _of_verdict("training", verdict.status, previous, verdict.update, reason)


def _of_gate(verdict: Verdict, previous: str) -> Announcement:
    return _of_verdict("gate", verdict.gate.status, previous, verdict.update, verdict.gate.summary)


def _of_verdict(name: str, status: str, previous: str, update: int | None, reason: str) -> Announcement:
    was = f"was {plain(previous, 20).upper()}" if previous else ""
    where = "" if update is None else f"at update {count(update)}"
    return Announcement(
        title=f"GateCheck, {name}: {plain(status, 20).upper()}",
        text="\n".join(part for part in (f"{was} {where}".strip(), plain(reason, 200)) if part),
        severity=SEVERITIES.get(status, "warning"),
        bell=True,
        event="verdict" if name == "training" else "gate_verdict",
    )


def _of_state(run_view: RunView, was_stalled: bool) -> Announcement | None:
    state = run_view.state
    if state in TRAINING:
        return Announcement("", "", message=Message("notice", f"{HEARD}: {state}")) if was_stalled else None
    texts = {"failed": cause_first(run_view.run.message), KILLED: GONE, STALLED: SILENT}
    steps = f"after {count(run_view.metric('env_steps'))} env steps"
    text = plain(texts.get(state, ""), 200)
    message = Message("warning", f"run {state}, {text}") if state in (KILLED, STALLED) else None
    event = "" if state == STALLED else state
    severity = SEVERITIES.get(state, "warning")
    return Announcement(f"Run {plain(state, 20)}", text or steps, severity, bool(event), message, event)


def frozen_words(shown: RunView, newest: RunView) -> str:
    """`FROZEN, 14 updates behind`; where the run's state is another one by now, that too."""
    words = FROZEN
    then, now = shown.metric("update"), newest.metric("update")
    behind = (now or 0.0) - (then or 0.0)
    if behind < 0:  # the run was resumed from an earlier update
        words += f", run at update {count(now)}"
    elif behind:
        words += f", {count(behind)} update{'s' if behind > 1 else ''} behind"
    return words if newest.state == shown.state else f"{words}, now {plain(newest.state, 12)}"
