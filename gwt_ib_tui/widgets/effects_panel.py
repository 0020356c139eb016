"""Whether the gate is a cause: what it is worth against each replacement, with the verdict's reason and next step."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from rich.text import Text
from textual.reactive import reactive

from gwt_ib.gatecheck.findings import Effect, GateVerdict
from gwt_ib.text import count, plain
from gwt_ib_tui.charts.intervals import Interval, interval_chart
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.panel import Panel, indented, title_line
from gwt_ib_tui.widgets.verdict import cut_at, no_verdict

NO_EFFECTS = "No evaluation with the gate replaced was played yet."
TITLE, MEASURED = "gate as a cause", "return, learned less replaced, 95 %"


class EffectsPanel(Panel):
    """The verdict on the gate with what it is made of."""

    view: reactive[ChartView] = reactive(ChartView())

    def depends_on(self, run_view: RunView) -> Hashable:
        """A new verdict, or why there is none."""
        return run_view.verdict and run_view.verdict.gate, no_verdict(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The verdict, why, what next, and the differences; these stay longest."""
        palette, gate = self.palette, run_view.verdict.gate if run_view.verdict else GateVerdict()
        lines = [title_line(palette, TITLE, MEASURED)]
        rows = self._rows(gate.effects, width)
        words = Text(plain(gate.summary) or ("" if run_view.verdict else no_verdict(run_view)), style=palette.text)
        if gate.next_step:
            words.append(" Next: ", style=f"bold {palette.target}").append(plain(gate.next_step))
        said = cut_at(indented(words, width), max(height - len(lines) - len(rows) - 1, 1))
        gap = [Text()] if len(lines) + len(said) + len(rows) < height else []
        return [*lines, *said, *gap, *rows]

    def _rows(self, effects: Sequence[Effect], width: int) -> list[Text]:
        """The differences, or that there are none."""
        palette = self.palette
        if not effects:
            return [Text(f" {NO_EFFECTS}", style=palette.dim)]
        return interval_chart([interval_of(effect) for effect in effects], width, palette, self.view.symbols)


def interval_of(effect: Effect) -> Interval:
    """An effect as its row has it."""
    pairs = "" if effect.episodes is None else count(effect.episodes)
    words, short = (f"{pairs} {noun}" if pairs else "" for noun in ("episodes", "ep"))
    return Interval(plain(effect.gate, 10), effect.low, effect.difference, effect.high, words, short)
