"""Threads that read until they are stopped, and the one that a dashboard has its views of a run from."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ClassVar

from gwt_ib_tui.state.run.playback import Playback
from gwt_ib_tui.state.run.run_view import RunView


class Follower:
    """Calls `step` in a thread; it returns for how many seconds to rest, or None to rest until `wake`."""

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
        """Start the thread; once started, the same as `wake`."""
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


class Source(Follower):
    """Publishes one immutable `RunView` after another: of a run directory that is followed, or one that is played again.

    These attributes say what can be done with it; the application never asks which source it has.
    """

    calm: bool = False
    """Whether it may read more seldom, as nobody looks closely."""
    run_view: RunView
    """The newest; its `version` grows with each."""
    live: ClassVar[bool] = True
    """Whether what is new happens now: it is announced, and the display can be frozen while it goes on."""
    refusal: ClassVar[str] = ""
    """Why nothing can be asked of the run; empty where it can."""
    scopes: ClassVar[tuple[str, ...]] = ()
    """The scopes of actions that are this source's own."""

    def play(self, change: Callable[[Playback], Playback]) -> None:
        """Change how a recorded run is played; of no effect on one that is followed."""
