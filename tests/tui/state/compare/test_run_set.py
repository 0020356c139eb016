"""Several run directories followed at once."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recorded_run import RecordedRun, long_metrics
from support import PATIENCE_S

from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.state.compare.comparison import Comparison, newest_of
from gwt_ib_tui.state.compare.report import report
from gwt_ib_tui.state.compare.run_set import MOST_RUNS, SMALL, RunSet, RunSetView, neighbours


def run_set(*runs: RecordedRun) -> RunSet:
    return RunSet(lambda: [run.directory for run in runs], interval=0.01)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


def made(folder: Path, name: str, updates: int = 20, **settings: Any) -> RecordedRun:
    run = RecordedRun(folder / name, **settings)
    run.learn(updates)
    return run


def test_each_run_is_told_with_its_marks_settings_and_values(tmp_path: Path) -> None:
    runs = [made(tmp_path, "one", seed=1), made(tmp_path, "two", seed=2, lr=1e-3), made(tmp_path, "three", 40, seed=3)]
    view = run_set(*runs).read_everything()
    assert [entry.name for entry in view.entries] == ["one", "two", "three"]
    assert [entry.letter for entry in view.entries] == ["A", "B", "C"]
    assert len({entry.color for entry in view.entries}) == 3
    assert [entry.seed for entry in view.entries] == [1, 2, 3]
    assert [entry.differs for entry in view.entries] == [(("lr", 2.5e-4),), (("lr", 1e-3),), (("lr", 2.5e-4),)]
    assert view.groups == ((0, 2), (1,)) and [entry.group for entry in view.entries] == [0, 1, 0]
    assert [entry.run_view.series.rows for entry in view.entries] == [20, 20, 40]
    assert [entry.verdict for entry in view.entries] == ["wait", "wait", "pass"] and not view.loading


def test_what_comes_later_is_followed_in_the_thread_and_only_while_it_is_awake(tmp_path: Path) -> None:
    first, second = made(tmp_path, "one"), made(tmp_path, "two")
    follower = run_set(first, second)
    follower.wake()
    try:
        until(lambda: [entry.run_view.series.rows for entry in follower.view.entries] == [20, 20])
        second.learn(5)
        until(lambda: follower.view.entries[1].run_view.series.rows == 25)
        follower.rest()
        until(lambda: follower.resting)
        before = follower.view
        second.learn(5)
        assert follower.view is before
        follower.wake()
        until(lambda: follower.view.entries[1].run_view.series.rows == 30)
        assert not follower.broken
    finally:
        follower.stop()
    assert not follower.broken


def test_a_view_is_renewed_only_for_news(tmp_path: Path) -> None:
    run = made(tmp_path, "one")
    run.finish()
    follower = run_set(run)
    view = follower.read_everything()
    assert follower.read_everything() is view


def test_a_run_that_began_meanwhile_comes_in_and_takes_no_marks_away(tmp_path: Path) -> None:
    runs = [made(tmp_path, "one"), made(tmp_path, "two")]
    follower = RunSet(lambda: [run.directory for run in runs], interval=0.01)
    follower.wake()
    try:
        until(lambda: len(follower.view.entries) == 2)
        before = {entry.name: (entry.letter, entry.color) for entry in follower.view.entries}
        runs.insert(0, made(tmp_path, "zero"))
        follower.wake()
        until(lambda: len(follower.view.entries) == 3)
        after = {entry.name: (entry.letter, entry.color) for entry in follower.view.entries}
    finally:
        follower.stop()
    assert after == {**before, "zero": ("C", after["zero"][1])} and len({color for _, color in after.values()}) == 3


def test_a_directory_that_is_gone_or_damaged_harms_no_other(tmp_path: Path) -> None:
    good, gone, damaged = made(tmp_path, "good"), made(tmp_path, "gone"), made(tmp_path, "damaged")
    damaged.directory.config.write_text("{")
    damaged.directory.run.write_text("[]")
    damaged.directory.metrics.write_text("nothing\n{}\n")
    shutil.rmtree(gone.directory.path)
    view = run_set(good, gone, damaged).read_everything()
    assert [entry.name for entry in view.entries] == ["good", "gone", "damaged"]
    assert [entry.run_view.series.rows for entry in view.entries] == [20, 0, 0]
    assert view.groups == ((0,), (1,), (2,))
    comparison = Comparison(view)
    assert [comparison.difference(entry) for entry in view.entries[1:]] == [None, None]
    assert [row["state"] for row in report(view)["runs"]] == ["running", "unknown", "unknown"]


def test_a_run_is_followed_once_however_often_it_is_named(tmp_path: Path) -> None:
    run = made(tmp_path, "one")
    twice = [run.directory, RunDirectory(tmp_path / "." / "one"), RunDirectory(tmp_path / "x" / ".." / "one")]
    (tmp_path / "x").mkdir()
    assert len(RunSet(lambda: twice).read_everything().entries) == 1


def test_there_is_a_most(tmp_path: Path) -> None:
    runs = [RunDirectory(tmp_path / f"run {number}") for number in range(MOST_RUNS + 5)]
    view = RunSet(lambda: runs).read_everything()
    assert len(view.entries) == MOST_RUNS and len({entry.letter for entry in view.entries}) == MOST_RUNS


def test_two_runs_of_one_name_in_two_folders_have_two_colours(tmp_path: Path) -> None:
    view = run_set(made(tmp_path / "a", "run"), made(tmp_path / "b", "run")).read_everything()
    assert view.entries[0].color != view.entries[1].color
    assert view.entries[0].key != view.entries[1].key


def test_the_memory_of_a_long_run_is_bounded(tmp_path: Path) -> None:
    sizes = []
    for rows in (20_000, 40_000):
        run = made(tmp_path, f"{rows} rows", 1)
        long_metrics(run.directory.metrics, rows)
        series = run_set(run).read_everything().entries[0].run_view.series
        assert series.rows == rows
        sizes.append(len(series.column("td_std").mean))
        arrays = [series._raw, *series._history]
        assert sum(sys.getsizeof(array) + array.nbytes for array in arrays) < 2 << 20
    assert max(sizes) <= 2 * SMALL.rows + SMALL.buckets


def test_the_neighbours_of_a_run_are_those_of_its_environment_first_and_the_newest_first(tmp_path: Path) -> None:
    other = "popgym-RepeatPreviousEasy-v0"
    settings = [{}, {"env_id": other}, {}, {"env_id": other}, {}]
    runs = [made(tmp_path, f"run{number}", 1, **settings[number]) for number in range(5)]
    for number, run in enumerate(runs):
        run.beat(created=1000.0 + number)
    assert [run.name for run in neighbours(runs[2].directory)] == ["run2", "run4", "run0", "run3", "run1"]
    assert [run.name for run in neighbours(runs[2].directory, 2)] == ["run2", "run4", "run0"]
    assert neighbours(runs[2].directory)[0] is runs[2].directory


@pytest.mark.parametrize("metric", ["ep100", "eval_return"])
def test_a_comparison_is_by_the_chosen_metric_at_equal_steps(tmp_path: Path, metric: str) -> None:
    short, long = made(tmp_path, "short", 20), made(tmp_path, "long", 60)
    view = run_set(short, long).read_everything()
    comparison = Comparison(view, metric=metric)
    found = comparison.difference(view.entries[1])
    assert found is not None and found.env_steps == 20 * short.config.steps_per_update
    value = newest_of(view.entries[0], metric)
    assert found.baseline == pytest.approx(value) and found.value != newest_of(view.entries[1], metric)
    (_, second) = report(view)["runs"]
    assert second["delta"][metric]["delta"] == found.delta


def test_the_choice_goes_round_and_stays_with_its_run(tmp_path: Path) -> None:
    runs = [made(tmp_path, name, 1) for name in ("one", "two")]
    comparison = Comparison(run_set(*runs).read_everything())
    names = [comparison.moved(offset).chosen_run.name for offset in (0, 1, 2, -1)]
    assert names == ["one", "two", "one", "two"]
    chosen = replace(comparison.moved(1), runs=run_set(*reversed(runs)).read_everything())
    assert chosen.chosen_run is chosen.runs.entries[0] and chosen.chosen_run.name == "two"


def test_of_no_runs_there_is_nothing_to_tell() -> None:
    comparison = Comparison()
    assert comparison.moved(1) is comparison and comparison.chosen_run is None and comparison.baseline_run is None
    found = report(RunSetView())
    assert (found["baseline"], found["runs"], found["groups"], found["notes"]) == (None, [], [], [])


def test_the_spread_is_told_for_each_setting(tmp_path: Path) -> None:
    runs = [made(tmp_path, f"run{seed}", seed=seed, lr=1e-3 if seed > 1 else 1e-4) for seed in range(4)]
    groups = report(run_set(*runs).read_everything())["groups"]
    assert [group["seeds"] for group in groups] == [[0, 1], [2, 3]]
    assert [group["settings"] for group in groups] == [{"lr": 1e-4}, {"lr": 1e-3}]
    assert all(group["metrics"]["td_std"]["n"] == 2 for group in groups)
    assert all(group["metrics"]["td_std"]["std"] is not None for group in groups)
