"""What is compared of several runs: which is chosen, which is the baseline, by which metric; pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from gwt_ib_tui.state.compare.over_runs import Difference, difference, mean_and_std, newest
from gwt_ib_tui.state.compare.run_set import RunEntry, RunSetView
from gwt_ib_tui.state.compare.settings import RUN_LOCAL

COMPARED = ("ep100", "eval_return", "td_std", "mean_c", "explained_variance", "steps_per_s")
REPORTED = ("ep100", "eval_return", "mmer", "td_std", "mean_c", "explained_variance")


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
        """A run against the baseline by the metric, at the env steps that both have come to."""
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
    """Two runs by one metric, at the env steps that both have come to."""
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
        "group": entry.group,
        "differs": dict(entry.differs),
        "delta": {metric: _difference_record(difference_of(entry, baseline, metric)) for metric in REPORTED},
    }


def _difference_record(found: Difference | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {"env_steps": found.x, "value": found.value, "baseline": found.baseline, "delta": found.delta}


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
