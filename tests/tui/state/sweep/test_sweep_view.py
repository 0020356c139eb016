"""A sweep as its list has it: what a run's word, speed and time left are, orders, filter, the word for the whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sweeping import FakeSweep, made_up

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.sweeps.states import SweepState
from gwt_ib_tui.state.sweep.sweep_follower import LARGEST_SHARE, SweepFollower
from gwt_ib_tui.state.sweep.sweep_view import SweepView


def view(**fields: object) -> SweepView:
    return replace(SweepView(1, "made-up", made_up(), working=True), **fields)  # type: ignore[arg-type]


def places(found: SweepView, words: str = "", order: str = "file") -> list[int]:
    return [found.rows.index(row) for row in found.matching(words, order)]  # type: ignore[arg-type]


def test_a_run_that_trains_is_told_by_its_own_state_and_any_other_by_its_status() -> None:
    words = [row.word for row in view().rows]
    assert words == ["finished", "finished", "failed", "running", "paused", "unfinished", "waiting", "waiting"]


def test_only_a_run_that_trains_now_has_a_speed_and_a_time_left() -> None:
    rows = view().rows
    assert [row.steps_per_s for row in rows] == [None] * 3 + [2048.0] + [None] * 4
    assert [row.seconds_left for row in rows] == [None] * 3 + [24.0] + [None] * 4
    assert view().steps_per_s == 2048.0
    assert replace(view(), sweep=SweepState(())).steps_per_s is None


def test_a_filter_wants_every_word_of_name_arm_state_verdict_host_or_seed() -> None:
    found = view()
    assert places(found, "s2 budget") == [1, 5]
    assert places(found, "PASS") == [0, 1]
    assert places(found, "repeat here") == [4, 5]
    assert places(found, "unfinished") == [5]
    assert places(found, "nothing") == []


def test_the_orders_put_the_failed_or_the_best_first_and_keep_the_files_order_otherwise() -> None:
    found = view()
    assert places(found) == list(range(8))
    assert places(found, order="status") == [2, 5, 3, 4, 6, 7, 0, 1]
    assert places(found, order="ep100") == [1, 0, 2, 3, 4, 5, 6, 7]


def test_the_whole_in_a_word() -> None:
    finished = replace(made_up(), members=made_up().members[:2])
    failed = replace(made_up(), members=made_up().members[:3])
    assert SweepView().standing == "reading"
    assert view().standing == "running"
    assert view(stopping=True).standing == "stopping"
    assert view(working=False).standing == "unfinished"
    assert view(working=False, sweep=failed).standing == "failed"
    assert view(working=False, sweep=finished, stopping=True).standing == "finished"


def test_a_name_of_a_task_is_short_and_still_tells_it_from_the_others() -> None:
    assert list(view().tasks.values()) == ["CountRecall", "RepeatPrevious"]
    one = replace(made_up(), members=made_up().members[:2])
    assert list(view(sweep=one).tasks.values()) == ["CountRecallEasy-v0"]


def test_what_cannot_be_read_leaves_what_was_read_before_with_a_sentence() -> None:
    sweep = FakeSweep()
    follower = SweepFollower(sweep.source)
    follower.poll()
    sweep.error = OSError(5, "Input/output error")
    follower.poll()
    assert follower.view.problem == "Input/output error" and len(follower.view.rows) == 8
    follower = SweepFollower(replace(sweep.source, read=damaged))
    follower.poll()
    assert follower.view.problem == "sweep.toml is damaged."
    sweep.error = None


def damaged() -> SweepState:
    raise UserError("sweep.toml is damaged.", ExitCode.BAD_DATA)


def test_nothing_is_read_while_another_screen_is_in_front() -> None:
    sweep = FakeSweep()
    follower = SweepFollower(sweep.source)
    assert follower._follow() is None and sweep.reads == 0
    follower._looked_at = True
    assert follower._follow() == 1.0 and sweep.reads == 1
    follower.rest()
    assert follower._follow() is None and sweep.reads == 1


def test_a_sweep_that_is_slow_to_read_is_read_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((10.0, 13.0))
    follower = SweepFollower(FakeSweep().source)
    follower._looked_at = True
    monkeypatch.setattr("gwt_ib_tui.state.sweep.sweep_follower.time.monotonic", lambda: next(times))
    assert follower._follow() == pytest.approx(3.0 / LARGEST_SHARE)
