"""What was asked of the run from this dashboard, how it was answered, and the newest message about the run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from gwt_ib.runs.control import REQUEST_NAMES, RequestKind
from gwt_ib.runs.events import Event, notice, outcome
from gwt_ib.text import plain

OPEN = frozenset({"asked", "accepted"})
NOTICES_WAIT_S = 8.0  # after a request, an answer or a message of ours
STAYS_S = 20.0  # then an answer or a notice is old
STAYS_LONGER_S = {"warning": 120.0, "failed": 120.0, "trouble": 120.0} | dict.fromkeys(OPEN, math.inf)


@dataclass(frozen=True)
class Message:
    """One line for the message bar. `status` is a word: it says by itself what the colour says again."""

    status: str
    text: str


@dataclass(frozen=True)
class Asked:
    """One request of ours; `id` is empty until it lies in the run's inbox.

    `what` says more than the kind where that is needed, such as `lr 0.001 -> 0.0005`. `where`, `path` and `env_steps`
    are those of the trainer's answer.
    """

    kind: RequestKind
    what: str = ""
    status: str = "asked"
    id: str = ""
    where: str = ""
    path: str = ""
    env_steps: int | None = None

    @property
    def name(self) -> str:
        """What was asked, in words."""
        return f"{REQUEST_NAMES[self.kind]} {self.what}".rstrip()


class RequestLog:
    """Follows our requests from the key press to the trainer's answer, and keeps the newest message."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.message = Message("", "")
        """The newest message, until it expires."""
        self._clock = clock
        self._put_at = clock()
        self._notices_wait_until = -1.0
        self._asked: list[Asked] = []
        self._unclaimed: dict[str, Event] = {}
        self._outcomes: dict[str, str] = {}
        self._answered: list[Asked] = []

    def expire(self) -> bool:
        """Take a message down that has stood long enough, for a request that still waits if there is one.

        Returns whether there was one to take down.
        """
        stays = STAYS_LONGER_S.get(self.message.status, STAYS_S)
        if not self.message.text or self._clock() < self._put_at + stays:
            return False
        waiting = next((asked for asked in reversed(self._asked) if asked.status in OPEN), None)
        self._put(Message("", "") if waiting is None else _waiting(waiting))
        return True

    def ask(self, kind: RequestKind, what: str = "") -> int:
        """Note a request that is being sent; returns its number for `sent` and `not_sent`."""
        asked = Asked(kind, plain(what))
        self._asked.append(asked)
        self._put(_waiting(asked), ours=True)
        return len(self._asked) - 1

    def sent(self, number: int, request_id: str) -> None:
        """The request lies in the inbox under this id."""
        self._asked[number] = replace(self._asked[number], id=request_id)
        # The trainer may answer before the thread that wrote the request has come back.
        if (answer := self._unclaimed.pop(request_id, None)) is not None:
            self._answer(number, answer)
        self._forget_unclaimed()

    def not_sent(self, number: int, reason: str) -> None:
        """The request could not be written."""
        asked = self._asked[number] = replace(self._asked[number], status="refused")
        self._put(Message("refused", f"{asked.name}: {plain(reason)}"))
        self._forget_unclaimed()

    def say(self, status: str, text: str) -> None:
        """Put another message up."""
        self._put(Message(status, plain(text)), ours=True)

    def take_answered(self) -> list[Asked]:
        """Those of our requests that were answered since this was called last."""
        answered, self._answered = self._answered, []
        return answered

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for and not refused."""
        stop = self.newest("stop")
        return stop is not None and stop.status != "refused"

    def newest(self, *kinds: RequestKind) -> Asked | None:
        """Our newest request of these kinds."""
        return next((asked for asked in reversed(self._asked) if asked.kind in kinds), None)

    def pending(self, *kinds: RequestKind) -> Asked | None:
        """The same, if it is not finished yet."""
        newest = self.newest(*kinds)
        return newest if newest is not None and newest.status in OPEN else None

    def take(self, events: Iterable[Event], since: float) -> None:
        """Take in new events, oldest first; what happened before `since` (a time stamp) is no news."""
        for event in events:
            if event.kind == "acknowledged":
                self._take_answer(event)
                continue
            if event.request and (words := outcome(event)):
                self._outcomes[event.request] = words
            said = None if self._number_of(event.request) is not None else notice(event)
            if said is None or (event.time or 0.0) < since:
                continue
            message = Message(*said)
            if message.status != "notice" or self._clock() >= self._notices_wait_until:
                self._put(message)

    def _put(self, message: Message, ours: bool = False) -> None:
        self.message = message
        self._put_at = self._clock()
        if ours or message.status == "warning":  # what died is not pushed away by what replaced it
            self._notices_wait_until = self._put_at + NOTICES_WAIT_S

    def _take_answer(self, event: Event) -> None:
        number = self._number_of(event.request)
        if number is not None:
            self._answer(number, event)
        elif self._is_sending():
            self._unclaimed[event.request] = event
        else:
            self._outcomes.pop(event.request, None)

    def _number_of(self, request_id: str) -> int | None:
        """The number of our request with this id, if it is one of ours."""
        found = (number for number, asked in enumerate(self._asked) if request_id and asked.id == request_id)
        return next(found, None)

    def _is_sending(self) -> bool:
        return any(not asked.id and asked.status == "asked" for asked in self._asked)

    def _forget_unclaimed(self) -> None:
        """Once all of ours have their ids, the other answers are to what others asked."""
        if self._is_sending():
            return
        for request_id in self._unclaimed:
            self._outcomes.pop(request_id, None)
        self._unclaimed.clear()

    def _answer(self, number: int, event: Event) -> None:
        asked, result, path = self._asked[number], event.words("result"), event.words("path")
        status = result if result in ("done", "accepted", "refused") else "answered"
        asked = replace(asked, status=status, where=event.at, path=path, env_steps=event.env_steps)
        self._asked[number] = asked
        self._answered.append(asked)
        details = self._outcomes.pop(asked.id, "") or path or event.words("message")
        name = asked.name if status == "refused" else REQUEST_NAMES[asked.kind]
        self._put(Message(status, name + asked.where + (f": {details}" if details else "")), ours=True)


def _waiting(asked: Asked) -> Message:
    return Message(asked.status, f"{asked.name}: waiting for the trainer")
