"""Where in an episode memory is used: what it costs to hold the gate in one window of steps alone, and the gate there."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import pairwise

import numpy as np
from rich.text import Text

from gwt_ib.gatecheck.findings import Effect
from gwt_ib.gatecheck.gate_evaluation import StepEffects
from gwt_ib.text import number
from gwt_ib_tui.charts.curves import Curve
from gwt_ib_tui.charts.figure import blank_chart
from gwt_ib_tui.charts.glyphs import GLYPHS
from gwt_ib_tui.charts.intervals import Interval, interval_chart
from gwt_ib_tui.charts.lines import draw
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.state.history.series import Column
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.effects_panel import WorthPanel, how_to_ask
from gwt_ib_tui.widgets.panel import indented, title_line

NO_STEPS = "No evaluation has held the gate in parts of an episode."
MEANING = {
    "shut": "shut in these steps alone; right of 0 they are needed",
    "open": "open in these steps alone; right of 0 they do harm",
}


class StepsPanel(WorthPanel):
    """What it costs to hold the gate as `word` says in each window of an episode's steps, with the mean gate there."""

    def __init__(self, word: str) -> None:
        super().__init__(id=f"steps-{word}")
        self._word = word

    def depends_on(self, run_view: RunView) -> Hashable:
        """Another evaluation, or how to come to one."""
        return id(run_view.gate_evaluation), how_to_ask(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title, and a row for each window."""
        palette, steps = self.palette, _steps(run_view)
        title = title_line(palette, f"memory by step, {self._word}", "return, learned less held, 95 %")
        effects = () if steps is None else steps.effects.get(self._word, ())
        if steps is None or not effects:
            return [title, *indented(Text(f"{NO_STEPS} {how_to_ask(run_view)}", style=palette.dim), width)]
        bars = GLYPHS[self.view.symbols].bars
        cells = len(str(steps.edges[-1]))
        rows = [
            _row(window, cells, effect, c, bars)
            for window, effect, c in zip(pairwise(steps.edges), effects, steps.mean_c, strict=False)
        ]
        lines = [title, *interval_chart(rows, width, palette, self.view.symbols)]
        if len(lines) < height:
            lines.insert(1, Text(f" {MEANING[self._word]}", style=palette.dim))
        return lines


class StepGatePanel(WorthPanel):
    """The learned gate's mean and the TD error that drives it, over the steps of an episode."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """Another evaluation."""
        return id(run_view.gate_evaluation)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """Two charts beside each other."""
        palette, steps = self.palette, _steps(run_view)
        half = (width - 2) // 2
        charts = []
        for name, values, color in (
            ("mean c", steps.mean_c if steps else (), palette.line),
            ("mean |TD error|", steps.td if steps else (), palette.prior),
        ):
            title = title_line(palette, f"{name} by step of the episode", "learned gate")
            title.truncate(half)
            charts.append([title, *self._chart(steps, values, color, half, height - 1)])
        for line in charts[0]:
            line.pad_right(half + 2 - line.cell_len)
        return [Text.assemble(here, there) for here, there in zip(*charts, strict=False)]

    def _chart(
        self, steps: StepEffects | None, values: tuple[float | None, ...], color: str, width: int, height: int
    ) -> list[Text]:
        """One of them: a step of the line for each window."""
        if steps is None or not any(value is not None for value in values):
            return blank_chart("nothing to draw yet", width, height, self.palette.frame)
        x = np.array([edge for window in pairwise(steps.edges) for edge in (window[0], window[1] - 0.01)], np.float64)
        y = np.repeat(np.array([np.nan if value is None else value for value in values], np.float64), 2)
        view = ChartView(symbols=self.view.symbols)
        curve = Curve(Column.flat(y[: len(x)]), color)
        return draw(
            Column.flat(x), [curve], [], width, height, frame=self.palette.frame, min_span=0.02, view=view
        ).lines


def _steps(run_view: RunView) -> StepEffects | None:
    return None if run_view.gate_evaluation is None else run_view.gate_evaluation.steps


def _row(window: tuple[int, int], cells: int, effect: Effect, c: float | None, bars: str) -> Interval:
    """`0-12`, numbers of so many `cells`, the cost, and the mean gate as a number with a bar."""
    first, last = window[0], max(window[1] - 1, window[0])
    bar = bars[0] if c is None else bars[min(max(round(c * (len(bars) - 1)), 0), len(bars) - 1)]
    name = f"{first:>{cells}}" + (f"-{last}" if last > first else "")
    gate = f"c {number(c)} {bar}"
    return Interval(name, effect.low, effect.difference, effect.high, gate, gate)
