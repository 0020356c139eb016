"""One curve out of several runs: the mean over the seeds of a setting, with its interval; pure.

The interval at each point is Student's t, 95 %: mean ± t(0.975, n - 1) s / sqrt(n), with s the standard deviation of the
n runs there. It is pointwise: it says nothing of whole curves, and takes the runs' values for normally distributed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gwt_ib.figures.figure import Doubles

CONFIDENCE = 0.95
INTERVAL = "95 % Student t, pointwise, over runs"
MOST_POINTS = 1000
"""Of a line: more than a page has dots. A longer history is first averaged over equally many rows for each point."""


class Path(NamedTuple):
    """One run's values by rising x, both of shape [rows]."""

    x: Doubles
    y: Doubles


class Band(NamedTuple):
    """At each x the mean of all runs, the ends of its interval, NaN for one run alone, and their number; [points]."""

    x: Doubles
    mean: Doubles
    low: Doubles
    high: Doubles
    n: Doubles


def path_of(x: Doubles, y: Doubles, *, sparse: bool = False, smoothing: float = 0.0) -> Path:
    """The rows that have an x, by rising x, with the values between the first and the last that is one.

    Between the values of a `sparse` metric lines are straight; of another one a row without a value is a gap.
    `smoothing`, from 0 to below 1, is the weight of the past in a moving average over the rows with a value.
    """
    keep = np.isfinite(x) & (np.isfinite(y) if sparse else True)
    x, y = x[keep], np.where(np.isfinite(y[keep]), y[keep], np.nan)
    valued = np.flatnonzero(np.isfinite(y))
    if not valued.size:
        return Path(x[:0], y[:0])
    inside = slice(int(valued[0]), int(valued[-1]) + 1)
    x, y = x[inside], y[inside]
    rising = np.append(True, np.diff(np.maximum.accumulate(x)) > 0)  # np.interp needs it
    return _shortened(Path(x[rising], smoothed(y[rising], smoothing)))


def smoothed(values: Doubles, weight: float) -> Doubles:
    """The exponential moving average of the values that are there, corrected for its start; NaN stays where none is."""
    from scipy.signal import lfilter

    if not 0 < weight < 1:
        return values
    there = np.isfinite(values)
    result = np.full(len(values), np.nan)
    sums = lfilter([1.0 - weight], [1.0, -weight], values[there])
    result[there] = sums / (1.0 - weight ** np.arange(1, there.sum() + 1))
    return result


def over_runs(runs: Sequence[Path]) -> Band | None:
    """Mean and interval at the x of all rows between the last run's first and the first run's last; None without such.

    Between its own rows a run is interpolated. A point at which a run has a gap is one in all.
    """
    if not runs or not all(len(run.x) for run in runs):
        return None
    if all(np.array_equal(run.x, runs[0].x) for run in runs):  # as seeds of one setting are: nothing is interpolated
        return across(runs[0].x, np.stack([run.y for run in runs]))
    first, last = max(run.x[0] for run in runs), min(run.x[-1] for run in runs)
    grid = np.unique(np.concatenate([run.x for run in runs]))
    grid = grid[(grid >= first) & (grid <= last)]
    if not len(grid):
        return None
    if len(grid) > MOST_POINTS:  # of runs whose rows lie at different x
        grid = np.linspace(first, last, MOST_POINTS)
    return across(grid, np.stack([np.interp(grid, run.x, run.y) for run in runs]))


def across(x: Doubles, values: Doubles) -> Band:
    """Mean and interval over runs of values [runs, points] at x [points]."""
    from scipy.stats import t

    runs = len(values)
    mean = values.mean(axis=0)
    half = np.full(len(x), np.nan)
    if runs > 1:
        half = t.ppf((1 + CONFIDENCE) / 2, runs - 1) * values.std(axis=0, ddof=1) / np.sqrt(runs)
    return Band(x, mean, mean - half, mean + half, np.where(np.isfinite(mean), float(runs), 0.0))


def _shortened(path: Path) -> Path:
    """At most `MOST_POINTS` points: each the mean of as many rows."""
    rows = -(-len(path.x) // MOST_POINTS)
    if rows <= 1:
        return path
    starts = np.arange(0, len(path.x), rows)
    there = np.isfinite(path.y)
    with np.errstate(invalid="ignore"):
        y = np.add.reduceat(np.where(there, path.y, 0.0), starts) / np.add.reduceat(there.astype(np.float64), starts)
    x = np.add.reduceat(path.x, starts) / np.diff(starts, append=len(path.x))
    return Path(x, y)
