"""What a line chart is made of: curves, levels, events, and the drawn chart."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from gwt_ib_tui.charts.axes import Range
from gwt_ib_tui.state.history.series import Column, Doubles


@dataclass(frozen=True, eq=False)
class Curve:
    """One line.

    `sparse` is for a metric that has a value now and then: its nulls are no gaps, and few are dots, which are never
    smoothed. `x` is its own, where it is of another run than the chart's. `band` is drawn as a stippled area: low and
    high for each row. `sign` is a character that names it: it stands at its newest point, and in place of dots.
    """

    column: Column
    color: str
    sparse: bool = False
    x: Column | None = None
    band: tuple[Doubles, Doubles] | None = None
    sign: str = ""


@dataclass(frozen=True)
class Level:
    """A horizontal dotted line; with `stretch` the axis reaches it, else it shows only where the data is near.

    `series` is its value at each row of the chart's x, for a level that was changed during the run; `value` is then the
    newest. The line has a step where it changed, and `value` is drawn where the series has none at all.
    """

    value: float
    color: str
    stretch: bool = True
    label: str = ""
    series: Column | None = None


@dataclass(frozen=True)
class Mark:
    """An event on the time axis. Of several in one cell the one of the largest `severity` is seen, or the last."""

    x: float
    sign: str
    color: str
    severity: int = 0


@dataclass(frozen=True)
class Drawn:
    """A chart, what it does not show, in a few words each, and where its canvas lies on the x axis."""

    lines: list[Text]
    notes: tuple[str, ...] = ()
    margin: int = 0
    """Cells on the left of the canvas."""
    cells: int = 0
    """Cells across the canvas; none in a chart without data."""
    x_range: Range = (0.0, 0.0)

    def x_at(self, column: int) -> float | None:
        """The x in the middle of a cell of the chart, as the mouse points at it; none beside the canvas."""
        if not self.margin <= column < self.margin + self.cells:
            return None
        share = (column - self.margin + 0.5) / self.cells
        return self.x_range[0] + share * (self.x_range[1] - self.x_range[0])
