"""What the dashboard asks of the training: each request shown at once, written in a thread, followed to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from gwt_ib.clock import utc_now
from gwt_ib.runs.control import RequestKind, send_request
from gwt_ib.runs.records import Record
from gwt_ib_tui.state.requests import Message, RequestLog


class Steering:
    """Writes requests into the inbox of one run. `start` runs a coroutine; `changed` is called after each new message."""

    def __init__(
        self,
        control: Path,
        start: Callable[[Coroutine[Any, Any, None]], object],
        changed: Callable[[], object],
    ) -> None:
        self._control = control
        self._start = start
        self._changed = changed
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

    def ask(self, kind: RequestKind) -> None:
        """Show a request as asked at once, and write it in a thread: the disk may be slow."""
        number = self._log.ask(kind)
        self._changed()
        self._start(self._send(number, kind))

    def say(self, status: str, text: str) -> None:
        """Put another message up."""
        self._log.say(status, text)
        self._changed()

    def take(self, events: Iterable[Record]) -> None:
        """Follow the run's new events: answers to what was asked here, and news."""
        self._log.take(events, self._since)
        self._changed()

    async def _send(self, number: int, kind: RequestKind) -> None:
        try:
            request_id = await asyncio.to_thread(send_request, self._control, kind)
        except OSError as error:
            self._log.not_sent(number, f"cannot write to {self._control}: {error.strerror}")
        else:
            self._log.sent(number, request_id)
        self._changed()
