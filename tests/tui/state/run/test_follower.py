"""The thread that does one step after another."""

from __future__ import annotations

import threading

import pytest
from support import PATIENCE_S

from gwt_ib_tui.state.run.follower import Follower


def test_it_rests_until_it_is_woken_and_stops_out_of_any_rest() -> None:
    done = threading.Semaphore(0)
    follower = Follower("test", lambda: done.release())
    assert not follower.alive and not follower.broken, "not begun is not broken"
    follower.start()
    assert done.acquire(timeout=PATIENCE_S)
    follower.wake()
    assert done.acquire(timeout=PATIENCE_S)
    follower.stop()
    assert not follower.alive and not follower.broken


def test_to_start_it_again_wakes_it() -> None:
    done = threading.Semaphore(0)
    follower = Follower("test", lambda: done.release())
    for _ in range(3):
        follower.start()
        assert done.acquire(timeout=PATIENCE_S)
    follower.stop()


def test_to_stop_what_was_never_started_is_nothing() -> None:
    follower = Follower("test", lambda: 1.0)
    follower.stop()
    assert not follower.alive and not follower.broken


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_step_that_fails_is_told() -> None:
    def step() -> float:
        raise RuntimeError("a bug")

    follower = Follower("test", step)
    follower.start()
    follower._thread.join(PATIENCE_S)
    assert follower.broken
