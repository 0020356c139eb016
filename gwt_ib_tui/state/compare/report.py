"""A comparison as it is printed and written: each run against the baseline, each setting with its intervals; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from gwt_ib.lenient import real, text
from gwt_ib.results import intervals
from gwt_ib.runs.settings import RUN_LOCAL, setting_words
from gwt_ib.text import count, plain
from gwt_ib_tui.state.compare.comparison import REPORTED, difference_of, mean_and_std, newest_of
from gwt_ib_tui.state.compare.group_scores import SCORED, GroupScore, baselines, group_scores, shortest
from gwt_ib_tui.state.compare.run_set import RunEntry, RunSetView

FEW = 5
"""Runs of a setting below which its interval is too narrow."""
INTERVAL: Mapping[str, Any] = {
    "method": "stratified percentile bootstrap over runs",
    "confidence": intervals.CONFIDENCE,
    "resamples": intervals.RESAMPLES,
    "bootstrap_seed": intervals.SEED,
}


def report(view: RunSetView) -> dict[str, Any]:
    """The comparison as JSON has it; the first run and its setting are the baseline.

    Each run has its differences from that at equal env steps, each setting mean, IQM and probability of improvement over
    the baseline's, of `SCORED`.
    """
    baseline = view.entries[0] if view.entries else None
    against = baselines(view, baseline)
    scores = {metric: group_scores(view, metric, baseline) for metric in SCORED}
    return {
        "baseline": None if baseline is None else baseline.name,
        "baseline_group": None if baseline is None else baseline.group,
        "interval": dict(INTERVAL),
        "notes": _notes(view),
        "runs": [_run_record(entry, baseline) for entry in view.entries if baseline is not None],
        "groups": [
            _group_record(
                [view.entries[place] for place in places],
                against[number],
                {metric: found[number] for metric, found in scores.items()},
            )
            for number, places in enumerate(view.groups)
        ],
    }


CSV_ESTIMATES = ("mean", "iqm", "probability_of_improvement")
CSV_COLUMNS = (
    *("setting", "env_id", "runs", "seeds", "names", "baseline"),
    *(
        f"{metric}_{part}"
        for metric in SCORED
        for part in (
            *("n", "env_steps", "delta"),
            *(f"{name}{end}" for name in CSV_ESTIMATES for end in ("", "_low", "_high")),
        )
    ),
)
"""The columns of the CSV: they are only ever added to, at the end."""


def report_csv(found: Mapping[str, Any]) -> str:
    """What `report` found as a row for each setting; what is not there is empty."""
    written = io.StringIO()
    writer = csv.DictWriter(written, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for number, group in enumerate(found["groups"]):
        row: dict[str, Any] = {
            "setting": setting_words(list(group["settings"].items())),
            "env_id": plain(group["env_id"]),
            "runs": len(group["runs"]),
            "seeds": " ".join(plain(seed) for seed in group["seeds"]),
            "names": " ".join(plain(name) for name in group["runs"]),
            "baseline": int(number == group["against"]),
        }
        for metric, score in group["scores"].items():
            row |= {f"{metric}_{part}": score[part] for part in ("n", "env_steps", "delta")}
            for name in CSV_ESTIMATES:
                estimate = score[name] or {}
                row[f"{metric}_{name}"] = estimate.get("value")
                row |= {f"{metric}_{name}_{end}": estimate.get(end) for end in ("low", "high")}
        writer.writerow(row)
    return written.getvalue()


def _notes(view: RunSetView) -> list[str]:
    """What has to be known beside the numbers, sentences."""
    found = [
        f"{_named(entries)} came to {count(steps)} env steps only, and so all of the task are compared there: without "
        f"{'it' if len(entries) == 1 else 'these'} they are compared further on."
        for entries, steps in shortest(view, SCORED[0])
    ]
    few = min((len(places) for places in view.groups if len(places) > 1), default=FEW)
    if few < FEW:
        found.append(f"With {few} seeds a bootstrap's interval is narrower than it should be: read it as the least.")
    found += _shared_pasts(view)
    if any(len(places) == 1 for places in view.groups) and any(len(places) > 1 for places in view.groups):
        found.append("A setting of one run has no interval: how it varies is not known.")
    if len({view.entries[places[0]].env_id for places in view.groups}) > 1:
        found.append(
            "Returns of different tasks are not compared: each setting is, with the baseline's on its own task."
        )
    return found


def _named(entries: list[RunEntry]) -> str:
    return plain(entries[0].name) + (f" and {len(entries) - 1} more" if len(entries) > 1 else "")


def _shared_pasts(view: RunSetView) -> list[str]:
    """A branch that is counted as a seed beside the run that it comes from."""
    names = {str(entry.directory.path.resolve()): entry for entry in view.entries}
    found = []
    for entry in view.entries:
        origin = entry.run_view.run.branched_from
        parent = names.get(text(origin.get("path")))
        if parent is not None and parent.group == entry.group:
            steps = count(real(origin.get("env_steps")))
            found.append(
                f"{plain(entry.name)} is a branch of {plain(parent.name)}: they share {steps} env steps, and are no two "
                f"independent runs."
            )
    return found


def _run_record(entry: RunEntry, baseline: RunEntry) -> dict[str, Any]:
    run_view = entry.run_view
    differences = {metric: difference_of(entry, baseline, metric) for metric in REPORTED}
    return {
        "run": entry.name,
        "name": entry.label,
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


def _group_record(entries: list[RunEntry], against: int | None, scores: Mapping[str, GroupScore]) -> dict[str, Any]:
    metrics = {}
    for metric in REPORTED:
        values = [value for entry in entries if (value := newest_of(entry, metric)) is not None]
        mean, std = mean_and_std(values)
        metrics[metric] = {"mean": mean, "std": std, "n": len(values)}
    return {
        "runs": [entry.name for entry in entries],
        "seeds": [entry.seed for entry in entries],
        "env_id": entries[0].env_id,
        "settings": {name: value for name, value in entries[0].differs if name not in RUN_LOCAL},
        "against": against,
        "scores": {metric: score.as_dict() for metric, score in scores.items()},
        "metrics": metrics,
    }
