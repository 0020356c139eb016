"""A thread that does one step after another until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Follower:
    """Calls `step` in a thread; it returns for how many seconds to rest, None for until somebody wakes it."""

    def __init__(self, name: str, step: Callable[[], float | None]) -> None:
        self._step = step
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def broken(self) -> bool:
        """Whether the thread ended without being asked to: a bug, and what is shown will not change any more."""
        return not self._stopping.is_set() and self._thread.ident is not None and not self._thread.is_alive()

    def start(self) -> None:
        """Begin; a second time it is no more than a wake."""
        self._wake.set()
        if self._thread.ident is None:
            self._thread.start()

    def wake(self) -> None:
        """End the present rest."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._wake.clear()  # before the look at `_stopping`, so that no stop is slept through
            if self._stopping.is_set():
                return
            self._wake.wait(self._step())
