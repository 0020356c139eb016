"""One curve out of several runs: the interval is Student's t, and nothing is drawn where a run has no value."""

from __future__ import annotations

import numpy as np
import pytest

from gwt_ib.figures.seeds import MOST_POINTS, Path, across, over_runs, path_of, smoothed
from gwt_ib_tui.charts.traces import moving_average


def test_the_band_is_the_t_interval_of_scipy_at_each_point() -> None:
    from scipy.stats import sem, t

    values = np.random.default_rng(1).normal(size=(4, 7))  # runs and points differ: a transposed axis shows
    band = across(np.arange(7.0), values)
    low, high = t.interval(0.95, 3, loc=values.mean(axis=0), scale=sem(values, axis=0))
    np.testing.assert_allclose([band.low, band.high], [low, high])
    np.testing.assert_allclose(band.mean, values.mean(axis=0))
    assert (band.n == 4).all()


def test_the_interval_of_three_runs_is_what_a_table_of_t_gives() -> None:
    band = across(np.zeros(1), np.array([[1.0], [2.0], [3.0]]))
    assert band.high[0] - 2.0 == pytest.approx(4.302652730 / np.sqrt(3), rel=1e-8)


def test_a_single_run_has_no_interval() -> None:
    band = over_runs([Path(np.arange(3.0), np.arange(3.0))])
    assert band is not None and np.isnan(band.low).all() and np.isnan(band.high).all() and (band.n == 1).all()


def test_there_is_a_mean_only_where_all_runs_have_data_and_others_are_interpolated() -> None:
    band = over_runs(
        [Path(np.array([0.0, 2.0, 4.0]), np.array([0.0, 2.0, 4.0])), Path(np.array([1.0, 6.0]), np.array([1.0, 6.0]))]
    )
    assert band is not None
    assert band.x.tolist() == [1.0, 2.0, 4.0]
    np.testing.assert_allclose(band.mean, [1.0, 2.0, 4.0])


def test_runs_that_have_nothing_in_common_have_no_curve() -> None:
    assert over_runs([Path(np.array([0.0, 1.0]), np.zeros(2)), Path(np.array([2.0, 3.0]), np.zeros(2))]) is None
    assert over_runs([Path(np.zeros(0), np.zeros(0))]) is None and over_runs([]) is None


def test_a_gap_of_one_run_is_a_gap_of_the_mean_and_no_wider() -> None:
    x = np.arange(4.0)
    band = over_runs([Path(x, np.array([1.0, np.nan, 1.0, 1.0])), Path(x, np.ones(4))])
    assert band is not None
    assert np.isnan(band.mean).tolist() == [False, True, False, False] and band.n.tolist() == [2, 0, 2, 2]


def test_rows_without_a_value_of_a_sparse_metric_are_passed_over() -> None:
    values = np.array([np.nan, 1.0, np.nan, 3.0, np.nan])
    assert path_of(np.arange(5.0), values, sparse=True).x.tolist() == [1.0, 3.0]
    assert path_of(np.arange(5.0), values).x.tolist() == [1.0, 2.0, 3.0]
    assert not len(path_of(np.arange(2.0), np.full(2, np.nan)).x)


def test_rows_at_an_x_that_does_not_rise_are_left_out() -> None:
    path = path_of(np.array([0.0, 1.0, 1.0, 0.5, 2.0]), np.arange(5.0))
    assert path.x.tolist() == [0.0, 1.0, 2.0] and path.y.tolist() == [0.0, 1.0, 4.0]


@pytest.mark.parametrize("weight", [0.6, 0.97])
def test_smoothing_is_that_of_the_dashboard(weight: float) -> None:
    values = np.random.default_rng(2).normal(size=50)
    values[[0, 7, 8]] = np.nan
    np.testing.assert_allclose(smoothed(values, weight), moving_average(values, weight), rtol=1e-10)


def test_a_long_history_becomes_means_of_equally_many_rows() -> None:
    rows = 3 * MOST_POINTS - 1
    path = path_of(np.arange(float(rows)), np.arange(float(rows)))
    assert len(path.x) == MOST_POINTS and path.x[0] == path.y[0] == 1.0 and path.x[-1] == rows - 1.5
