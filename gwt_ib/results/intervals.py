"""The statistics of the table as rliable defines them (Agarwal et al., NeurIPS 2021): means, IQM, probability, intervals.

Scores are one array of runs for each task. An interval is that of a stratified bootstrap: runs are drawn again within each
task, tasks are not; 95 %, percentile. Its draws come from one fixed seed, so the same scores give the same interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = Sequence[Sequence[float]]
Array = NDArray[np.float64]
CONFIDENCE = 0.95
RESAMPLES = 10_000
SEED = 0
BAND_RESAMPLES = 1_000
"""For a band along a curve: fewer, as there is one interval a point, and nobody reads digits off it."""
CHUNK = 1_000
"""Resamples that are looked at at once: bounds the memory of a table of 48 tasks."""


@dataclass(frozen=True)
class Estimate:
    """A number with its interval; `low` and `high` are None where there is none: with one run of a task nothing is known."""

    value: float
    low: float | None = None
    high: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return dict(vars(self))


def mean(scores: Scores) -> Estimate | None:
    """The mean over tasks of the mean over runs."""
    return _estimate(lambda *tasks: np.mean([task.mean(axis=-1) for task in tasks], axis=0), scores)


def iqm(scores: Scores) -> Estimate | None:
    """The interquartile mean over all runs of all tasks: that of the middle half, a quarter cut off at each end."""
    from scipy.stats import trim_mean

    return _estimate(lambda *tasks: trim_mean(np.concatenate(tasks, axis=-1), 0.25, axis=-1), scores)


def probability_of_improvement(first: Scores, second: Scores) -> Estimate | None:
    """How likely a run of the first is better than one of the second on a task, ties as a half; mean over the tasks."""
    if len(first) != len(second):
        raise ValueError("both need the same tasks")
    tasks = len(first)

    def probability(*samples: Array) -> Array:
        of_tasks = [_better(samples[at], samples[tasks + at]) for at in range(tasks)]
        return np.asarray(np.mean(of_tasks, axis=0))

    return _estimate(probability, [*first, *second])


def mean_band(values: Array) -> tuple[Array, Array]:
    """The interval of `mean` at each point of curves [runs, points]: its low and its high end.

    NaN where a run has no value, and at points that fewer than two runs have, where there is no interval.
    """
    from scipy.stats import bootstrap

    values = np.asarray(values, np.float64)
    low, high = (np.full(values.shape[1], np.nan) for _ in range(2))
    known = np.isfinite(values)
    for pattern in np.unique(known, axis=1).T:  # few: runs begin and end at different points
        if pattern.sum() < 2:
            continue
        at = np.flatnonzero((pattern == known.T).all(axis=1))
        found = bootstrap(
            [values[np.ix_(pattern, at)]], np.mean, axis=0, vectorized=True, method="percentile",
            confidence_level=CONFIDENCE, n_resamples=BAND_RESAMPLES, rng=np.random.default_rng(SEED),
        ).confidence_interval  # fmt: skip
        low[at], high[at] = found.low, found.high
    return low, high


def _better(first: Array, second: Array) -> Array:
    """The Mann-Whitney statistic over the number of pairs."""
    difference = first[..., :, None] - second[..., None, :]
    return np.asarray(((difference > 0) + 0.5 * (difference == 0)).mean(axis=(-2, -1)), np.float64)


def _estimate(statistic: Callable[..., Array], scores: Scores) -> Estimate | None:
    """A statistic of samples whose last axis is that of runs, with its interval; None without scores."""
    from scipy.stats import bootstrap

    if not scores or not all(map(len, scores)):
        return None
    samples = [np.asarray(each, np.float64) for each in scores]
    value = float(statistic(*samples))
    if min(map(len, samples)) < 2:
        return Estimate(value)
    found = bootstrap(
        samples, lambda *drawn, axis: statistic(*drawn), vectorized=True, paired=False, method="percentile",
        confidence_level=CONFIDENCE, n_resamples=RESAMPLES, batch=CHUNK, rng=np.random.default_rng(SEED),
    ).confidence_interval  # fmt: skip
    return Estimate(value, float(found.low), float(found.high))
