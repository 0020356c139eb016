"""What a figure is asked for: of which runs, which kind, how looked at; and the figure that it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gwt_ib.errors import ExitCode, UserError, nearest
from gwt_ib.figures.axes import TOGETHER
from gwt_ib.figures.curves import Look, curves
from gwt_ib.figures.figure import Figure
from gwt_ib.figures.gate_curves import gate_curves
from gwt_ib.figures.gate_over_time import gate_over_time
from gwt_ib.figures.groups import grouped
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.metrics import NUMBERS

Kind = Literal["curves", "gate", "c"]
MOST_NAMED = 3


@dataclass(frozen=True)
class Plot:
    """A figure of runs. Of `metrics` each is a panel, or several with `+` between them.

    `moments` are env steps, for the kind `gate`; `single` draws each run as a line of its own.
    """

    runs: tuple[RunDirectory, ...]
    kind: Kind = "curves"
    metrics: tuple[str, ...] = ("ep100",)
    look: Look = field(default_factory=Look)
    moments: tuple[float, ...] = (float("inf"),)
    single: bool = False
    labels: tuple[str, ...] = ()
    arms: Mapping[RunDirectory, str] = field(default_factory=dict)
    """Those of runs of a sweep."""

    @property
    def name(self) -> str:
        """Of a file that shows it."""
        shown = self.metrics if self.kind == "curves" else (self.kind,)
        words = "_".join(shown) if len(shown) <= MOST_NAMED else f"{shown[0]}_and_{len(shown) - 1}_more"
        return f"{words}_of_{len(self.runs)}_runs" if len(self.runs) > 1 else words


def make_figure(plot: Plot) -> Figure:
    """Read the runs and make the figure. Raises `UserError`: 2 for what cannot be asked for, 65 where nothing is recorded;
    and `OSError`."""
    groups = grouped(plot.runs, single=plot.single, labels=plot.labels, arms=plot.arms)
    if plot.kind == "gate":
        return gate_curves(groups, plot.moments, plot.look)
    if plot.kind == "c":
        return gate_over_time(groups, plot.look)
    panels = [tuple(metric.split(TOGETHER)) for metric in dict.fromkeys(plot.metrics)]
    known_metrics([metric for panel in panels for metric in panel])
    return curves(groups, panels, plot.look)


def known_metrics(names: Sequence[str], known: Sequence[str] = NUMBERS) -> None:
    """Raises `UserError` (2) for a name that is not known, with the nearest that are."""
    for name in names:
        if name not in known:
            more = "" if len(known) > 10 else f" There are {', '.join(known)}."
            more = more or " `gwt-ib-tui metrics` lists them."
            raise UserError(f"There is no metric {name!r} to draw.{nearest(name, known) or more}", ExitCode.USAGE)
