"""The two clocks: wall-clock time stamps for records, `time.monotonic` for every duration and deadline."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> float:
    """Seconds since the epoch, for time stamps only: this clock may jump."""
    return datetime.now(UTC).timestamp()
