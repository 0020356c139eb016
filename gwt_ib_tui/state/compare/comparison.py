"""Several runs compared: which is chosen, mean and band over seeds, differences at equal env steps; pure.

Between two rows of a run its values are interpolated; outside its own range a run has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from gwt_ib.runs.settings import RUN_LOCAL
from gwt_ib_tui.state.compare.run_set import RunEntry, RunSetView
from gwt_ib_tui.state.history.series import Column, Doubles

COMPARED = ("ep100", "eval_return", "td_std", "mean_c", "explained_variance", "steps_per_s")
REPORTED = ("ep100", "eval_return", "mmer", "td_std", "mean_c", "explained_variance")
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


class Difference(NamedTuple):
    """A run's value and that of the baseline at the same env steps, the largest that both have reached."""

    env_steps: float
    value: float
    baseline: float
    delta: float


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


@dataclass(frozen=True)
class Comparison:
    """Runs side by side. `chosen` and `baseline` are keys of runs; one that is not there means the first."""

    runs: RunSetView = field(default_factory=RunSetView)
    chosen: str = ""
    baseline: str = ""
    metric: str = COMPARED[0]
    grouped: bool = False

    @property
    def chosen_run(self) -> RunEntry | None:
        """The run in front."""
        return self._run(self.chosen)

    @property
    def baseline_run(self) -> RunEntry | None:
        """The run that the others are compared with."""
        return self._run(self.baseline)

    def moved(self, offset: int) -> Comparison:
        """The run `offset` places further down is the chosen one."""
        entries, chosen = self.runs.entries, self.chosen_run
        if chosen is None:
            return self
        return replace(self, chosen=entries[(entries.index(chosen) + offset) % len(entries)].key)

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


def report(view: RunSetView) -> dict[str, Any]:
    """The comparison as JSON has it: each run, its differences from the first at equal env steps, and each setting."""
    baseline = view.entries[0] if view.entries else None
    return {
        "baseline": None if baseline is None else baseline.name,
        "runs": [_run_record(entry, baseline) for entry in view.entries if baseline is not None],
        "groups": [_group_record([view.entries[place] for place in places]) for places in view.groups],
    }


def _run_record(entry: RunEntry, baseline: RunEntry) -> dict[str, Any]:
    run_view = entry.run_view
    differences = {metric: difference_of(entry, baseline, metric) for metric in REPORTED}
    return {
        "run": entry.name,
        "path": str(entry.directory.path),
        "env_id": entry.env_id,
        "seed": entry.seed,
        "state": run_view.state,
        "env_steps": run_view.metric("env_steps"),
        "total_timesteps": run_view.run.total_timesteps,
        **{metric: newest_of(entry, metric) for metric in REPORTED},
        "verdict": entry.verdict,
        "gate_verdict": entry.gate,
        "group": entry.group,
        "differs": dict(entry.differs),
        "delta": {metric: found and found._asdict() for metric, found in differences.items()},
    }


def _group_record(entries: list[RunEntry]) -> dict[str, Any]:
    metrics = {}
    for metric in REPORTED:
        values = [value for entry in entries if (value := newest_of(entry, metric)) is not None]
        mean, std = mean_and_std(values)
        metrics[metric] = {"mean": mean, "std": std, "n": len(values)}
    return {
        "runs": [entry.name for entry in entries],
        "seeds": [entry.seed for entry in entries],
        "settings": {name: value for name, value in entries[0].differs if name not in RUN_LOCAL},
        "metrics": metrics,
    }
