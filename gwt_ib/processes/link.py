"""The learner as its trainer sees it: how it is started, and the messages between them.

Messages are JSON objects, a line each, over a socket pair; never on the hot path.
"""

from __future__ import annotations

import json
import os
import select
import socket
from typing import Any

from gwt_ib.processes.actor_pool import ActorPool
from gwt_ib.processes.children import Child, start_child
from gwt_ib.runs.directory import RunDirectory

Message = dict[str, Any]


class Link:
    """One end of the socket pair; `closed` once the other end is gone."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._partial = b""
        self.closed = False

    def fileno(self) -> int:
        """The descriptor, for `select`."""
        return self._connection.fileno()

    def send(self, message: Message) -> None:
        """Send a message; where the other end is gone it is dropped and `closed` is set."""
        try:
            self._connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            self.closed = True

    def close(self) -> None:
        """Close this end."""
        self._connection.close()

    def receive(self, timeout_s: float | None = 0.0) -> list[Message]:
        """The messages that have come in, waiting at most `timeout_s` for the first (None: as long as it takes)."""
        if self.closed or not select.select([self._connection], [], [], timeout_s)[0]:
            return []
        try:
            data = self._connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return []
        *lines, self._partial = (self._partial + data).split(b"\n")
        return [json.loads(line) for line in lines]


def start_learner(run: RunDirectory, actors: ActorPool, module: str, *, resume: bool = False) -> tuple[Child, Link]:
    """Start `python -m module` as the learner of these actors, which are not started yet; the link to it is ours."""
    ours, theirs = socket.socketpair()
    arguments = ["--trainer", str(os.getpid()), "--control", str(theirs.fileno()), *actors.learner_arguments]
    arguments += ["--resume"] if resume else []
    learner = start_child(run, "learner", module, arguments, [theirs.fileno(), *actors.learner_descriptors])
    theirs.close()
    return learner, Link(ours)
