"""The gate in figures: curves at chosen moments, and the distribution of c over the training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from figure_runs import write_run

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.figures.curves import Look
from gwt_ib.figures.gate_curves import SPREAD, gate_curves, moment_of
from gwt_ib.figures.gate_over_time import gate_over_time, share_below
from gwt_ib.figures.groups import grouped
from gwt_ib.gatecheck.statistics import Bins


def test_moments_are_env_steps_in_the_words_of_people() -> None:
    assert [moment_of(words) for words in ("0.5M", "250k", "1e3", " start", "end")] == [5e5, 2.5e5, 1e3, 0.0, np.inf]


@pytest.mark.parametrize("words", ["", "soon", "-1", "nan", "M"])
def test_what_is_no_moment_is_refused(words: str) -> None:
    with pytest.raises(UserError, match="is no moment") as refused:
        moment_of(words)
    assert refused.value.code == ExitCode.USAGE


def test_the_curves_nearest_to_the_moments_are_drawn_with_prior_and_target_of_the_last(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / str(seed), [0.0] * 4, seed=seed) for seed in (1, 2)]
    (panel,) = gate_curves(grouped(runs), [moment_of("end"), 2100.0]).panels
    lines = [series for series in panel.series if series.form == "line"]
    assert [series.shown for series in lines] == ["2k steps (n = 2)", "4k steps (n = 2)"]
    assert [series.label for series in panel.series if series.form == "level"] == ["prior", "target"]
    held = np.isfinite(lines[1].mean)
    np.testing.assert_allclose(lines[1].mean[held], [0.1, 0.5, 1.0])
    np.testing.assert_allclose(lines[0].mean[held], [0.05, 0.25, 0.5])
    np.testing.assert_allclose(lines[1].x[held], [0.05, 0.45, np.sqrt(1.2589)])
    assert panel.x.limits == (0.0, 2.0)  # no bin beyond holds a step


def test_of_a_single_run_the_last_moment_has_its_own_spread(tmp_path: Path) -> None:
    (panel,) = gate_curves(grouped([write_run(tmp_path / "a", [0.0] * 3)]), [0.0, np.inf]).panels
    first, last = (series for series in panel.series if series.form == "line")
    assert first.interval == "" and last.interval == SPREAD and last.low[0] <= last.mean[0] <= last.high[0]


def test_a_run_without_gate_curves_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path / "old", [0.0], rows={"gate_curve": {"td": "damaged"}})
    with pytest.raises(UserError, match=r"No gate curve is recorded in old\."):
        gate_curves(grouped([run]), [0.0])


def test_the_share_of_steps_below_is_that_of_truncated_normal_distributions() -> None:
    from scipy.stats import truncnorm

    c, spread, count = np.array([0.1, 0.8]), np.array([0.2, 0.05]), np.array([300.0, 100.0])
    bins = Bins(np.zeros(2), np.ones(2), c, spread, np.zeros(2), count)
    values = np.linspace(0.0, 1.0, 5)
    wanted = sum(
        share * truncnorm.cdf(values, -mean / std, (1 - mean) / std, mean, std)
        for share, mean, std in zip(count / 400, c, spread, strict=True)
    )
    np.testing.assert_allclose(share_below(bins, values), wanted, atol=1e-12)


def test_bands_hold_the_middle_of_the_steps_beside_mean_and_target(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / str(seed), [0.0] * 5, seed=seed) for seed in (1, 2)]
    (panel,) = gate_over_time(grouped(runs), Look("elapsed_s")).panels
    wide, narrow, mean, target = panel.series
    assert [series.form for series in panel.series] == ["band", "band", "line", "level"]
    assert wide.label == "90 % of steps" and mean.shown == "mean of c (n = 2)" and panel.x.name == "elapsed_s"
    np.testing.assert_allclose(mean.mean, np.arange(1, 6) / 10)
    np.testing.assert_allclose(target.mean, 0.2)
    assert (wide.low <= narrow.low).all() and (narrow.high <= wide.high).all()
    np.testing.assert_allclose(wide.high[-1], 1.0, atol=0.01)
    np.testing.assert_allclose(wide.low[-1], 0.1, atol=0.01)
    assert mean.x.tolist() == wide.x.tolist() == [90.0, 180.0, 270.0, 360.0, 450.0]
