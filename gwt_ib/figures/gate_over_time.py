"""The gate through the training: mean_c with its target, and between which values most steps have their c.

The metrics hold no histogram of c, only its mean and spread in each bin of |td_norm|. Each bin is taken as a normal
distribution of these, cut to [0, 1], with as many steps as the bin counts; the quantiles are those of their sum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.figures.axes import place_axis
from gwt_ib.figures.curves import Look, band_of, caption, largest_x, line, rows_of
from gwt_ib.figures.figure import Axis, Doubles, Figure, Panel, Series
from gwt_ib.figures.gate_curves import Curve, read_curves
from gwt_ib.figures.groups import Group
from gwt_ib.figures.seeds import MOST_POINTS, Band, smoothed
from gwt_ib.gatecheck.statistics import Bins
from gwt_ib.runs.columns import Columns

BANDS = ((0.05, 0.95), (0.25, 0.75))
"""Shares of steps between whose quantiles a band reaches, the widest first."""
VALUES = 401  # of c, at which the share of steps below is known
SMALLEST_STD = 1e-6


def gate_over_time(groups: Sequence[Group], look: Look) -> Figure:
    """A panel for each group: mean_c, the target, and bands of the distribution of c, runs pooled.

    Raises `UserError` (65) where no run has a gate curve.
    """
    panels = [panel for group in groups if (panel := _panel(group, look)) is not None]
    if not panels:
        names = ", ".join(run.name for group in groups for run in group.runs)
        raise UserError(f"No gate is recorded in {names}.", ExitCode.BAD_DATA)
    words = (
        "Line: mean of the gate c; dots: its target; bands: the middle 90 % and 50 % of the steps, runs pooled, from"
    )
    ways = caption(look, False)
    return Figure(tuple(panels), f"{words} mean and spread of c by the size of the TD error. {ways}".rstrip())


def share_below(bins: Bins, values: Doubles) -> Doubles:
    """The share of steps whose c is at most each of `values`, rising from 0 to 1; [values]."""
    from scipy.special import ndtr

    mean, spread = bins.c[:, None], np.maximum(bins.c_std, SMALLEST_STD)[:, None]
    bottom, top = ndtr((0.0 - mean) / spread), ndtr((1.0 - mean) / spread)
    below = (ndtr((values - mean) / spread) - bottom) / (top - bottom)
    shares: Doubles = bins.count @ below / bins.count.sum()
    return shares


def _panel(group: Group, look: Look) -> Panel | None:
    columns = {run: rows_of(run, ["mean_c", "target_c", "env_steps", look.x], look) for run in group.runs}
    mean, _ = band_of(group, columns, "mean_c", look)
    if mean is None:
        return None
    target, _ = band_of(group, columns, "target_c", Look(look.x, window=look.window))
    runs = [_shares(read_curves(run, look), columns[run], look) for run in group.runs]
    series = _bands([found for found in runs if found is not None], mean)
    nothing = np.full(len(mean.x), np.nan)
    series.append(line(Band(mean.x, mean.mean, nothing, nothing, mean.n), "mean of c", 0))
    if target is not None:
        nothing = np.full(len(target.x), np.nan)
        series.append(Series("target", target.x, target.mean, nothing, nothing, target.n, 1, "level"))
    x = place_axis(look.x, largest_x(series), look.window)
    return Panel(group.title, x, Axis("c", "gate c", limits=(-0.03, 1.03)), tuple(series))


def _shares(curves: Sequence[Curve], columns: Columns, look: Look) -> tuple[Doubles, Doubles] | None:
    """x [moments] and the shares of steps below each of `VALUES` values [moments, values] of one run."""
    if not curves:
        return None
    values = np.linspace(0.0, 1.0, VALUES)
    kept = curves[:: -(-len(curves) // MOST_POINTS)]
    steps = np.array([curve.env_steps for curve in kept])
    known = np.isfinite(columns["env_steps"]) & np.isfinite(columns[look.x])
    x = np.interp(steps, columns["env_steps"][known], columns[look.x][known]) if known.any() else steps
    shares = np.stack([share_below(curve.bins, values) for curve in kept])
    return x, np.stack([smoothed(column, look.smoothing) for column in shares.T], axis=1)


def _bands(runs: Sequence[tuple[Doubles, Doubles]], mean: Band) -> list[Series]:
    """The quantiles of the steps of all runs at the x of the mean, at which every run has a curve."""
    if not runs:
        return []
    first, last = max(x[0] for x, _ in runs), min(x[-1] for x, _ in runs)
    x = mean.x[(mean.x >= first) & (mean.x <= last)]
    if not len(x):
        return []
    values = np.linspace(0.0, 1.0, VALUES)
    shares = np.mean([[np.interp(x, at, column) for column in below.T] for at, below in runs], axis=0)  # [values, x]
    nothing, n = np.full(len(x), np.nan), np.full(len(x), float(len(runs)))
    series = []
    for look, (low, high) in enumerate(BANDS):
        bottom, top = (np.array([np.interp(share, column, values) for column in shares.T]) for share in (low, high))
        words = f"{high - low:.0%} of steps".replace("%", " %")
        series.append(
            Series(words, x, nothing, bottom, top, n, look, "band", f"quantiles {low:g} and {high:g} of c over steps")
        )
    return series
