"""Messages between two processes: JSON objects, a line each, over a socket pair; nobody ever waits to send one."""

from __future__ import annotations

import json
import socket
import time
from collections import deque
from typing import Any

from gwt_ib.log import LOGGER
from gwt_ib.polling import readable

Message = dict[str, Any]
READ_BYTES = 65536
MOST_BYTES = 16 << 20  # waiting to be sent; beyond that the other end is hung, and further messages are dropped


class Link:
    """One end of the socket pair; `closed` once the other end is gone.

    What the socket does not take is kept and sent with the next call of any method: two processes that send at the same
    time must never wait for each other.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._partial = b""
        self._outgoing: deque[bytes] = deque()
        self._waiting = 0
        self._deaf = False  # the other end takes nothing any more; what it sent before can still be read
        self.closed = False

    def fileno(self) -> int:
        """The descriptor, to wait for something to read."""
        return self._connection.fileno()

    def send(self, message: Message) -> None:
        """Send a message, now or later; where the other end is gone it is dropped."""
        # The line before may be half of what a process left that was killed while it sent: this one is whole all the same.
        data = b"\n" + json.dumps(message).encode() + b"\n"
        if self._waiting + len(data) <= MOST_BYTES and not self._deaf:
            self._outgoing.append(data)
            self._waiting += len(data)
        self.flush()

    def flush(self, timeout_s: float = 0.0) -> bool:
        """Send what is waiting, for at most `timeout_s`; True when nothing is left."""
        deadline = time.monotonic() + timeout_s
        while self._outgoing:
            try:
                sent = self._connection.send(self._outgoing[0])
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    break
                time.sleep(0.005)
                continue
            except OSError:
                self._deaf = True
                self._outgoing.clear()
                break
            self._waiting -= sent
            if sent == len(self._outgoing[0]):
                self._outgoing.popleft()
            else:
                self._outgoing[0] = self._outgoing[0][sent:]
        return not self._outgoing

    def receive(self, timeout_s: float | None = 0.0) -> list[Message]:
        """The messages that have come in, waiting at most `timeout_s` for the first (None: as long as it takes)."""
        self.flush()
        if self.closed or not readable((self.fileno(),), timeout_s):
            return []
        try:
            data = self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return []
        *lines, self._partial = (self._partial + data).split(b"\n")
        return [message for message in map(_parsed, filter(None, lines)) if message is not None]

    def close(self) -> None:
        """Close this end."""
        self._connection.close()


def _parsed(line: bytes) -> Message | None:
    """A message; none of what a process has left that was killed while it sent."""
    try:
        message = json.loads(line)
    except ValueError:
        LOGGER.warning("a message was not understood: %r", line[:200])
        return None
    return message if isinstance(message, dict) else None
