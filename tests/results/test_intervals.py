"""The statistics against rliable's own values and against implementations that are as slow as they are plain."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from gwt_ib.results.intervals import Estimate, iqm, mean, mean_band, probability_of_improvement

# Tasks of runs. What rliable 1.2.0 gives for these (arch 7.2.0; intervals of 50,000 and 5,000 resamples, np.random.seed(0)).
FIRST = [[0.1, 0.4, 0.35, 0.2], [0.9, 0.9, 1.0, 0.7], [-0.3, 0.2, 0.0, 0.6]]
SECOND = [[0.3, 0.0, 0.1], [0.9, 0.8, 1.0], [-0.1, 0.2, -0.5]]
RLIABLE = {
    "mean": (0.42083333, 0.30416667, 0.54166667),
    "iqm": (0.40833333, 0.26666667, 0.55),
    "probability": (0.65277778, 0.41666667, 0.86111111),
}


def parts(estimate: Estimate | None) -> tuple[float | None, ...]:
    assert estimate is not None
    return estimate.value, estimate.low, estimate.high


def test_they_are_rliable_s_with_its_intervals() -> None:
    assert parts(mean(FIRST)) == pytest.approx(RLIABLE["mean"], abs=0.01)
    assert parts(iqm(FIRST)) == pytest.approx(RLIABLE["iqm"], abs=0.01)
    assert parts(probability_of_improvement(FIRST, SECOND)) == pytest.approx(RLIABLE["probability"], abs=0.015)
    for found, name in ((mean(FIRST), "mean"), (iqm(FIRST), "iqm")):
        assert parts(found)[0] == pytest.approx(RLIABLE[name][0], abs=1e-8)


def test_the_iqm_is_the_mean_of_the_middle_half() -> None:
    assert parts(iqm([[9.0, 1.0, 2.0], [3.0, 4.0, 5.0, 100.0, -7.0]]))[0] == np.mean([2.0, 3.0, 4.0, 5.0])
    assert parts(iqm([[1.0, 2.0, 6.0]]))[0] == 3.0, "of three a quarter is no whole run: none is cut off"


def test_the_probability_is_the_mann_whitney_statistic_with_ties_as_a_half() -> None:
    random = np.random.default_rng(3)
    first, second = (
        [random.integers(0, 4, size).astype(float).tolist() for size in sizes] for sizes in ([3, 5], [4, 2])
    )
    expected = np.mean([mannwhitneyu(x, y).statistic / (len(x) * len(y)) for x, y in zip(first, second, strict=True)])
    assert parts(probability_of_improvement(first, second))[0] == pytest.approx(expected)
    there, back = (probability_of_improvement(*both) for both in ((first, second), (second, first)))
    assert parts(there)[0] == pytest.approx(1 - parts(back)[0])
    assert parts(probability_of_improvement([[1.0, 1.0]], [[1.0, 1.0]])) == (0.5, 0.5, 0.5)


def test_the_interval_is_that_of_a_bootstrap_within_each_task() -> None:
    random = np.random.default_rng(5)
    tasks = [random.normal(at, 1.0, size).tolist() for at, size in ((0, 4), (10, 3))]
    drawn = [np.mean([np.mean(random.choice(task, len(task))) for task in tasks]) for _ in range(20_000)]
    assert parts(mean(tasks))[1:] == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.03)
    assert mean(tasks) == mean(tasks), "the same scores have the same interval"


def test_without_scores_there_is_nothing_and_with_one_run_of_a_task_no_interval() -> None:
    assert mean([]) is None and iqm([[]]) is None and probability_of_improvement([], []) is None
    assert mean([[1.0], [2.0, 4.0]]) == Estimate(2.0)
    with pytest.raises(ValueError, match="same tasks"):
        probability_of_improvement([[1.0]], [])


def test_a_band_is_the_interval_of_the_mean_at_each_point() -> None:
    curves = np.random.default_rng(5).normal(size=(4, 7))
    curves[0, :2] = np.nan  # begins later
    curves[1:, 6] = np.nan  # and goes on alone
    low, high = mean_band(curves)
    for point in range(6):
        alone = mean([[value for value in curves[:, point] if np.isfinite(value)]])
        assert alone is not None and alone.low is not None and alone.high is not None
        spread = alone.high - alone.low
        assert low[point] == pytest.approx(alone.low, abs=0.06 * spread), "with fewer draws, nearly the same"
        assert high[point] == pytest.approx(alone.high, abs=0.06 * spread)
    assert np.isnan([low[6], high[6]]).all(), "of one run nothing is known"
