"""Settings over their seeds: at equal env steps, against the baseline of their own task, with intervals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from recorded_run import RecordedRun

from gwt_ib.results import intervals
from gwt_ib_tui.state.compare.comparison import Comparison, newest_of
from gwt_ib_tui.state.compare.group_scores import baselines, group_scores, shortest
from gwt_ib_tui.state.compare.run_set import RunSet, RunSetView

EASY, HARD = "popgym-RepeatPreviousEasy-v0", "popgym-RepeatPreviousHard-v0"


def view_of(folder: Path, *settings: dict[str, object], updates: tuple[int, ...] = ()) -> RunSetView:
    made = []
    for number, values in enumerate(settings):
        run = RecordedRun(folder / f"run{number}", **{"env_id": EASY, "eval_every": 5, **values})
        run._random = np.random.default_rng(number)
        run.learn(updates[number] if updates else 20)
        made.append(run.directory)
    return RunSet(lambda: made).read_everything()


def test_a_setting_is_compared_with_the_baselines_at_the_steps_that_all_runs_have(tmp_path: Path) -> None:
    seeds = ({"seed": 1}, {"seed": 2}, {"seed": 1, "lr": 1e-3}, {"seed": 2, "lr": 1e-3})
    view = view_of(tmp_path, *seeds, updates=(20, 40, 30, 12))
    based, other = group_scores(view, "ep100", view.entries[0])
    assert based.env_steps == other.env_steps == 12 * 4096, "the shortest run says where"
    at = [entry.run_view.series.column("ep100").mean[11] for entry in view.entries]
    assert (*based.values, *other.values) == pytest.approx(at)
    assert other.mean == intervals.mean([other.values]) and other.iqm == intervals.iqm([other.values])
    assert other.better == intervals.probability_of_improvement([other.values], [based.values])
    assert other.delta == pytest.approx(np.mean(other.values) - np.mean(based.values))
    assert based.better is None and based.delta is None
    assert shortest(view, "ep100") == [([view.entries[3]], 12 * 4096)]


def test_evaluations_are_the_last_of_each_run(tmp_path: Path) -> None:
    view = view_of(tmp_path, {"seed": 1}, {"seed": 2}, updates=(10, 25))
    (score,) = group_scores(view, "eval_return", view.entries[0])
    assert score.env_steps is None
    assert score.values == tuple(newest_of(entry, "eval_return") for entry in view.entries)


def test_on_another_task_the_baseline_is_the_same_setting_there(tmp_path: Path) -> None:
    settings = ({}, {"lr": 1e-3}, {"env_id": HARD, "lr": 1e-3}, {"env_id": HARD}, {"env_id": HARD, "gamma": 0.9})
    view = view_of(tmp_path, *settings, updates=(5, 10, 15, 20, 25))
    assert baselines(view, view.entries[0]) == [0, 0, 3, 3, 3]
    assert baselines(view, view.entries[4]) == [None, None, 4, 4, 4], "there is no such setting on the first task"
    assert baselines(view, None) == [None] * 5
    scores = group_scores(view, "ep100", view.entries[0])
    assert [score.env_steps for score in scores] == [5 * 4096, 5 * 4096, 15 * 4096, 15 * 4096, 15 * 4096]
    assert [score.better is not None for score in scores] == [False, True, True, False, True]


def test_a_run_without_a_value_is_none_of_those_that_are_counted(tmp_path: Path) -> None:
    view = view_of(tmp_path, {"seed": 1}, {"seed": 2}, updates=(2, 20))
    (score,) = group_scores(view, "ep100", view.entries[0])
    assert len(score.values) == 1 and score.mean is not None and score.mean.low is None


def test_the_choice_goes_from_setting_to_setting_and_the_band_from_interval_to_range(tmp_path: Path) -> None:
    comparison = Comparison(view_of(tmp_path, {"seed": 1}, {"seed": 2}, {"lr": 1e-3}, updates=(3, 3, 3)))
    grouped = comparison.regrouped()
    assert (grouped.grouped, grouped.spread) == (True, "interval")
    chosen = [grouped.moved(by).chosen_run for by in (0, 1, 2, -1)]
    assert [entry and entry.letter for entry in chosen] == ["A", "C", "A", "C"]
    assert (grouped.regrouped().grouped, grouped.regrouped().spread) == (True, "range")
    assert not grouped.regrouped().regrouped().grouped
