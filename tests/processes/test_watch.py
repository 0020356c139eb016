"""Limits and budgets on a clock of the test's own, and that the documentation shows the table of what is watched."""

from pathlib import Path

import pytest
from support import small_config

from gwt_ib.envs.spec import ActionLayout, EnvironmentSpec
from gwt_ib.processes.watch import (
    GAP_FACTOR,
    LATE_S,
    LONGEST_PAUSE_S,
    SLOW_FACTOR,
    WATCHED,
    WINDOW_S,
    ProgressWatch,
    RestartBudget,
    start_limit,
    step_limit,
)


class Clock:
    """Seconds that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_the_first_restart_is_at_once_and_the_pauses_double_up_to_their_longest(clock):
    budget = RestartBudget(20, clock)
    pauses = [budget.spend() for _ in range(10)]
    assert pauses == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0] and max(pauses) == LONGEST_PAUSE_S


def test_a_budget_is_used_up_within_the_window_and_recovers_after_it(clock):
    budget = RestartBudget(2, clock)
    assert [budget.spend(), budget.spend(), budget.spend()] == [0.0, 0.5, None]
    clock.now += WINDOW_S + 1.0
    assert [budget.spend(), budget.spend(), budget.spend()] == [0.0, 0.5, None]


def test_five_deaths_in_a_month_are_none_too_many(clock):
    budget = RestartBudget(1, clock)
    for _ in range(5):
        assert budget.spend() == 0.0
        clock.now += 6 * 24 * 3600.0


def watched(watch, clock, moments, progress=7, expected=True, tick=0.1):
    """Look at it so often; whether it ever counted as hung."""
    hung = False
    for _ in range(moments):
        clock.now += tick
        hung = watch.hung(progress, expected) or hung
    return hung


def test_silence_beyond_the_limit_is_a_hang_and_silence_within_it_is_none(clock):
    watch = ProgressWatch(2.0, clock)
    assert not watched(watch, clock, 19)
    assert watched(watch, clock, 5)


def test_who_has_nothing_to_do_never_hangs_and_gets_all_of_its_time_afterwards(clock):
    watch = ProgressWatch(2.0, clock)
    assert not watched(watch, clock, 1000, expected=False)
    assert not watched(watch, clock, 19)
    assert watched(watch, clock, 5)


def test_what_came_back_from_a_long_gap_may_take_three_times_as_long_the_next_time(clock):
    watch = ProgressWatch(2.0, clock)
    watched(watch, clock, 1, progress=0)
    assert not watched(watch, clock, 18, progress=0)
    assert not watched(watch, clock, 1, progress=1)  # after 1.9 s
    assert not watched(watch, clock, int(GAP_FACTOR * 19) - 1, progress=1)
    assert watched(watch, clock, 5, progress=1)


def test_a_trainer_that_was_itself_away_calls_nobody_silent(clock):
    watch = ProgressWatch(5.0, clock)
    watched(watch, clock, 10)
    assert not watched(watch, clock, 1, tick=3600.0)  # it was stopped, or the machine slept
    assert not watched(watch, clock, 30)
    assert watched(watch, clock, 30)
    assert not watched(ProgressWatch(5.0, clock), clock, 2, tick=LATE_S)


def test_slow_environments_get_the_time_that_their_check_took_many_times():
    config = small_config(hang_timeout_s=10.0, start_timeout_s=60.0)
    fast = EnvironmentSpec(3, ActionLayout("discrete", (2,), 1), "", "", 0.01, 0.001, 0.001)
    slow = EnvironmentSpec(3, ActionLayout("discrete", (2,), 1), "", "", 30.0, 8.0, 2.0)
    assert (step_limit(config, fast), start_limit(config, fast)) == (10.0, 60.0)
    assert (step_limit(config, slow), start_limit(config, slow)) == (SLOW_FACTOR * 8.0, SLOW_FACTOR * 38.0)


def test_the_documentation_shows_what_is_watched():
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")
    for row in WATCHED:
        assert f"| {row.process} | {row.must} | {row.within} | {row.otherwise} |" in page
