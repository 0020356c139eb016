"""Learning curves: which rows are in them, what stands beside them, and what is said where there is nothing."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from figure_runs import write_run

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.figures.axes import metric_axis, place_axis
from gwt_ib.figures.curves import Look, curves
from gwt_ib.figures.figure import CSV_COLUMNS, Figure, as_csv
from gwt_ib.figures.groups import grouped
from gwt_ib.figures.plot import Plot, make_figure


def test_a_line_is_the_mean_over_seeds_at_each_row_with_their_number(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / str(seed), [0.0, seed, 2.0 * seed], seed=seed) for seed in (1, 2, 3)]
    figure = curves(grouped(runs), [["ep100"]], Look())
    (panel,) = figure.panels
    (series,) = panel.series
    assert series.x.tolist() == [1000.0, 2000.0, 3000.0] and series.mean.tolist() == [0.0, 2.0, 4.0]
    assert series.label == "CountRecallEasy" and series.shown == "CountRecallEasy (n = 3)"
    assert "95 % interval (Student's t)" in figure.caption


def test_a_window_cuts_after_smoothing_and_rows_after_the_one_on_show_are_left_out(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", [0.0, 1.0, 1.0, 1.0, 9.0])
    whole = curves(grouped([run]), [["ep100"]], Look(smoothing=0.5, until=4.0)).panels[0].series[0]
    part = curves(grouped([run]), [["ep100"]], Look(smoothing=0.5, until=4.0, window=(2000.0, 3000.0))).panels[0]
    assert whole.x.tolist() == [1000.0, 2000.0, 3000.0, 4000.0]
    np.testing.assert_array_equal(part.series[0].mean, whole.mean[1:3])
    assert part.x.limits == (2000.0, 3000.0)


def test_a_seed_without_a_value_is_left_out_and_counted(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "a", [1.0, 2.0], seed=1), write_run(tmp_path / "b", [None, None], seed=2)]
    figure = curves(grouped(runs), [["ep100"]], Look())
    assert figure.panels[0].series[0].n.tolist() == [1, 1] and "1 curve without a value left out" in figure.caption


@pytest.mark.parametrize("values", [[], [None]], ids=["no-rows", "no-values"])
def test_runs_without_values_are_named(tmp_path: Path, values: list[float | None]) -> None:
    run = write_run(tmp_path / "young", values)
    with pytest.raises(UserError, match=r"No value of ep100 is recorded in young\.") as refused:
        curves(grouped([run]), [["ep100"]], Look())
    assert refused.value.code == ExitCode.BAD_DATA


def test_several_metrics_are_panels_and_those_with_a_plus_share_one(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", [1.0, 2.0], rows={"eval_return": 0.5})
    figure = make_figure(Plot((run,), metrics=("ep100+eval_return", "mean_c")))
    assert [panel.title for panel in figure.panels] == ["ep100+eval_return", "mean_c"]
    assert [series.label for series in figure.panels[0].series] == ["return, last 100 episodes", "return, evaluation"]
    assert [series.look for series in figure.panels[0].series] == [0, 1] and figure.panels[0].y.label == "return"


def test_tasks_are_panels_in_which_a_setting_looks_the_same(tmp_path: Path) -> None:
    settings = [("RepeatFirstEasy", 0.1), ("CountRecallEasy", 0.2), ("CountRecallEasy", 0.1)]
    runs = [
        write_run(tmp_path / str(place), [1.0, 2.0], env_id=f"popgym-{task}-v0", lr=lr)
        for place, (task, lr) in enumerate(settings)
    ]
    figure = curves(grouped(runs), [["ep100"], ["mean_c"]], Look())
    assert [panel.title for panel in figure.panels] == [
        f"{task}: {metric}" for metric in ("ep100", "mean_c") for task in ("RepeatFirstEasy", "CountRecallEasy")
    ]
    assert figure.across == 2
    looks = [{series.label: series.look for series in panel.series} for panel in figure.panels]
    assert looks == [{"lr=0.1": 0}, {"lr=0.1": 0, "lr=0.2": 1}] * 2


def test_a_line_that_ends_early_says_with_which_run(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, [0.0] * rows, seed=rows) for name, rows in (("short", 2), ("long", 4))]
    figure = curves(grouped(runs), [["ep100"]], Look())
    assert figure.panels[0].series[0].x.tolist() == [1000.0, 2000.0]
    assert figure.notes == ("CountRecallEasy ends with its shortest run, short, at 2k env steps.",)


def test_an_unknown_metric_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no metric 'mean_k' to draw\. Did you mean mean_c") as refused:
        make_figure(Plot((write_run(tmp_path / "a", [1.0]),), metrics=("mean_k",)))
    assert refused.value.code == ExitCode.USAGE


def test_the_data_are_tidy_and_have_every_digit(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / str(seed), [0.1 * seed, None, 1 / 3], seed=seed) for seed in (1, 2)]
    rows = list(csv.DictReader(io.StringIO(as_csv(curves(grouped(runs), [["ep100"]], Look())))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [row["x"] for row in rows] == ["1000", "2000", "3000"] and [row["n"] for row in rows] == ["2", "0", "2"]
    assert (rows[0]["panel"], rows[0]["series"], rows[0]["x_name"]) == ("ep100", "CountRecallEasy", "env_steps")
    assert float(rows[2]["mean"]) == 1 / 3 and rows[1]["mean"] == rows[1]["low"] == ""
    assert rows[0]["interval"] == "95 % Student t, pointwise, over runs"
    assert as_csv(Figure(())).strip() == ",".join(CSV_COLUMNS)


def test_axes_have_units_that_a_reader_expects() -> None:
    assert (
        place_axis("env_steps", 15e6).label == "env steps (millions)" and place_axis("update", 300).label == "updates"
    )
    assert place_axis("elapsed_s", 7200.0).divisor == 3600 and place_axis("elapsed_s", 600.0).label.endswith("(min)")
    assert metric_axis(["value_loss"]).label == "value loss (reward^2)" and metric_axis(["lr"], log=True).scale == "log"
    assert metric_axis(["ep100", "mean_c"]).label == "value"
