"""The panels of the GateCheck screen: the verdict, the rules, one rule in full, and its trend."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from rich.text import Text
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive

from gwt_ib.gatecheck.findings import Finding, Verdict
from gwt_ib.gatecheck.rules import RULES
from gwt_ib.text import count, number, plain, short_count
from gwt_ib_tui.charts.figure import notice
from gwt_ib_tui.charts.levels import Trend, trend_of
from gwt_ib_tui.charts.lines import Curve, Level, draw, sparkline
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.charts.view import ChartView, Symbols
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.big_word import HEIGHT, big_word
from gwt_ib_tui.widgets.chart_panel import ChartPanel, TitledChart
from gwt_ib_tui.widgets.chart_spec import spec_of
from gwt_ib_tui.widgets.panel import Panel, title_line
from gwt_ib_tui.widgets.rule_table import DECIDES, rule_at, rule_table
from gwt_ib_tui.widgets.verdict import (
    chosen_of,
    cut_at,
    indented,
    no_verdict,
    rule_name,
    since_words,
    status_word,
    tally,
    verdict_chip,
)

FULL_HEIGHT = 8  # lines from which a rule is shown with title, threshold and evidence
NEAR = 3.0  # a limit is in sight of the trend within so many spans of its values
_RULES = {rule.kind: rule for rule in RULES}


class VerdictPanel(Panel):
    """The verdict, large where there are three lines for it."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """A new verdict, or why there is none."""
        return run_view.verdict, no_verdict(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The word, and beside it since when, what decided, and how many rules say what."""
        palette, verdict = self.palette, run_view.verdict
        status = "wait" if verdict is None else verdict.status
        words = [Text(no_verdict(run_view), style=palette.dim)] if verdict is None else _beside(verdict, palette)
        if height < HEIGHT:
            return [title_line(palette, "GateCheck", verdict_chip(status, palette), *words[:1], *words[2:])]
        style = f"bold {palette.of_status(status)}"
        lines = [Text(f" {letters}   ", style=style, no_wrap=True, end="") for letters in big_word(plain(status, 8))]
        for line, more in zip(lines, words, strict=False):
            line.append_text(more)
        return lines


