"""What the seeds of a setting come to together: mean, IQM and improvement over a baseline's, each with its interval; pure.

Runs are compared at equal env steps, the largest that all runs of their task have come to; a metric that has a value now
and then, such as an evaluation, by the last value of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gwt_ib.results import intervals
from gwt_ib.results.intervals import Estimate
from gwt_ib.runs.settings import RUN_LOCAL
from gwt_ib_tui.state.compare.comparison import newest_of, path_of
from gwt_ib_tui.state.compare.run_set import RunEntry, RunSetView

SCORED = ("ep100", "eval_return")
"""The two returns by which settings are compared where nothing else is asked for."""
SHORT = 0.9
"""A run that has come to less than this share of the longest one's env steps is named: it shortens all others."""

Values = tuple[float, ...]


@dataclass(frozen=True)
class GroupScore:
    """One metric of the runs of one setting."""

    metric: str
    env_steps: float | None
    """Where the values are taken; None for each run's last."""
    values: Values
    """Of the runs that have one, in their order."""
    mean: Estimate | None = None
    iqm: Estimate | None = None
    delta: float | None = None
    """The mean less that of the baseline's setting."""
    better: Estimate | None = None
    """How likely a run is better than one of the baseline's setting."""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        parts = {"mean": self.mean, "iqm": self.iqm, "probability_of_improvement": self.better}
        return {
            "env_steps": self.env_steps,
            "n": len(self.values),
            "values": list(self.values),
            **{name: None if found is None else found.as_dict() for name, found in parts.items()},
            "delta": self.delta,
        }


def group_scores(view: RunSetView, metric: str, baseline: RunEntry | None) -> list[GroupScore]:
    """A metric of each setting, in the order of `view.groups`, against the one of its task that `baselines` names."""
    groups = [[view.entries[place] for place in places] for places in view.groups]
    at = {env_id: common_steps(view.entries, metric, env_id) for env_id in {each.env_id for each in view.entries}}
    values = [_values(entries, metric, at[entries[0].env_id]) for entries in groups]
    return [
        _score(metric, at[groups[number][0].env_id], own, () if based in (None, number) else values[based])
        for number, (own, based) in enumerate(zip(values, baselines(view, baseline), strict=True))
    ]


def baselines(view: RunSetView, baseline: RunEntry | None) -> list[int | None]:
    """The number of the setting that each setting is compared with: that of the run `baseline`.

    On another task it is the one that differs from it in the task alone; None where there is none.
    """
    firsts = [view.entries[places[0]] for places in view.groups]
    if baseline is None:
        return [None] * len(firsts)
    wanted = _without_task(firsts[baseline.group])
    found = {first.env_id: number for number, first in enumerate(firsts) if wanted and _without_task(first) == wanted}
    found[firsts[baseline.group].env_id] = baseline.group
    return [found.get(first.env_id) for first in firsts]


def common_steps(entries: Sequence[RunEntry], metric: str, env_id: str) -> float | None:
    """The largest env steps that all runs of a task have come to; None without a value, and of a sparse metric."""
    last = [steps for entry in entries if entry.env_id == env_id and (steps := _last_steps(entry, metric)) is not None]
    return min(last, default=None)


def shortest(view: RunSetView, metric: str) -> list[tuple[list[RunEntry], float]]:
    """The runs of each task at which the others are cut off, and their env steps, where another is much longer."""
    found = []
    for env_id in dict.fromkeys(entry.env_id for entry in view.entries):
        entries = [entry for entry in view.entries if entry.env_id == env_id]
        ends = {entry.key: steps for entry in entries if (steps := _last_steps(entry, metric)) is not None}
        if ends and (least := min(ends.values())) < SHORT * max(ends.values()):
            found.append(([entry for entry in entries if ends.get(entry.key) == least], least))
    return found


@lru_cache(maxsize=512)
def _score(metric: str, at: float | None, values: Values, other: Values) -> GroupScore:
    """Kept for the next time: a table is drawn again for every new row of any run."""
    better = intervals.probability_of_improvement([values], [other]) if values and other else None
    delta = float(np.mean(values) - np.mean(other)) if values and other else None
    return GroupScore(metric, at, values, intervals.mean([values]), intervals.iqm([values]), delta, better)


def _without_task(entry: RunEntry) -> dict[str, Any]:
    config = entry.run_view.config
    return {} if config is None else config.model_dump(exclude=set(RUN_LOCAL) | {"env_id"})


def _values(entries: Sequence[RunEntry], metric: str, at: float | None) -> Values:
    found = (newest_of(entry, metric) if at is None else _value_at(entry, metric, at) for entry in entries)
    return tuple(value for value in found if value is not None)


def _value_at(entry: RunEntry, metric: str, at: float) -> float | None:
    series = entry.run_view.series
    x, y = path_of(series.column("env_steps"), series.column(metric))
    value = float(np.interp(at, x, y, left=np.nan, right=np.nan)) if len(x) else np.nan
    return value if np.isfinite(value) else None


def _last_steps(entry: RunEntry, metric: str) -> float | None:
    series = entry.run_view.series
    column = series.column(metric)
    x, _ = path_of(series.column("env_steps"), column)
    return float(x[-1]) if len(x) and not column.sparse else None
