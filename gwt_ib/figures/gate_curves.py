"""What the gate does with surprise: TD->gate curves at chosen moments of the training, a panel for each setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.figures.curves import Look
from gwt_ib.figures.figure import Axis, Doubles, Figure, Panel, Series
from gwt_ib.figures.groups import Group
from gwt_ib.figures.seeds import INTERVAL, across
from gwt_ib.gatecheck.statistics import Bins, bins_of
from gwt_ib.lenient import mapping, real
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import Record, read_records
from gwt_ib.text import short_count

UNITS = {"k": 1e3, "M": 1e6, "G": 1e9}
START, END = "start", "end"
SPREAD = "standard deviation of c over the steps of a bin"
TICKS = (0.5, 1.0, 2.0, 5.0, 10.0)
Y = Axis("c", "gate c", limits=(-0.03, 1.03))


@dataclass(frozen=True, eq=False)
class Curve:
    """One recorded curve: the edges of all bins [bins + 1], and those of the bins that hold steps."""

    env_steps: float
    edges: Doubles
    bins: Bins
    target: float | None

    def of(self, name: str) -> Doubles:
        """`c`, `prior` or another column in every bin, NaN in those without steps; [bins]."""
        values = np.full(len(self.edges) - 1, np.nan)
        values[np.searchsorted(self.edges, self.bins.low)] = getattr(self.bins, name)
        return values


def moment_of(words: str) -> float:
    """Env steps from `0.5M`, `250k`, `100000`, `start` or `end`. Raises `UserError` (2)."""
    text = words.strip()
    if text in (START, END):
        return 0.0 if text == START else np.inf
    unit = next((letter for letter in UNITS if text.upper().endswith(letter.upper())), "")
    try:
        steps = float(text[:-1] if unit else text) * UNITS.get(unit, 1.0)
    except ValueError:
        steps = np.nan
    if not steps >= 0:
        raise UserError(f"{words!r} is no moment: give env steps, as in 0.1M,0.5M, or start or end.", ExitCode.USAGE)
    return steps


def gate_curves(groups: Sequence[Group], moments: Sequence[float], look: Look | None = None) -> Figure:
    """Mean gate by |td_norm| at the recorded curves nearest to `moments`, env steps; the last of them with its prior.

    Several runs: mean and interval over them. One run: its own spread in each bin. Raises `UserError` (65) where no run
    has a curve.
    """
    panels = []
    for group in groups:
        found = [recorded for run in group.runs if (recorded := read_curves(run, look))]
        if found:
            series = tuple(_series(found, moments))
            panels.append(Panel(group.title, _x_axis(series), Y, series))
    if not panels:
        names = ", ".join(run.name for group in groups for run in group.runs)
        raise UserError(f"No gate curve is recorded in {names}.", ExitCode.BAD_DATA)
    several = any(series.n.max(initial=0) > 1 for panel in panels for series in panel.series)
    alone = any(series.interval == SPREAD for panel in panels for series in panel.series)
    words = ["Mean gate c by the size of the normalised TD error."]
    words += ["Lines: mean over seeds; bands: pointwise 95 % interval (Student's t)."] if several else []
    words += ["Band of a single run: one standard deviation of c over the steps of a bin."] if alone else []
    return Figure(tuple(panels), " ".join(words))


def read_curves(run: RunDirectory, look: Look | None = None) -> list[Curve]:
    """The gate curves of a run that are no damage, in their order, up to the last row that is looked at."""
    until = None if look is None else look.until
    found = (curve_of(row) for row in read_records(run.metrics) if not _is_after(row, until))
    return [curve for curve in found if curve is not None]


def curve_of(row: Record) -> Curve | None:
    """The gate curve of a row of metrics; none where it has none, or a damaged one."""
    record, steps = mapping(row.get("gate_curve")), real(row.get("env_steps"))
    bins = bins_of(dict(record))
    if bins is None or steps is None:
        return None
    edges = np.array([real(edge) for edge in record["td"]], np.float64)
    if not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        return None
    return Curve(steps, edges, bins, real(row.get("target_c")))


def _series(found: Sequence[Sequence[Curve]], moments: Sequence[float]) -> list[Series]:
    """Of the runs of one setting: a line for each moment, then prior and target at the last of them."""
    series = []
    ordered = sorted(dict.fromkeys(moments))
    for look, moment in enumerate(ordered):
        curves = [min(recorded, key=lambda curve: abs(curve.env_steps - min(moment, 1e18))) for recorded in found]
        curves = [curve for curve in curves if np.array_equal(curve.edges, curves[0].edges)]
        x = _middles(curves[0].edges)
        c, prior = (np.stack([curve.of(name) for curve in curves]) for name in ("c", "prior"))
        band = across(x, c)
        low, high, interval = band.low, band.high, INTERVAL
        if len(curves) == 1:
            spread = curves[0].of("c_std")
            low, high, interval = np.maximum(c[0] - spread, 0.0), np.minimum(c[0] + spread, 1.0), SPREAD
        last = moment == ordered[-1]
        if len(curves) == 1 and not last:  # three spreads over each other say nothing
            low, high, interval = np.full_like(low, np.nan), np.full_like(high, np.nan), ""
        steps = float(np.mean([curve.env_steps for curve in curves]))
        label = f"{short_count(steps, 3)} steps"
        series.append(Series(label, x, band.mean, low, high, band.n, look, interval=interval))
        if last:
            series += _beside(x, across(x, prior).mean, band.n, curves)
    return series


def _beside(x: Doubles, prior: Doubles, n: Doubles, curves: Sequence[Curve]) -> list[Series]:
    nothing = np.full(len(x), np.nan)
    made = [Series("prior", x, prior, nothing, nothing, n, 0, "level")]
    targets = {curve.target for curve in curves}
    if len(targets) == 1 and (target := targets.pop()) is not None:
        made.append(Series("target", x, np.full(len(x), target), nothing, nothing, n, 1, "level"))
    return made


def _x_axis(series: Sequence[Series]) -> Axis:
    """Up to the first tick beyond which no bin holds steps."""
    last = max(float(each.x[np.isfinite(each.mean)].max(initial=0.0)) for each in series if each.form == "line")
    top = next((tick for tick in TICKS if tick >= last), TICKS[-1])
    return Axis("td_norm", "|TD error|, normalised", "surprise", limits=(0.0, top))


def _middles(edges: Doubles) -> Doubles:
    """The middle of each bin, geometric where bins are."""
    low, high = edges[:-1], edges[1:]
    with np.errstate(invalid="ignore"):
        return np.where(low >= 1.0, np.sqrt(low * high), (low + high) / 2)


def _is_after(row: Record, until: float | None) -> bool:
    update = real(row.get("update"))
    return until is not None and update is not None and update > until
