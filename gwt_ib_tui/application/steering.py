"""What the dashboard asks of the training: each request shown at once, written in a thread, followed to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from gwt_ib.clock import utc_now
from gwt_ib.runs.control import RequestKind, send_request
from gwt_ib.runs.events import Event
from gwt_ib_tui.state.run.requests import Asked, Message, RequestLog

READ_ONLY = "this dashboard is read-only and asks nothing of the run"


class Steering:
    """Writes requests into the inbox of one run; one that is read-only refuses them.

    `start` runs a coroutine; `changed` is called after each new message, `answered` with each request of ours that the
    trainer has answered.
    """

    def __init__(
        self,
        control: Path,
        start: Callable[[Coroutine[Any, Any, None]], object],
        changed: Callable[[], object],
        answered: Callable[[Asked], object] = lambda asked: None,
        *,
        read_only: bool = False,
    ) -> None:
        self._control = control
        self._start = start
        self._changed = changed
        self._answered = answered
        self._read_only = read_only
        self._log = RequestLog()
        self._since = utc_now()

    @property
    def message(self) -> Message:
        """The newest message."""
        return self._log.message

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for and not refused."""
        stop = self._log.newest("stop")
        return stop is not None and stop.status != "refused"

    def pausing(self) -> bool | None:
        """Whether the newest request under way is one to pause, or none while there is none to pause or to go on."""
        pending = self._log.pending("pause", "unpause")
        return None if pending is None else pending.kind == "pause"

    def asking(self, kind: RequestKind) -> bool:
        """Whether a request of this kind is under way."""
        return self._log.pending(kind) is not None

    def ask(self, kind: RequestKind, field: str | None = None, value: float | None = None, what: str = "") -> None:
        """Show a request as asked at once, and write it in a thread: the disk may be slow.

        `field` and `value` belong to the kind `set`; `what` says in words what the kind does not.
        """
        if self._read_only:
            self.say("refused", READ_ONLY)
            return
        number = self._log.ask(kind, what)
        self._changed()
        self._start(self._send(number, kind, field, value))

    def say(self, status: str, text: str) -> None:
        """Put another message up."""
        self._log.say(status, text)
        self._changed()

    def expire(self) -> bool:
        """Take an old message down; whether there was one."""
        old = self._log.expire()
        if old:
            self._changed()
        return old

    def take(self, events: Iterable[Event]) -> None:
        """Follow the run's new events: answers to what was asked here, and news."""
        self._log.take(events, self._since)
        self._tell()

    async def _send(self, number: int, kind: RequestKind, field: str | None, value: float | None) -> None:
        try:
            request_id = await asyncio.to_thread(send_request, self._control, kind, field, value)
        except OSError as error:
            self._log.not_sent(number, f"cannot write to {self._control}: {error.strerror}")
        else:
            self._log.sent(number, request_id)
        self._tell()

    def _tell(self) -> None:
        self._changed()
        for asked in self._log.take_answered():
            self._answered(asked)
