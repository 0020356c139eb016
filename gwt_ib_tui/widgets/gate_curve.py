"""The TD->gate curve: what the gate does at each size of surprise, against its prior and its budget."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text

from gwt_ib_tui.charts.gate import GateColors, gate_chart
from gwt_ib_tui.state.snapshot import Snapshot
from gwt_ib_tui.widgets.panel import CHART_PERIOD_S, Panel, title_line
from gwt_ib_tui.widgets.tiles import target_c


class GateCurvePanel(Panel):
    """c by |td_norm|, of the newest update."""

    period = CHART_PERIOD_S

    def depends_on(self, snapshot: Snapshot) -> Hashable:
        """New rows only."""
        return snapshot.series.store_id, snapshot.series.rows, snapshot.config

    def lines(self, snapshot: Snapshot, width: int, height: int) -> list[Text]:
        """A title that is the legend, then the chart."""
        palette = self.palette
        legend = [
            Text("━c", style=palette.line, end=""),
            Text("╍prior", style=palette.prior, end=""),
            Text("┈target", style=palette.target, end=""),
            Text("⠌±std", style=palette.dim, end=""),
        ]
        title = title_line(palette, "TD→gate", Text(" ").join(legend))
        colors = GateColors(palette.line, palette.band, palette.prior, palette.target, palette.frame, palette.dim)
        return [title, *gate_chart(snapshot.curve, target_c(snapshot), width, height - 1, colors)]
