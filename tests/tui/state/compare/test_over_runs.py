"""Mean and band over seeds, and differences at equal x, against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gwt_ib.results.intervals import mean_band
from gwt_ib_tui.state.compare.comparison import difference, mean_and_std, newest, over_seeds
from gwt_ib_tui.state.history.series import Column

NAN = math.nan


def column(*values: float) -> Column:
    return Column.flat(np.array(values, dtype=np.float64))


def sparse_column(*values: float) -> Column:
    return Column.flat(np.array(values, dtype=np.float64), sparse=True)


def test_the_mean_is_over_the_seeds_and_the_band_from_the_least_to_the_largest() -> None:
    x = column(0, 10, 20)
    found = over_seeds([(x, column(0, 1, 2)), (x, column(2, 3, 4)), (x, column(4, 5, 12))], points=3)
    assert found is not None
    assert found.x.tolist() == [0, 10, 20]
    assert found.mean.tolist() == [2, 3, 6]
    assert found.low.tolist() == [0, 1, 2] and found.high.tolist() == [4, 5, 12]
    assert found.count.tolist() == [3, 3, 3]


def test_runs_with_rows_at_other_places_are_interpolated_to_one_grid() -> None:
    found = over_seeds([(column(0, 10, 20), column(0, 10, 20)), (column(0, 20), column(0, 40))], points=5)
    assert found is not None
    assert found.x.tolist() == [0, 5, 10, 15, 20]
    assert found.low.tolist() == [0, 5, 10, 15, 20] and found.high.tolist() == [0, 10, 20, 30, 40]


def test_outside_its_own_range_a_run_says_nothing() -> None:
    found = over_seeds([(column(0, 10), column(1, 1)), (column(5, 20), column(3, 3))], points=5)
    assert found is not None
    assert found.x.tolist() == [0, 5, 10, 15, 20]
    assert found.count.tolist() == [1, 2, 2, 1, 1]
    assert found.mean.tolist() == [1, 2, 2, 3, 3]
    assert found.low.tolist() == [1, 1, 1, 3, 3] and found.high.tolist() == [1, 3, 3, 3, 3]


def test_a_gap_stays_a_gap_unless_the_metric_is_sparse() -> None:
    dense, sparse = (
        over_seeds([(column(0, 1, 2, 3, 4), make(0, 1, NAN, 3, 4))], points=5) for make in (column, sparse_column)
    )
    assert dense is not None and sparse is not None
    assert np.isnan(dense.mean).tolist() == [False, False, True, False, False]
    assert dense.count.tolist() == [1, 1, 0, 1, 1]
    assert sparse.mean.tolist() == [0, 1, 2, 3, 4]


def test_values_that_begin_late_are_not_drawn_back_to_the_start() -> None:
    found = over_seeds([(column(0, 1, 2, 3), column(NAN, NAN, 5, 6))], points=2)
    assert found is not None and found.x.tolist() == [2, 3] and found.mean.tolist() == [5, 6]


@pytest.mark.parametrize("runs", [[], [(column(), column())], [(column(0, 1), column(NAN, NAN))]])
def test_without_a_value_there_is_nothing(runs: list[tuple[Column, Column]]) -> None:
    assert over_seeds(runs) is None


def test_one_row_is_one_point() -> None:
    found = over_seeds([(column(7), column(3)), (column(7), column(5))])
    assert found is not None and found.x.tolist() == [7] and found.mean.tolist() == [4]


def test_x_that_goes_back_is_passed_over() -> None:
    found = over_seeds([(column(0, 2, 1, 4), column(0, 2, 99, 4))], points=3)
    assert found is not None and found.mean.tolist() == [0, 2, 4]


def test_a_difference_is_taken_at_the_env_steps_that_both_have_come_to() -> None:
    longer = column(0, 100, 200), column(0, 10, 20)
    shorter = column(0, 50, 150), column(1, 2, 3)
    found = difference(longer, shorter)
    assert found is not None and (found.env_steps, found.value, found.baseline, found.delta) == (150, 15, 3, 12)
    back = difference(shorter, longer)
    assert back is not None and (back.env_steps, back.delta) == (150, -12)


def test_a_sparse_metric_is_compared_between_its_values() -> None:
    run = column(0, 1, 2, 3, 4), sparse_column(NAN, 0.1, NAN, 0.3, NAN)
    baseline = column(0, 1, 2), sparse_column(0.0, NAN, 0.2)
    found = difference(run, baseline)
    assert found is not None and (found.env_steps, found.value, found.baseline) == (2, pytest.approx(0.2), 0.2)


def test_runs_that_share_no_steps_have_no_difference() -> None:
    assert difference((column(10, 20), column(1, 1)), (column(0, 5), column(1, 1))) is None
    assert difference((column(), column()), (column(0, 5), column(1, 1))) is None
    assert difference((column(0, 1), column(NAN, NAN)), (column(0, 1), column(1, 1))) is None


def test_the_newest_value_is_the_last_that_there_is() -> None:
    assert newest(column(1, 2, NAN)) == 2
    assert newest(column(NAN)) is None


def test_the_spread_over_seeds_is_that_of_a_sample() -> None:
    assert mean_and_std([]) == (None, None)
    assert mean_and_std([3.0]) == (3.0, None)
    mean, std = mean_and_std([1.0, 3.0])
    assert mean == 2.0 and std == pytest.approx(math.sqrt(2))


def test_the_band_can_be_the_interval_of_the_mean_where_two_runs_have_a_value() -> None:
    x = column(*range(50))
    noise = np.random.default_rng(3).normal(size=(4, 50))
    runs = [(x, column(*row)) for row in noise] + [(column(0, 99), column(0.0, 0.0))]
    found, range_ = (over_seeds(runs, points=100, spread=spread) for spread in ("interval", "range"))
    assert found is not None and range_ is not None
    assert found.mean.tolist() == range_.mean.tolist()
    low, high = mean_band(np.vstack([noise, np.zeros(50)]))
    assert found.low[:49] == pytest.approx(low[:49]) and found.high[:49] == pytest.approx(high[:49])
    assert (found.low[:49] >= range_.low[:49]).all() and (found.high[:49] <= range_.high[:49]).all()
    assert np.isnan(found.low[50:]).all() and np.isfinite(range_.low[50:]).all(), "of one run there is no interval"
