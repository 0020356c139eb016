"""What was asked of the run from this dashboard and how it was answered; and what else happened, in a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from gwt_ib.numbers import real
from gwt_ib.runs.control import RequestKind
from gwt_ib.runs.records import Record
from gwt_ib_tui.text import count, plain

NAMES: dict[str, str] = {
    "pause": "pause",
    "unpause": "go on",
    "snapshot": "snapshot",
    "stop": "stop",
    "evaluate": "evaluation",
    "set": "setting",
}
OPEN = frozenset({"asked", "accepted"})
HOLD_S = 8.0  # an answer stays at least so long before a notice takes its place


@dataclass(frozen=True)
class Message:
    """One line for the message bar. `status` is a word: it says by itself what the colour says again."""

    status: str
    text: str


@dataclass(frozen=True)
class Asked:
    """One request of ours; `id` is empty until it lies in the run's inbox."""

    kind: RequestKind
    status: str = "asked"
    id: str = ""
    detail: str = ""


class RequestLog:
    """Follows our requests from the key press to the trainer's answer, and keeps the newest message."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.message = Message("", "")
        self._clock = clock
        self._held_until = -1.0
        self._asked: list[Asked] = []
        self._unclaimed: dict[str, Record] = {}

    def ask(self, kind: RequestKind) -> int:
        """Note a request that is being sent; returns its number for `sent` and `not_sent`."""
        self._asked.append(Asked(kind))
        self.message = Message("asked", f"{NAMES[kind]}: waiting for the trainer")
        return len(self._asked) - 1

    def sent(self, number: int, request_id: str) -> None:
        """The request lies in the inbox under this id."""
        self._asked[number] = replace(self._asked[number], id=request_id)
        # The trainer may answer before the thread that wrote the request has come back.
        if (answer := self._unclaimed.pop(request_id, None)) is not None:
            self._answer(number, answer)

    def not_sent(self, number: int, reason: str) -> None:
        """The request could not be written."""
        asked = replace(self._asked[number], status="refused", detail=reason)
        self._asked[number] = asked
        self.message = Message("refused", f"{NAMES[asked.kind]}: {plain(reason)}")

    def say(self, status: str, text: str) -> None:
        """Put another message up."""
        self.message = Message(status, plain(text))

    def newest(self, *kinds: RequestKind) -> Asked | None:
        """Our newest request of these kinds."""
        return next((asked for asked in reversed(self._asked) if asked.kind in kinds), None)

    def pending(self, *kinds: RequestKind) -> Asked | None:
        """The same, if it is not finished yet."""
        newest = self.newest(*kinds)
        return newest if newest is not None and newest.status in OPEN else None

    def take(self, events: Iterable[Record], since: float) -> None:
        """Take in new events, oldest first; what happened before `since` (a time stamp) is no news."""
        for event in events:
            if event.get("kind") == "acknowledged":
                self._take_answer(event)
                continue
            message = notice(event)
            if message is None or (real(event.get("time")) or 0.0) < since:
                continue
            if message.status != "notice" or self._clock() >= self._held_until:
                self.message = message

    def _take_answer(self, event: Record) -> None:
        request_id = str(event.get("request"))
        for number, asked in enumerate(self._asked):
            if asked.id == request_id:
                self._answer(number, event)
                return
        if any(not asked.id and asked.status == "asked" for asked in self._asked):
            self._unclaimed[request_id] = event

    def _answer(self, number: int, event: Record) -> None:
        result = event.get("result")
        status = result if result in ("done", "accepted", "refused") else "answered"
        asked = replace(self._asked[number], status=status, detail=plain(event.get("message") or ""))
        self._asked[number] = asked
        parts = [NAMES[asked.kind] + at(event)]
        if path := event.get("path"):
            parts.append(plain(path))
        elif asked.detail:
            parts.append(asked.detail)
        self.message = Message(status, ": ".join(parts))
        self._held_until = self._clock() + HOLD_S


def notice(event: Record) -> Message | None:
    """The message of an event that nobody here asked for; none for those that only matter to others."""
    kind = event.get("kind")
    words = plain(event.get("message") or "")
    where = at(event)
    if kind == "warning":
        return Message("warning", words + where)
    if kind == "failed":
        return Message("failed", (words or "the run failed") + where)
    if kind == "actor_died":
        return Message("warning", f"actor {plain(event.get('actor'))} died{where}" + (f": {words}" if words else ""))
    if kind == "actor_replaced":
        return Message("notice", f"actor {plain(event.get('actor'))} replaced{where}")
    if kind == "verdict":
        new, old = (plain(event.get(name) or "").upper() for name in ("verdict", "previous"))
        return Message("notice", f"GateCheck: {new}" + (f", was {old}" if old else "") + where)
    if kind == "setting":
        change = " ".join(plain(event.get(name)) for name in ("field", "old"))
        return Message("notice", f"{change} -> {plain(event.get('value'))}{where}")
    if kind == "snapshot":
        return Message("notice", f"snapshot saved{where}: {plain(event.get('path') or '')}")
    if kind in ("paused", "unpaused", "resumed", "finished", "stopped"):
        return Message("notice", f"run {kind}{where}")
    return None


def at(event: Record) -> str:
    """Where in the run an event happened, such as ` at update 31`; empty when it does not say."""
    update = real(event.get("update"))
    return "" if update is None else f" at update {count(update)}"
