"""What an actor or the evaluator has to say beside its work: one JSON line over a pipe that all of them share."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any

from gwt_ib.text import plain

MOST_BYTES = 4000  # so much is written in one piece, and never mixed with what another process writes
MOST_WORDS = 1000


class Reports:
    """The writing end. A report that the pipe does not take is dropped: nobody waits for a trainer that does not read."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, kind: str, message: str, **fields: Any) -> None:
        """Send a report; its `message` is cut to what fits."""
        for words in (MOST_WORDS, MOST_WORDS // 8):
            line = json.dumps({"kind": kind, "message": plain(message, words), **fields}).encode() + b"\n"
            if len(line) <= MOST_BYTES:
                with suppress(OSError):
                    os.write(self._descriptor, line)
                return
