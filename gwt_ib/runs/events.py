"""The events of a run (`events.jsonl`): one table of their kinds: how each is recorded, worded and drawn.

A new kind of event is a new entry of `KINDS`; charts, help, manual, message bar and headless output read it there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gwt_ib.lenient import real, scalars, text
from gwt_ib.log import LOGGER
from gwt_ib.runs.causes import cause_alone, cause_first
from gwt_ib.runs.control import REQUEST_NAMES
from gwt_ib.runs.jsonl import Record
from gwt_ib.text import count, number, plain

Severity = Literal["note", "good", "warn", "bad"]
SEVERITIES: tuple[Severity, ...] = ("note", "good", "warn", "bad")
COMMON = frozenset({"time", "update", "env_steps", "request"})
"""Fields that an event of any kind may have."""
STRICT = False  # with True, as in tests, a new event that is not in the table is an error

_EPISODE = re.compile(r"^\S+: environment \d+ failed in episode \d+ \(seed \d+\): ")
Forms = tuple[str, ...]
"""The same words at several lengths, the longest first."""


@dataclass(frozen=True)
class Event:
    """One event as it was recorded: when (a time stamp), at which update, for which request; `fields` are its kind's own.

    Values are those of the file, of whatever type, so `fields` are read through `words` and `number`.
    """

    kind: str
    time: float | None = None
    update: int | None = None
    env_steps: int | None = None
    request: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Event:
        """Read one line of `events.jsonl`. What is of the wrong kind is absent: never raises."""
        fields = {name: value for name, value in record.items() if name not in COMMON and name != "kind"}
        kind = text(record.get("kind")) or "?"
        return cls(**scalars(cls.__annotations__, record) | {"kind": kind, "fields": fields})

    def as_dict(self) -> Record:
        """Ready for JSON."""
        known = {"time": self.time, "kind": self.kind, "update": self.update, "env_steps": self.env_steps}
        known["request"] = self.request or None
        return {name: value for name, value in known.items() if value is not None} | dict(self.fields)

    def words(self, name: str, limit: int = 500) -> str:
        """A field as plain text on one line, ready to be shown; empty where there is none."""
        value = self.fields.get(name)
        return "" if value is None else plain(value, limit)

    def number(self, name: str) -> float | None:
        """A field as a finite number."""
        return real(self.fields.get(name))

    @property
    def at(self) -> str:
        """Where in the run it happened, such as ` at update 31`; empty when it does not say."""
        return "" if self.update is None else f" at update {count(self.update)}"

    @property
    def severity(self) -> Severity:
        """How serious it is; a request that was refused is a warning, and trouble that is over is good news."""
        if self.kind == "trouble" and not self.words("message"):
            return "good"
        return "warn" if self.fields.get("result") == "refused" else KINDS.get(self.kind, OTHER).severity


def event(kind: str, **fields: Any) -> Record:
    """A new event to be recorded. A kind or field that is not in the table is a bug: it is logged and never ends a run."""
    known = KINDS.get(kind)
    unknown = sorted(set(fields) - COMMON - set(known.fields)) if known else [f"the kind {kind!r}"]
    if unknown:
        sentence = f"the table of events does not have, for {kind!r}: {', '.join(unknown)}"
        if STRICT:
            raise ValueError(sentence)
        LOGGER.error(sentence)
    return {"kind": kind, **fields}


def forms(event: Event) -> Forms:
    """The event in words, ready to be shown; for an unknown kind, its name and its fields."""
    return KINDS.get(event.kind, OTHER).forms(event)


def notice(event: Event) -> tuple[str, str] | None:
    """Status and text for the message bar; None for an event that is not shown there."""
    known = KINDS.get(event.kind, OTHER)
    words = known.notice(event)
    return (known.status, words) if words else None


def outcome(event: Event) -> str:
    """What a request led to, where an event says it better than the acknowledgement; else an empty text."""
    return forms(event)[0] if event.kind in ("setting", "evaluation", "gate_evaluation") else ""


def line(event: Event) -> str:
    """An event for people, with whatever may be copied from it: `update 50: snapshot runs/…/000000204800`."""
    actor, message, path = map(event.words, ("actor", "message", "path"))
    if event.kind == "trouble":
        message = message or "over"
    said = " ".join(filter(None, (f"actor {actor}" if actor else "", message)))
    words = event.kind.replace("_", " ") + (f": {said}" if said else "")
    words += f" ({path})" if path and said else f" {path}" if path else ""
    return words if event.update is None else f"update {event.update}: {words}"


def _of_any(event: Event) -> Forms:
    kind = plain(event.kind, 20).replace("_", " ")
    others = {name: value for name, value in event.fields.items() if value not in (None, "")}
    words = ", ".join(f"{plain(name, 20)} {_value(value)}" for name, value in others.items())
    return (f"{kind}  {words}",) if words else (kind,)


def _of_evaluation(event: Event) -> Forms:
    mean, returns = event.number("eval_return"), event.fields.get("eval_returns")
    words = f"mean return {number(mean)}"
    if not isinstance(returns, list) or not returns:
        return (words,)
    episodes = f"{len(returns)} episode{'' if len(returns) == 1 else 's'}"
    return f"mean return {number(mean, 4)} over {episodes}", f"{words}, {episodes}", words


def _of_gate_evaluation(event: Event) -> Forms:
    return event.words("message") or "gate evaluation", "gate evaluation"


def _of_snapshot(event: Event) -> Forms:
    name = event.words("path").rstrip("/").rpartition("/")[2]
    if event.kind == "resumed":
        return (f"resumed from {name}", "resumed") if name else ("resumed",)
    return (f"snapshot {name}", name) if name else ("snapshot",)


def _of_setting(event: Event) -> Forms:
    name, old, new = (_value(event.fields.get(each)) for each in ("field", "old", "value"))
    return f"{name} {old} -> {new}", f"{name} -> {new}"


def _of_verdict(event: Event) -> Forms:
    new, old = (event.words(name, 20).upper() for name in ("verdict", "previous"))
    words = f"{new or '?'}, was {old}" if old else new or "?"
    return f"{'gate' if event.kind == 'gate_verdict' else 'training'} {words}", words


def _of_replacement(event: Event) -> Forms:
    words, restarts = f"actor {event.words('actor', 10)}: replaced", event.number("restarts")
    return (words,) if restarts is None else (f"{words}, restart {count(restarts)}", words)


def _of_death(event: Event) -> Forms:
    actor = f"actor {event.words('actor', 10)}: "
    ending = (event.words("message") or "died").removeprefix("was ")
    cause = ending.partition(":")[0]
    signal = cause.partition(" (")[0]
    return (
        actor + ending,
        actor + cause,
        actor + signal,
        actor + signal.removeprefix("killed by ").removeprefix("ended with "),
    )


def _of_failure(event: Event) -> Forms:
    actor = f"actor {event.words('actor', 10)}: " if "actor" in event.fields else ""
    words = event.words("message") or "without words"
    cause = _EPISODE.sub("", words)  # where there is little room, what was raised says more than where
    return f"{actor}environment failed: {words}", f"{actor}{words}", cause


def _of_trouble(event: Event) -> Forms:
    return (event.words("message") or "no trouble any more",)


def _of_acknowledgement(event: Event) -> Forms:
    kind, result = (event.words(name, 20) or "?" for name in ("request_kind", "result"))
    return (f"{REQUEST_NAMES.get(kind, kind)} {result}{_colon(event, 'message')}",)


def _of_ending(event: Event) -> Forms:
    message = event.words("message")
    if not message:
        return (event.kind,)
    return f"{event.kind}: {cause_first(message)}", f"{event.kind}: {cause_alone(message)}"


def _colon(event: Event, name: str) -> str:
    words = event.words(name)
    return f": {words}" if words else ""


def _value(value: object) -> str:
    if isinstance(value, list | dict):
        return f"{len(value)} values"
    if isinstance(value, int) and not isinstance(value, bool):
        return count(value)
    return f"{value:g}" if isinstance(value, float) else plain(value, 200)


def _of_run(event: Event) -> str:
    return f"run {event.kind}{event.at}"


@dataclass(frozen=True)
class EventKind:
    """One kind of event.

    `forms` are its words in a list of events, `notice` those of the message bar with their `status`; an empty notice is
    not shown. A chart's axis shows the one cell `marker`, or `ascii` where the terminal shows nothing else, and the help
    its `meaning`; without a marker it is not drawn. A headless run prints it where `printed` is set.
    """

    kind: str
    fields: tuple[str, ...] = ()
    severity: Severity = "note"
    forms: Callable[[Event], Forms] = _of_any
    notice: Callable[[Event], str] = lambda event: ""
    status: str = "notice"
    marker: str = ""
    ascii: str = ""
    meaning: str = ""
    printed: bool = False


OTHER = EventKind("?")  # what stands for a kind that is not in the table
_ENDING = ("message", "exit_code")

KINDS: Mapping[str, EventKind] = {
    entry.kind: entry
    for entry in (
        EventKind("started"),
        EventKind(
            "evaluation", ("eval_return", "eval_returns"), forms=_of_evaluation,
            notice=lambda event: f"evaluation{event.at}: {forms(event)[0]}" if event.request else "",
            marker="∘", ascii="E", meaning="an evaluation",
        ),
        EventKind(
            "gate_evaluation", ("message", "eval_return", "episodes", "path"), forms=_of_gate_evaluation,
            notice=lambda event: f"gate evaluation{event.at}: {forms(event)[0]}",
            marker="⊚", ascii="C", meaning="the gate was replaced, to see what it is worth",
        ),
        EventKind(
            "snapshot", ("path",), forms=_of_snapshot, printed=True,
            notice=lambda event: f"snapshot saved{event.at}{_colon(event, 'path')}",
            marker="◆", ascii="S", meaning="a snapshot was saved",
        ),
        EventKind("paused", notice=_of_run, printed=True, marker="‖", ascii="P", meaning="paused"),
        EventKind("unpaused", notice=_of_run, printed=True, marker="▸", ascii="G", meaning="went on after a pause"),
        EventKind(
            "resumed", ("path",), forms=_of_snapshot, notice=_of_run, printed=True,
            marker="↺", ascii="U", meaning="resumed from a snapshot",
        ),
        EventKind(
            "branched", ("message", "path"), forms=lambda event: (event.words("message") or "branched", "branched"),
            marker="⋔", ascii="Y", meaning="branched off from another run's snapshot",
        ),
        EventKind(
            "setting", ("field", "old", "value"), "good", _of_setting, lambda event: forms(event)[0] + event.at,
            marker="≈", ascii="=", meaning="a setting was changed",
        ),
        EventKind(
            "verdict", ("verdict", "previous"), "good", _of_verdict, lambda event: forms(event)[0] + event.at,
            marker="◈", ascii="V", meaning="GateCheck's verdict on training changed",
        ),
        EventKind(
            "gate_verdict", ("verdict", "previous"), "good", _of_verdict, lambda event: forms(event)[0] + event.at,
            marker="◇", ascii="W", meaning="GateCheck's verdict on the gate changed",
        ),
        EventKind(
            "actor_replaced", ("actor", "restarts"), "warn", _of_replacement, printed=True,
            notice=lambda event: f"actor {event.words('actor')} replaced{event.at}",
            marker="↻", ascii="R", meaning="an actor was replaced",
        ),
        EventKind(
            "warning", ("message",), "warn", lambda event: (f"warning: {event.words('message') or 'without words'}",),
            lambda event: event.words("message") + event.at, "warning", printed=True,
            marker="▲", ascii="!", meaning="a warning",
        ),
        EventKind(
            "actor_died", ("actor", "message"), "bad", _of_death, printed=True, status="warning",
            notice=lambda event: f"actor {event.words('actor')} died{event.at}{_colon(event, 'message')}",
            marker="✗", ascii="X", meaning="an actor died",
        ),
        EventKind(
            "environment_failed", ("actor", "message", "path"), "bad", _of_failure, printed=True, status="warning",
            notice=lambda event: _of_failure(event)[0] + event.at, marker="↯", ascii="F", meaning="an environment failed",
        ),
        EventKind(
            "learner_died", ("message",), "bad", lambda event: ("learner " + event.words("message"), "learner died"),
            notice=lambda event: f"the learner {event.words('message')}{event.at}", printed=True, status="warning",
            marker="⊗", ascii="L", meaning="the learner died",
        ),
        EventKind(
            # The message bar has it from `run.json`, for as long as it lasts.
            "trouble", ("message",), "bad", _of_trouble, status="trouble", printed=True,
        ),
        EventKind("node_joined", ("node",), "good", lambda event: (f"{event.words('node')} has joined the cluster",)),
        EventKind(
            "node_lost", ("node",), "bad", lambda event: (f"{event.words('node')} has left the cluster",), printed=True,
            notice=lambda event: f"{event.words('node')} has left the cluster", status="warning",
        ),
        EventKind("acknowledged", ("request_kind", "result", "message", "path"), forms=_of_acknowledgement),
        EventKind("finished", _ENDING, forms=_of_ending, notice=_of_run),
        EventKind("stopped", _ENDING, forms=_of_ending, notice=_of_run),
        EventKind(
            "failed", _ENDING, "bad", _of_ending, status="failed",
            notice=lambda event: cause_first(event.words("message") or "the run failed") + event.at,
        ),
    )
}  # fmt: skip
MARKED: tuple[EventKind, ...] = tuple(entry for entry in KINDS.values() if entry.marker)
