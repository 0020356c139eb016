"""The TD statistics against the moving averages that they are, and at their limits."""

import numpy as np
import pytest
from support import small_config

from gwt_ib.model.td import TdStatistics, decayed_mean

T, B = 5, 3


def test_the_closed_form_is_the_moving_average_written_out():
    batches = np.array([1.0, -2.0, 4.0, 0.5])
    expected = 3.0
    for batch in batches:
        expected = 0.9 * expected + 0.1 * batch
    assert decayed_mean(3.0, batches, 0.9) == pytest.approx(expected)


def test_one_rollout_moves_mean_and_scale_by_its_time_steps():
    config = small_config(td_ema=0.5, td_scale_ema2=0.8, td_quantile=0.75)
    td = np.arange(T * B, dtype=np.float32).reshape(T, B)
    after = TdStatistics().updated(td, config)
    mean, expected_std = 0.0, 1.0
    for row in td:
        mean = 0.5 * mean + 0.5 * row.mean()
    quantile = np.quantile(np.abs(td - mean), 0.75)
    for _ in range(T):
        expected_std = 0.8 * expected_std + 0.2 * quantile
    assert after.mean == pytest.approx(mean)
    assert after.std == pytest.approx(expected_std)


def test_the_quantile_is_over_the_newest_errors_only():
    config = small_config(td_buffer=16, td_ema=0.0, td_scale_ema2=0.0)
    large = np.full((T, B), 40.0, np.float32)
    small = np.linspace(-1, 1, T * B, dtype=np.float32).reshape(T, B)
    after = TdStatistics().updated(large, config).updated(small, config)
    assert after.recent.size == 16
    assert np.array_equal(after.recent[1:], small.ravel())
    assert after.std == pytest.approx(np.quantile(np.abs(after.recent - after.mean), config.td_quantile))


@pytest.mark.parametrize(("size", "limit"), [(0.0, 1e-3), (1e9, 50.0)])
def test_the_scale_stays_between_floor_and_ceiling(size, limit):
    config = small_config()
    statistics = TdStatistics()
    signs = np.where(np.arange(64 * 4).reshape(64, 4) % 2, 1, -1)
    for _ in range(200):
        statistics = statistics.updated((size * signs).astype(np.float32), config)
    assert statistics.std == limit


def test_updating_leaves_the_statistics_in_use_alone():
    before = TdStatistics()
    before.updated(np.ones((T, B), np.float32), small_config())
    assert (before.mean, before.std, before.recent.size) == (0.0, 1.0, 0)
