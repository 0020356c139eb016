"""The TD->gate curve: what the gate does at each size of surprise, against its prior and its budget."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text

from gwt_ib_tui.charts.gate_chart import GateColors, gate_chart
from gwt_ib_tui.charts.glyphs import GLYPHS
from gwt_ib_tui.charts.levels import target_c
from gwt_ib_tui.charts.view import ChartView, Symbols
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.chart_panel import ChartPanel
from gwt_ib_tui.widgets.panel import title_line


class GateCurvePanel(ChartPanel):
    """c by |td_norm|, of the newest update."""

    def seen(self, view: ChartView) -> Hashable:
        """It has axes of its own."""
        return view.symbols

    def depends_on(self, run_view: RunView) -> Hashable:
        """New rows only."""
        return run_view.series.store_id, run_view.series.rows, run_view.config

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title that is the legend, then the chart."""
        palette, symbols = self.palette, self.view.symbols
        line, prior, level, band = gate_signs(symbols)
        legend = [
            Text(f"{line}c", style=palette.line, end=""),
            Text(f"{prior}prior", style=palette.prior, end=""),
            Text(f"{level}target", style=palette.target, end=""),
            Text(f"{band}±std", style=palette.dim, end=""),
        ]
        title = title_line(palette, "TD→gate", Text(" ").join(legend))
        colors = GateColors(palette.line, palette.band, palette.prior, palette.target, palette.frame, palette.dim)
        return [title, *gate_chart(run_view.curve, target_c(run_view), width, height - 1, colors, symbols=symbols)]


def gate_signs(symbols: Symbols) -> tuple[str, str, str, str]:
    """As the line of c, the prior, the target and the spread look in a legend."""
    glyphs = GLYPHS[symbols]
    if len(glyphs.codes):
        return "━", "╍", glyphs.level, "⠌" if symbols == "braille" else "▚"
    return glyphs.lines[0], glyphs.prior, glyphs.level, glyphs.band
