"""Several runs against each other: the mean over seeds with its band, and differences at equal x; pure numbers.

Between two rows of a run its values are interpolated; outside its own range a run has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gwt_ib_tui.state.history.series import Column, Doubles

GRID_POINTS = 400  # more than a chart has dot columns


@dataclass(frozen=True, eq=False)
class OverSeeds:
    """One metric over the seeds of a setting: at each x the mean of those that have a value there, the least and the
    largest of them, and how many they are. NaN where none has a value."""

    x: Doubles
    mean: Doubles
    low: Doubles
    high: Doubles
    count: Doubles


@dataclass(frozen=True)
class Difference:
    """A run's value and that of the baseline at the same x, the largest that both have come to."""

    x: float
    value: float
    baseline: float

    @property
    def delta(self) -> float:
        """How much more the run has."""
        return self.value - self.baseline


def over_seeds(runs: Sequence[tuple[Column, Column]], *, points: int = GRID_POINTS) -> OverSeeds | None:
    """Mean and band of `runs`, each an x column and a metric's, on a grid over all their ranges; none without a value.

    The values of a sparse metric are joined over the rows without one; elsewhere such rows are a gap.
    """
    paths = [path for x, y in runs if len((path := _path(x, y))[0])]
    if not paths:
        return None
    first, last = min(x[0] for x, _ in paths), max(x[-1] for x, _ in paths)
    grid = np.linspace(first, last, points if last > first else 1)
    values = np.array([np.interp(grid, x, y, left=np.nan, right=np.nan) for x, y in paths])
    known = np.isfinite(values)
    count = known.sum(axis=0).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=0) / np.where(count > 0, count, np.nan)
    return OverSeeds(grid, mean, np.fmin.reduce(values), np.fmax.reduce(values), count)


def difference(run: tuple[Column, Column], baseline: tuple[Column, Column]) -> Difference | None:
    """Run against baseline at the largest x that both have; none where their ranges have nothing in common."""
    (x, y), (base_x, base_y) = _path(*run), _path(*baseline)
    if not len(x) or not len(base_x):
        return None
    at = float(min(x[-1], base_x[-1]))
    value, base = (float(np.interp(at, xs, ys, left=np.nan, right=np.nan)) for xs, ys in ((x, y), (base_x, base_y)))
    return Difference(at, value, base) if np.isfinite(value) and np.isfinite(base) else None


def newest(column: Column) -> float | None:
    """The newest value that is one."""
    known = column.mean[np.isfinite(column.mean)]
    return float(known[-1]) if known.size else None


def mean_and_std(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Mean and the sample's standard deviation (n - 1); none of the first without a value, of the second below two."""
    if not values:
        return None, None
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None


def _path(x: Column, y: Column) -> tuple[Doubles, Doubles]:
    """The rows that have an x, and a value; NaN are gaps inside the range of the values, and nothing beside it."""
    keep = np.isfinite(x.mean) & (np.isfinite(y.mean) if y.sparse else True)
    xs, ys = x.mean[keep], y.mean[keep]
    valued = np.flatnonzero(np.isfinite(ys))
    if not valued.size:
        return xs[:0], ys[:0]
    inside = slice(int(valued[0]), int(valued[-1]) + 1)
    xs, ys = xs[inside], ys[inside]
    rising = np.append(True, np.diff(np.maximum.accumulate(xs)) > 0)  # np.interp needs it
    return xs[rising], ys[rising]
