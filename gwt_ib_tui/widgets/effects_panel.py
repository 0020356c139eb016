"""Whether the gate is a cause: what it is worth against each replacement, by the verdict and by what was asked for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from rich.text import Text
from textual.reactive import reactive

from gwt_ib.gatecheck.findings import Effect, GateVerdict
from gwt_ib.text import age, count, number, plain
from gwt_ib_tui.charts.intervals import Interval, interval_chart
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.panel import Panel, indented, title_line
from gwt_ib_tui.widgets.verdict import cut_at, no_verdict

TITLE, MEASURED = "gate as a cause", "return, learned less replaced, 95 %"
NO_EFFECTS = "No evaluation with the gate replaced was played."
NOTHING_TO_REPLACE = "No replacement was played: none makes sense of this gate, or only steps were asked for."
NOT_ASKED = "Nobody has asked what the gate is worth."


class WorthPanel(Panel):
    """A panel of differences; `view` says which symbols they are drawn with."""

    view: reactive[ChartView] = reactive(ChartView())

    def rows(self, effects: Sequence[Effect], width: int) -> list[Text]:
        """A row for each difference, and the axis."""
        return interval_chart([interval_of(effect) for effect in effects], width, self.palette, self.view.symbols)


class EffectsPanel(WorthPanel):
    """The verdict on the gate with what it is made of; before there is anything of it, what was asked for."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """A new verdict, or why there is none, or a new evaluation."""
        return run_view.verdict and run_view.verdict.gate, no_verdict(run_view), asked_words(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """Why it is the verdict, what next, and the differences; these stay longest."""
        palette, gate = self.palette, run_view.verdict.gate if run_view.verdict else GateVerdict()
        asked = run_view.gate_evaluation
        rows, words = self.rows(gate.effects, width), asked_words(run_view)
        if asked is not None and not gate.effects:
            rows = [Text(f" asked for: {words}", style=palette.dim), *self.rows(asked.effects, width)]
        elif asked is not None:
            rows.append(Text(f" also asked for: {words}, see Gate", style=palette.dim))
        rows = rows or [Text(f" {NO_EFFECTS}", style=palette.dim)]
        text = Text(plain(gate.summary) or ("" if run_view.verdict else no_verdict(run_view)), style=palette.text)
        if gate.next_step:
            text.append(" Next: ", style=f"bold {palette.target}").append(plain(gate.next_step))
        said = cut_at(indented(text, width), max(height - len(rows) - 1, 1))
        gap = [Text()] if 1 + len(said) + len(rows) < height else []
        return [title_line(palette, TITLE, MEASURED), *said, *gap, *rows]


class AskedPanel(WorthPanel):
    """What the newest evaluation with the gate replaced has found: of which step, how long ago, and the differences."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """Another evaluation, or its age."""
        return id(run_view.gate_evaluation), asked_words(run_view), how_to_ask(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title, what was played, the differences."""
        palette, asked = self.palette, run_view.gate_evaluation
        if asked is None:
            words = f"{NOT_ASKED} {how_to_ask(run_view)}"
            return [title_line(palette, TITLE), *indented(Text(words, style=palette.dim), width)]
        title = title_line(
            palette, "gate replaced", Text(asked_words(run_view), style=f"bold {palette.text}"), MEASURED
        )
        played = (
            f" {count(asked.episodes)} episodes, mean return {number(asked.eval_return)}, mean c {number(asked.mean_c)}"
        )
        rows = self.rows(asked.effects, width) or [Text(f" {NOTHING_TO_REPLACE}", style=palette.dim)]
        lines = [title, Text(played, style=palette.dim), *rows]
        return lines if len(lines) <= height else [title, *rows]


def how_to_ask(run_view: RunView) -> str:
    """What makes an evaluation with the gate replaced: a key while the run trains, and a command afterwards."""
    if run_view.replay is not None or not run_view.ended:
        return "E asks, while the run trains."
    return "The command evaluate RUN --gate all --steps does, of a snapshot."


def asked_words(run_view: RunView) -> str:
    """Of which step the evaluation is, and how long ago it was made: `at 286,720 env steps, 3 min ago`."""
    asked = run_view.gate_evaluation
    if asked is None:
        return ""
    ago = age(asked.time, run_view.now)
    when = "now" if ago == "now" else f"{ago} ago"
    where = "" if asked.env_steps is None else f"at {count(asked.env_steps)} env steps, "
    return f"{where}{when}"


def interval_of(effect: Effect) -> Interval:
    """An effect as its row has it."""
    pairs = "" if effect.episodes is None else count(effect.episodes)
    words, short = (f"{pairs} {noun}" if pairs else "" for noun in ("episodes", "ep"))
    return Interval(plain(effect.gate, 10), effect.low, effect.difference, effect.high, words, short)
