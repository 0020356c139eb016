"""Learning curves: one or several metrics over the training, mean and interval over the seeds of each setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.figures.axes import METRIC_LABELS, TOGETHER, XName, metric_axis, place_axis
from gwt_ib.figures.figure import Doubles, Figure, Panel, Series
from gwt_ib.figures.groups import Group
from gwt_ib.figures.seeds import INTERVAL, Band, over_runs, path_of
from gwt_ib.runs.columns import Columns, read_columns
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.metrics import SPARSE
from gwt_ib.text import short_count

SHORT = 0.95
"""A run of less than this share of the longest of its group is said to end the line."""


@dataclass(frozen=True)
class Look:
    """How the training is looked at: the x axis, the weight of the past in a moving average, log y, a window of x, and
    the update up to which rows are shown, the whole where there is none."""

    x: XName = "env_steps"
    smoothing: float = 0.0
    log_y: bool = False
    window: tuple[float, float] | None = None
    until: float | None = None


def curves(groups: Sequence[Group], panels: Sequence[Sequence[str]], look: Look) -> Figure:
    """A panel for some metrics each, and for each task where there are several; a line for each metric and group.

    Raises `UserError` (65) where no run has a value of any of them.
    """
    metrics = list(dict.fromkeys(metric for panel in panels for metric in panel))
    columns = {run: rows_of(run, [*metrics, look.x], look) for group in groups for run in group.runs}
    tasks = list(dict.fromkeys(group.task for group in groups))
    lines = list(dict.fromkeys(group.label for group in groups if len(tasks) > 1)) or None
    made, left_out = [], 0
    for panel, task in product(panels, tasks):
        series, here = [], [group for group in groups if group.task == task]
        for place, (metric, group) in enumerate(product(panel, here)):
            band, missing = band_of(group, columns, metric, look)
            left_out += missing
            if band is not None:
                # A setting looks the same on every task.
                number = place if lines is None else panel.index(metric) * len(lines) + lines.index(group.label)
                series.append(line(band, _label(group, metric, len(here), len(panel)), number))
        if series:
            x = place_axis(look.x, largest_x(series), look.window)
            title = ": ".join(filter(None, (task, TOGETHER.join(panel) if not task or len(panels) > 1 else "")))
            made.append(Panel(title, x, metric_axis(panel, log=look.log_y), tuple(series)))
    if not made:
        names = ", ".join(dict.fromkeys(run.name for group in groups for run in group.runs))
        raise UserError(f"No value of {', '.join(metrics)} is recorded in {names}.", ExitCode.BAD_DATA)
    mean = any(series.interval for panel in made for series in panel.series)
    several = len(tasks) > 1 and len(panels) > 1 and len(made) == len(tasks) * len(panels)
    notes = tuple(filter(None, (_shortest(group, columns, look) for group in groups)))
    return Figure(tuple(made), caption(look, mean, left_out), notes=notes, across=len(tasks) if several else 0)


def band_of(group: Group, columns: Mapping[RunDirectory, Columns], metric: str, look: Look) -> tuple[Band | None, int]:
    """A metric over the runs of a group that have a value of it, in the window; and how many have none."""
    paths = [
        path_of(columns[run][look.x], columns[run][metric], sparse=metric in SPARSE, smoothing=look.smoothing)
        for run in group.runs
    ]
    valued = [path for path in paths if len(path.x)]
    band = over_runs(valued)
    if band is not None and look.window is not None:
        inside = (band.x >= look.window[0]) & (band.x <= look.window[1])
        band = Band(*(part[inside] for part in band))
    return (None if band is None or not np.isfinite(band.mean).any() else band), len(paths) - len(valued)


def _shortest(group: Group, columns: Mapping[RunDirectory, Columns], look: Look) -> str:
    """Which run a line ends with, a sentence, where others of its group are much longer."""
    ends = {run: float(np.nanmax(columns[run][look.x], initial=0.0)) for run in group.runs}
    run = min(ends, key=ends.__getitem__)
    if len(ends) < 2 or ends[run] >= SHORT * max(ends.values()):
        return ""
    end = metric_axis([look.x]).label
    return f"{group.title} ends with its shortest run, {run.name}, at {short_count(ends[run])} {end}."


def _label(group: Group, metric: str, groups: int, metrics: int) -> str:
    if metrics == 1:
        return group.label
    return METRIC_LABELS.get(metric, metric) if groups == 1 else f"{group.label}, {metric}"


def line(band: Band, label: str, look: int) -> Series:
    """A band as a line of a figure."""
    return Series(label, *band, look, interval=INTERVAL if band.n.max() > 1 else "")


def rows_of(run: RunDirectory, names: Sequence[str], look: Look) -> Columns:
    """Columns of a run up to the last row that is looked at. Raises `OSError`."""
    columns = read_columns(run, list(dict.fromkeys([*names, "update"])))
    if look.until is None:
        return columns
    kept: Doubles = columns["update"]
    return {name: values[~(kept > look.until)] for name, values in columns.items()}


def largest_x(series: Sequence[Series]) -> float:
    """The highest x of any of them."""
    return max((float(np.nanmax(each.x)) for each in series if len(each.x)), default=0.0)


def caption(look: Look, mean: bool, left_out: int = 0) -> str:
    """What lines and bands are, in sentences for the text below a figure."""
    words = ["Lines: mean over the seeds of a setting; bands: pointwise 95 % interval (Student's t)."] if mean else []
    if look.smoothing:
        words.append(f"Each run smoothed by an exponential moving average of weight {look.smoothing:g}.")
    if left_out:
        words.append(f"{left_out} curve{'s' if left_out > 1 else ''} without a value left out.")
    return " ".join(words)
