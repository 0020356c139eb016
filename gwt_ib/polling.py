"""Waiting for descriptors, also for numbers beyond 1023, which `select` does not take."""

from __future__ import annotations

import select
from collections.abc import Iterable


def readable(descriptors: Iterable[int], timeout_s: float | None) -> set[int]:
    """Those that have something to read, or whose other end is gone; waits at most `timeout_s` (None: for ever)."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(None if timeout_s is None else max(0.0, timeout_s * 1000.0))}
