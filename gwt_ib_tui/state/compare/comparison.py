"""Several runs compared: which is chosen, mean and band over seeds, differences at equal env steps; pure.

Between two rows of a run its values are interpolated; outside its own range a run has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np

from gwt_ib_tui.state.compare.run_set import RunEntry, RunSetView
from gwt_ib_tui.state.history.series import Column, Doubles

COMPARED = ("ep100", "eval_return", "td_std", "mean_c", "explained_variance", "steps_per_s")
REPORTED = ("ep100", "eval_return", "mmer", "td_std", "mean_c", "explained_variance")
GRID_POINTS = 400  # more than a chart has dot columns
BAND_POINTS = 100  # of them, for intervals: a bootstrap for each takes long
Spread = Literal["interval", "range"]
"""What the band about a mean is: its 95 % interval, or from the least to the largest seed."""


@dataclass(frozen=True, eq=False)
class OverSeeds:
    """One metric over the seeds of a setting: at each x the mean of those that have a value there, the ends of the band
    about it, and how many they are. NaN where none has a value; an interval needs two."""

    x: Doubles
    mean: Doubles
    low: Doubles
    high: Doubles
    count: Doubles


class Difference(NamedTuple):
    """A run's value and that of the baseline at the same env steps, the largest that both have reached."""

    env_steps: float
    value: float
    baseline: float
    delta: float


def over_seeds(
    runs: Sequence[tuple[Column, Column]], *, points: int = GRID_POINTS, spread: Spread = "range"
) -> OverSeeds | None:
    """Mean and band of `runs`, each an x column and a metric's, on a grid over all their ranges; none without a value.

    The values of a sparse metric are joined over the rows without one; elsewhere such rows are a gap.
    """
    paths = [path for x, y in runs if len((path := path_of(x, y))[0])]
    if not paths:
        return None
    first, last = min(x[0] for x, _ in paths), max(x[-1] for x, _ in paths)
    grid = np.linspace(first, last, points if last > first else 1)
    values = np.array([np.interp(grid, x, y, left=np.nan, right=np.nan) for x, y in paths])
    known = np.isfinite(values)
    count = known.sum(axis=0).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=0) / np.where(count > 0, count, np.nan)
    if spread == "interval":
        from gwt_ib.results.intervals import mean_band

        some = np.linspace(0, len(grid) - 1, min(len(grid), BAND_POINTS)).astype(np.int64)
        # Between these places the ends keep their distance from the mean, and not their height: it stays between them.
        low, high = (mean + np.interp(grid, grid[some], end - mean[some]) for end in mean_band(values[:, some]))
        return OverSeeds(grid, mean, low, high, count)
    return OverSeeds(grid, mean, np.fmin.reduce(values), np.fmax.reduce(values), count)


def difference(run: tuple[Column, Column], baseline: tuple[Column, Column]) -> Difference | None:
    """Run against baseline at the largest x that both have; none where their ranges have nothing in common."""
    (x, y), (base_x, base_y) = path_of(*run), path_of(*baseline)
    if not len(x) or not len(base_x):
        return None
    at = float(min(x[-1], base_x[-1]))
    value, base = (float(np.interp(at, xs, ys, left=np.nan, right=np.nan)) for xs, ys in ((x, y), (base_x, base_y)))
    return Difference(at, value, base, value - base) if np.isfinite(value) and np.isfinite(base) else None


def newest(column: Column) -> float | None:
    """The newest value that is one."""
    known = column.mean[np.isfinite(column.mean)]
    return float(known[-1]) if known.size else None


def mean_and_std(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Mean and the sample's standard deviation (n - 1); none of the first without a value, of the second below two."""
    if not values:
        return None, None
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None


def path_of(x: Column, y: Column) -> tuple[Doubles, Doubles]:
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


@dataclass(frozen=True)
class Comparison:
    """Runs side by side. `chosen` and `baseline` are keys of runs; one that is not there means the first.

    `grouped` shows the seeds of a setting as one, with `spread` as their band; `by` says what each chart is: a metric of
    all runs, or the chosen metric of one setting.
    """

    runs: RunSetView = field(default_factory=RunSetView)
    chosen: str = ""
    baseline: str = ""
    metric: str = COMPARED[0]
    grouped: bool = False
    spread: Spread = "interval"
    by: Literal["metric", "setting"] = "metric"

    @property
    def chosen_run(self) -> RunEntry | None:
        """The run in front."""
        return self._run(self.chosen)

    @property
    def baseline_run(self) -> RunEntry | None:
        """The run that the others are compared with."""
        return self._run(self.baseline)

    @property
    def groups(self) -> list[list[RunEntry]]:
        """The runs of each setting."""
        return [[self.runs.entries[place] for place in places] for places in self.runs.groups]

    def moved(self, offset: int) -> Comparison:
        """The run `offset` places further down is the chosen one; as groups, the first run of the setting there."""
        entries, chosen = self.runs.entries, self.chosen_run
        if chosen is None:
            return self
        if self.grouped:
            groups = self.groups
            return replace(self, chosen=groups[(chosen.group + offset) % len(groups)][0].key)
        return replace(self, chosen=entries[(entries.index(chosen) + offset) % len(entries)].key)

    def regrouped(self) -> Comparison:
        """The next of three: single runs, settings with the interval of their mean, settings with their range."""
        if not self.grouped:
            return replace(self, grouped=True, spread="interval")
        return replace(self, spread="range") if self.spread == "interval" else replace(self, grouped=False)

    def difference(self, entry: RunEntry) -> Difference | None:
        """A run against the baseline by the metric, at the env steps that both have reached."""
        baseline = self.baseline_run
        return None if baseline is None else difference_of(entry, baseline, self.metric)

    def _run(self, key: str) -> RunEntry | None:
        entries = self.runs.entries
        return next((entry for entry in entries if entry.key == key), entries[0] if entries else None)


def newest_of(entry: RunEntry, metric: str) -> float | None:
    """A run's newest value of a metric; of one that has a value now and then, the last that there was."""
    value = entry.run_view.metric(metric)
    if value is not None:
        return value
    column = entry.run_view.series.column(metric)
    return newest(column) if column.sparse else None


def difference_of(entry: RunEntry, baseline: RunEntry, metric: str) -> Difference | None:
    """Two runs by one metric, at the env steps that both have reached."""
    series = (one.run_view.series for one in (entry, baseline))
    return difference(*((one.column("env_steps"), one.column(metric)) for one in series))
