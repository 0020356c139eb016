"""Bars of a table of results: what is in them, beside what is published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gwt_ib.config import Config
from gwt_ib.errors import UserError
from gwt_ib.figures.bars import INTERVAL, PUBLISHED, bars
from gwt_ib.figures.figure import as_csv
from gwt_ib.results.reference import task_of
from gwt_ib.results.run_scores import PlannedRun, RunScores
from gwt_ib.results.table import make_table
from gwt_ib.runs.directory import RunDirectory

TASKS = ("popgym-RepeatFirstEasy-v0", "popgym-CountRecallEasy-v0")


def score(env_id: str, arm: str, seed: int, value: float | None) -> RunScores:
    planned = PlannedRun(RunDirectory(Path("nowhere")), Config(env_id=env_id, seed=seed), arm, "finished")
    return RunScores(planned, 1000, value, 1, value, value)


def test_each_arm_is_a_row_of_bars_with_intervals_and_published_scores_are_marks() -> None:
    table = make_table(
        [score(task, arm, seed, seed / 10) for task in TASKS for arm in ("td", "open") for seed in (1, 2, 3)]
    )
    (panel,) = bars(table, "mmer").panels
    td, opened, published, floor = panel.series
    assert panel.categories == ("RepeatFirstEasy", "CountRecallEasy")
    assert [series.form for series in panel.series] == ["bar", "bar", "mark", "mark"]
    assert (td.shown, opened.label, td.interval, published.interval) == ("td (n = 3)", "open", INTERVAL, PUBLISHED)
    np.testing.assert_allclose(td.mean, [0.2, 0.2])
    assert (td.low < 0.2).all() and (td.high > 0.2).all()
    known = [task_of(task) for task in TASKS]
    assert published.mean.tolist() == [task.gru_mmer.mean for task in known if task.gru_mmer]
    assert floor.mean.tolist() == [task.floor.mean for task in known if task.floor]
    assert "mmer,td,task,mmer,RepeatFirstEasy,0.2" in as_csv(bars(table, "mmer"))


def test_one_run_has_no_interval_and_a_task_of_ones_own_nothing_published() -> None:
    (panel,) = bars(make_table([score("mine:Own-v0", "td", 1, 0.5)]), "ep100").panels
    assert len(panel.series) == 1 and np.isnan(panel.series[0].low).all() and panel.series[0].interval == ""


def test_arms_with_different_numbers_of_runs_say_so() -> None:
    runs = [score(TASKS[0], "td", seed, 0.1) for seed in (1, 2)] + [score(TASKS[1], "td", 1, 0.1)]
    assert bars(make_table(runs), "mmer").panels[0].series[0].shown == "td (n = 1 to 2)"


def test_a_table_without_the_score_is_a_sentence() -> None:
    with pytest.raises(UserError, match="No finished run has a score evaluation"):
        bars(make_table([score(TASKS[0], "td", 1, None)]), "evaluation")
