"""Learning curves: one or several metrics over the training, mean and interval over the seeds of each setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.figures.axes import METRIC_LABELS, TOGETHER, XName, metric_axis, place_axis
from gwt_ib.figures.figure import Doubles, Figure, Panel, Series
from gwt_ib.figures.groups import Group
from gwt_ib.figures.seeds import INTERVAL, Band, over_runs, path_of
from gwt_ib.runs.columns import Columns, read_columns
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.metrics import SPARSE


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
    """A panel for some metrics each, a line for each of them and each group.

    Raises `UserError` (65) where no run has a value of any of them.
    """
    metrics = list(dict.fromkeys(metric for panel in panels for metric in panel))
    columns = {run: rows_of(run, [*metrics, look.x], look) for group in groups for run in group.runs}
    made, left_out = [], 0
    for panel in panels:
        series = []
        for look_number, (metric, group) in enumerate((metric, group) for metric in panel for group in groups):
            band, missing = band_of(group, columns, metric, look)
            left_out += missing
            if band is not None:
                series.append(line(band, _label(group, metric, len(groups), len(panel)), look_number))
        if series:
            x = place_axis(look.x, largest_x(series), look.window)
            made.append(Panel(TOGETHER.join(panel), x, metric_axis(panel, log=look.log_y), tuple(series)))
    if not made:
        names = ", ".join(dict.fromkeys(run.name for group in groups for run in group.runs))
        raise UserError(f"No value of {', '.join(metrics)} is recorded in {names}.", ExitCode.BAD_DATA)
    mean = any(series.interval for panel in made for series in panel.series)
    return Figure(tuple(made), caption(look, mean, left_out))


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
