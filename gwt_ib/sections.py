"""Where a process spends its time: named seconds on the monotonic clock, one clock call a section, so always kept."""

from __future__ import annotations

import time


class Sections:
    """Seconds by name since the last `take`; a section lasts from the mark to its `end`, which moves the mark."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._mark = time.monotonic()

    def start(self) -> None:
        """Set the mark: the time before it belongs to no section."""
        self._mark = time.monotonic()

    def end(self, name: str) -> None:
        """End a piece of the section `name`: add the time since the mark, which moves here."""
        now = time.monotonic()
        self._seconds[name] = self._seconds.get(name, 0.0) + now - self._mark
        self._mark = now

    def add(self, name: str, seconds: float) -> None:
        """Add seconds that somebody else has measured; the mark stays."""
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds

    def take(self) -> dict[str, float]:
        """The seconds of every section since the last call, in the order in which they first ended; begins anew."""
        taken, self._seconds = self._seconds, {}
        return taken
