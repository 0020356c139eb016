"""What an event says in a few words, the longest form first, and which events say nothing new; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

from gwt_ib.lenient import real
from gwt_ib.runs.jsonl import Record
from gwt_ib.text import count, cut_at_end, number, plain
from gwt_ib_tui.state.run.requests import NAMES

GENERAL = frozenset({"time", "kind", "update", "env_steps", "request"})
ENDINGS = frozenset({"finished", "stopped", "failed"})

Forms = tuple[str, ...]


def newest_told(events: Sequence[Record], most: int) -> list[Record]:
    """The newest events that say something, at most `most`, oldest first.

    An acknowledgement does so only of a request that was refused, or that no other event tells of.
    """
    told = {str(event["request"]) for event in events if event.get("request") and not _acknowledges(event)}
    telling = (event for event in reversed(events) if not _repeats(event, told))
    return list(islice(telling, max(most, 0)))[::-1]


def event_forms(event: Record) -> Forms:
    """The event in words, the longest form first; ready to be shown."""
    kind = plain(event.get("kind") or "?", 30)
    return _FORMS.get(kind, _of_any)(event)


def fitting(forms: Forms, width: int) -> str:
    """The longest form that has room, or the shortest with its end cut off."""
    for form in forms:
        if len(form) <= width:
            return form
    return cut_at_end(forms[-1], width)


def _acknowledges(event: Record) -> bool:
    return event.get("kind") == "acknowledged"


def _repeats(event: Record, told: set[str]) -> bool:
    if not _acknowledges(event) or event.get("result") == "refused":
        return False
    if str(event.get("request")) in told:
        return True
    # The events `paused` and `unpaused` name no request; without a message there was one of them.
    return event.get("request_kind") in ("pause", "unpause") and not event.get("message")


def _of_evaluation(event: Record) -> Forms:
    words, returns = f"mean return {number(real(event.get('eval_return')))}", event.get("eval_returns")
    if not isinstance(returns, list) or not returns:
        return (words,)
    episodes = f"{len(returns)} episode{'' if len(returns) == 1 else 's'}"
    return f"{words} over {episodes}", f"{words}, {episodes}", words


def _of_setting(event: Record) -> Forms:
    field, old, new = (_value(event.get(name)) for name in ("field", "old", "value"))
    return f"{field} {old} -> {new}", f"{field} -> {new}"


def _of_verdict(event: Record) -> Forms:
    new, old = (plain(event.get(name) or "", 20).upper() for name in ("verdict", "previous"))
    words = f"{new or '?'}, was {old}" if old else new or "?"
    return f"GateCheck {words}", words


def _of_snapshot(event: Record) -> Forms:
    name = _end_of(event.get("path"))
    return (f"snapshot {name}", name) if name else ("snapshot",)


def _of_resuming(event: Record) -> Forms:
    name = _end_of(event.get("path"))
    return (f"resumed from {name}", "resumed") if name else ("resumed",)


def _of_death(event: Record) -> Forms:
    actor = f"actor {plain(event.get('actor'), 10)}: "
    ending = plain(event.get("message") or "died").removeprefix("was ")
    cause = ending.partition(":")[0]
    return actor + ending, actor + cause, actor + cause.removeprefix("killed by ")


def _of_replacement(event: Record) -> Forms:
    words, restarts = f"actor {plain(event.get('actor'), 10)}: replaced", real(event.get("restarts"))
    return (words,) if restarts is None else (f"{words}, restart {count(restarts)}", words)


def _of_warning(event: Record) -> Forms:
    return (f"warning: {plain(event.get('message') or 'without words')}",)


def _of_acknowledgement(event: Record) -> Forms:
    kind, result = (plain(event.get(name) or "?", 20) for name in ("request_kind", "result"))
    message = plain(event.get("message") or "")
    words = f"{NAMES.get(kind, kind)} {result}"
    return (f"{words}: {message}",) if message else (words,)


def _of_ending(event: Record) -> Forms:
    kind, message = plain(event["kind"]), plain(event.get("message") or "")
    return (f"{kind}: {message}",) if message else (kind,)


def _of_any(event: Record) -> Forms:
    """Of a kind that is not known: its name, and whatever else the event holds."""
    kind = plain(event.get("kind") or "?", 20).replace("_", " ")
    others = {name: value for name, value in event.items() if name not in GENERAL and value not in (None, "")}
    words = ", ".join(f"{plain(name, 20)} {_value(value)}" for name, value in others.items())
    return (f"{kind}  {words}",) if words else (kind,)


def _end_of(path: object) -> str:
    return plain(path or "").rstrip("/").rpartition("/")[2]


def _value(value: object) -> str:
    if isinstance(value, list | dict):
        return f"{len(value)} values"
    if isinstance(value, int) and not isinstance(value, bool):
        return count(value)
    return f"{value:g}" if isinstance(value, float) else plain(value, 200)


_FORMS: dict[str, Callable[[Record], Forms]] = {
    "evaluation": _of_evaluation,
    "setting": _of_setting,
    "verdict": _of_verdict,
    "snapshot": _of_snapshot,
    "resumed": _of_resuming,
    "actor_died": _of_death,
    "actor_replaced": _of_replacement,
    "warning": _of_warning,
    "acknowledged": _of_acknowledgement,
    **dict.fromkeys(ENDINGS, _of_ending),
}
