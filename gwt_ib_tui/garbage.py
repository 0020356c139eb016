"""The garbage collector, kept out of the way: a full collection stops the dashboard for 50 ms and more."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (2_000, 5, 100)  # short collections of what is young, and hardly ever one of all


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """For imports: what modules define stays anyway."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def leave_out_what_exists() -> None:
    """All that exists now is left out of every later collection; those are rarer, too."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