class RulesPanel(ChartPanel):
    """Every rule as a row with a small trend; `selected` is the kind of the chosen one.

    A new verdict is seen at once, as beside the table; the trends follow when it is time to redraw.
    """

    class Chosen(Message):
        """A rule was pointed at; `kind` says which."""

        def __init__(self, kind: str) -> None:
            super().__init__()
            self.kind = kind

    selected: reactive[str] = reactive("")

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._trends: dict[tuple[str, int, Symbols], str] = {}

    def between(self) -> None:
        """With the trends as they were drawn last."""
        self.refresh()

    def _redraw(self) -> None:
        self._trends = {}
        super()._redraw()

    def on_click(self, event: Click) -> None:
        """Choose the rule under the mouse."""
        verdict = None if self.run_view is None else self.run_view.verdict
        at = event.get_content_offset(self)
        if verdict is not None and at is not None:
            rule = rule_at(verdict, chosen_of(verdict, self.selected), at.y, self.content_size.height)
            if rule is not None:
                self.post_message(self.Chosen(rule.kind))

    def depends_on(self, run_view: RunView) -> Hashable:
        """A new verdict, or new rows."""
        return run_view.verdict, run_view.series.store_id, run_view.series.rows

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The table."""
        verdict = run_view.verdict
        if verdict is None:
            return []

        def trend(finding: Finding, cells: int) -> str:
            drawn_as = finding.kind, cells, self.view.symbols
            if drawn_as not in self._trends:
                found = trend_of(run_view, finding)
                self._trends[drawn_as] = sparkline(found.x, found.y, cells, symbols=self.view.symbols) if found else ""
            return self._trends[drawn_as]

        return rule_table(verdict, chosen_of(verdict, self.selected), trend, width, height, self.palette)


class RulePanel(Panel):
    """The chosen rule in full: what it asks, what it found, on what evidence, and what to try next."""

    selected: reactive[str] = reactive("")

    def depends_on(self, run_view: RunView) -> Hashable:
        """A new verdict only."""
        return run_view.verdict

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """As much as there is room for: the next step stays longest, then what was found."""
        palette, chosen = self.palette, chosen_of(run_view.verdict, self.selected)
        if chosen is None:
            return []
        summary, next_step = (
            indented(Text(plain(chosen.summary), style=palette.text), width),
            _next_step(chosen, width, palette),
        )
        if height < FULL_HEIGHT:
            return cut_at([*summary, *next_step], height)
        title = title_line(
            palette,
            rule_name(chosen.kind),
            status_word(chosen.status, palette),
            *([] if chosen.since is None else [f"since update {count(chosen.since)}"]),
            *([Text(f"{DECIDES} decides", style=palette.target)] if chosen.decides else []),
        )
        value, evidence = _number(chosen, width, palette), _evidence(chosen, width, palette)
        rule = _RULES.get(chosen.kind)
        asks = indented(Text(rule.asks if rule else "", style=palette.dim), width)
        parts = [asks, value, summary, next_step, evidence]
        for gone in (asks, evidence, value):
            if 1 + sum(map(len, parts)) > height:
                parts = [part for part in parts if part is not gone]
        spare = height - 1 - sum(map(len, parts))
        lines = [title]
        for part in parts:
            lines += part
            if part and spare > 0:
                lines.append(Text(""))
                spare -= 1
        return cut_at(lines, height)


class TrendPanel(TitledChart):
    """The course of the number that the chosen rule looks at, with the rule's limits."""

    selected: reactive[str] = reactive("")

    def depends_on(self, run_view: RunView) -> Hashable:
        """New rows, or another status of the rule."""
        return run_view.verdict, run_view.series.store_id, run_view.series.rows

    def looks(self) -> Hashable:
        """The rule too."""
        return super().looks(), self.selected

    def title(self, run_view: RunView, width: int) -> Text:
        """What is drawn, its newest value, and the limits."""
        palette, (chosen, trend) = self.palette, self._trend(run_view)
        if chosen is None or trend is None:
            return Text(end="")
        known = trend.y.mean[np.isfinite(trend.y.mean)]
        newest = Text(number(float(known[-1]) if known.size else None), style=f"bold {palette.text}")
        levels = _levels(trend, palette)
        sign = "┈ " if any(level.stretch for level in levels) else "to pass: "  # the limits may be far from the data
        limits = [Text(f"{sign}{plain(chosen.threshold, 24)}", style=palette.target)] if levels else []
        return title_line(palette, trend.name, newest, *limits)

    def chart(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The course."""
        palette, (_, trend) = self.palette, self._trend(run_view)
        if trend is None:
            return notice("nothing to draw yet", width, height, palette.frame)
        drawn = draw(
            trend.x,
            [Curve(trend.y, palette.line)],
            _levels(trend, palette),
            width,
            height,
            frame=palette.frame,
            min_span=spec_of(trend.name).min_span,
            view=ChartView(symbols=self.view.symbols),
        )
        return drawn.lines

    def _trend(self, run_view: RunView) -> tuple[Finding | None, Trend | None]:
        """The chosen rule and its course."""
        chosen = chosen_of(run_view.verdict, self.selected)
        return chosen, None if chosen is None else trend_of(run_view, chosen)


def _beside(verdict: Verdict, palette: Palette) -> list[Text]:
    """Three lines beside the verdict."""
    since = Text(since_words(verdict), style=f"bold {palette.text}", no_wrap=True, end="")
    if verdict.since is not None and verdict.update is not None:
        since.append(f", judged at update {count(verdict.update)}", style=palette.dim)
    decided = Text(f"{DECIDES} decided by " if verdict.deciding else "", style=palette.dim, no_wrap=True, end="")
    for place, finding in enumerate(verdict.deciding):
        decided.append(", " if place else "", style=palette.dim)
        decided.append(f"{rule_name(finding.kind)} ", style=palette.text)
        decided.append_text(status_word(finding.status, palette))
    counts = Text("  ", no_wrap=True, end="").join(tally(verdict, palette))
    return [since, decided, counts]


def _next_step(finding: Finding, width: int, palette: Palette) -> list[Text]:
    if not finding.next_step:
        return []
    text = Text("Next: ", style=f"bold {palette.target}")
    text.append(plain(finding.next_step), style=f"not bold {palette.text}")
    return indented(text, width)


def _number(finding: Finding, width: int, palette: Palette) -> list[Text]:
    """Its number, and what it is compared with."""
    text = Text("Number: ", style=palette.dim)
    text.append(number(finding.value), style=f"bold {palette.text}")
    if (rule := _RULES.get(finding.kind)) and rule.mean_of > 1:
        text.append(f" (mean of the last {rule.mean_of} updates)")
    if finding.threshold:
        text.append("  to pass: ")
        text.append(plain(finding.threshold, 24), style=palette.text)
    return indented(text, width)


def _evidence(finding: Finding, width: int, palette: Palette) -> list[Text]:
    """`Evidence: eval_return -0.93 at 163.8k env steps, …`."""
    if not finding.evidence:
        return []
    text = Text("Evidence: ", style=palette.dim)
    for place, item in enumerate(finding.evidence):
        text.append(", " if place else "")
        text.append(f"{plain(item.metric, 40)} ", style=palette.dim)
        text.append(number(item.value), style=palette.text)
        if item.step is not None:
            text.append(f" at {short_count(item.step)} env steps", style=palette.dim)
    return indented(text, width)


def _levels(trend: Trend, palette: Palette) -> list[Level]:
    """The limits; the axis reaches those that are not far from the data."""
    low, high = trend.y.low[np.isfinite(trend.y.low)], trend.y.high[np.isfinite(trend.y.high)]
    if not low.size:
        return []
    least, largest = float(low.min()), float(high.max())
    reach = NEAR * max(largest - least, spec_of(trend.name).min_span)
    return [Level(limit, palette.target, least - reach <= limit <= largest + reach) for limit in trend.limits]
