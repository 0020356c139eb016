"""The panels of the GateCheck screen: both verdicts, the rules, one rule in full, and its trend."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
from rich.text import Text
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive

from gwt_ib.gatecheck.findings import Finding, Verdict
from gwt_ib.gatecheck.rules import RULES
from gwt_ib.text import count, number, plain, short_count
from gwt_ib_tui.charts.curves import Curve, Level
from gwt_ib_tui.charts.figure import blank_chart
from gwt_ib_tui.charts.lines import draw
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.charts.sparkline import sparkline
from gwt_ib_tui.charts.trends import Trend, trend_of
from gwt_ib_tui.charts.view import ChartView, Symbols
from gwt_ib_tui.state.compare.comparison import newest
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.both_verdicts import with_since
from gwt_ib_tui.widgets.chart_panel import ChartPanel, TitledChart, chart_title
from gwt_ib_tui.widgets.line_chart import spec_of
from gwt_ib_tui.widgets.panel import Panel, indented, title_line
from gwt_ib_tui.widgets.table import Table, TableColumn, first_in_sight
from gwt_ib_tui.widgets.verdict import (
    chosen_of,
    cut_at,
    in_a_line,
    no_verdict,
    rule_name,
    short_name,
    status_word,
    tally,
)

FULL_HEIGHT = 8  # lines from which a rule is shown with title, threshold and evidence
NEAR = 3.0  # a limit is in sight of the trend within so many spans of its values
GAP = 2  # cells between two columns of the table
DECIDES = "◆"
NAME_TITLE = f"rule ({DECIDES} decides)"
WIDEST_TREND = 60
DROPPED_FIRST = ("trend", "since", "threshold", "number")  # where there is little room
Trends = Callable[[Finding, int], str]
"""The trend of a rule in so many cells."""
_RULES = {rule.kind: rule for rule in RULES}


class VerdictPanel(Panel):
    """Both verdicts with since when, and which rules decided that on training."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """A new verdict, or why there is none."""
        return run_view.verdict, no_verdict(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The words and since when; below them what decided, and how many rules say what."""
        palette, verdict = self.palette, run_view.verdict
        if verdict is None:
            head = title_line(palette, "GateCheck", in_a_line(None, palette))
            return [head, Text(f" {no_verdict(run_view)}", style=palette.dim)]
        if height < 2:
            return with_since(verdict, palette, width, 1)
        return [*with_since(verdict, palette, width, height - 1), _decided(verdict, palette, width)]


class RulesPanel(ChartPanel):
    """Every rule as a row with a small trend; `selected` is the kind of the chosen one.

    A new verdict is seen at once, as beside the table; the trends follow when it is time to redraw.
    """

    @dataclass
    class Chosen(Message):
        """A rule was pointed at; `kind` says which."""

        kind: str

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
        verdict = self.run_view.verdict if self.run_view else None
        at = event.get_content_offset(self)
        if verdict is not None and at is not None:
            rule = rule_at(verdict, chosen_of(verdict, self.selected), at.y, self.content_size.height)
            if rule is not None:
                self.post_message(self.Chosen(rule.kind))

    def depends_on(self, run_view: RunView) -> Hashable:
        """A new verdict, or new rows."""
        return run_view.verdict, super().depends_on(run_view)

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
        summary = indented(Text(plain(chosen.summary), style=palette.text), width)
        next_step = Text("Next: " if chosen.next_step else "", style=f"bold {palette.target}")
        advice = indented(next_step.append(plain(chosen.next_step), style=f"not bold {palette.text}"), width)
        if height < FULL_HEIGHT:
            return cut_at([*summary, *advice], height)
        since = [] if chosen.since is None else [Text(f"since update {count(chosen.since)}", style=palette.dim)]
        decides = [Text(f"{DECIDES} decides", style=palette.target)] if chosen.decides else []
        status = [[status_word(chosen.status, palette)]]
        title = chart_title(palette, rule_name(chosen.kind), status, [*since, *decides], width)
        value, evidence = _number(chosen, width, palette), _evidence(chosen, width, palette)
        asks = indented(Text(_RULES[chosen.kind].asks if chosen.kind in _RULES else "", style=palette.dim), width)
        parts = [asks, value, summary, advice, evidence]
        for gone in (asks, evidence, value):
            if 1 + sum(map(len, parts)) > height:
                parts = [part for part in parts if part is not gone]
        spare = height - 1 - sum(map(len, parts))
        lines = [title]
        for place, part in enumerate(filter(None, parts)):
            lines += [*part, Text()] if place < spare else part
        return cut_at(lines, height)


class TrendPanel(TitledChart):
    """The course of the number that the chosen rule looks at, with the rule's limits."""

    selected: reactive[str] = reactive("", repaint=False)
    watch_selected = TitledChart.show_at_once

    def depends_on(self, run_view: RunView) -> Hashable:
        """New rows, or another status of the rule."""
        return run_view.verdict, super().depends_on(run_view)

    def title(self, run_view: RunView, width: int) -> Text:
        """What is drawn, its newest value, and the limits."""
        palette, (chosen, trend) = self.palette, self._trend(run_view)
        if chosen is None or trend is None:
            return Text()
        value = Text(number(newest(trend.y)), style=f"bold {palette.text}")
        levels = _levels(trend, palette)
        sign = "┈ " if any(level.stretch for level in levels) else "to pass: "  # the limits may be far from the data
        limits = [Text(f"{sign}{plain(chosen.threshold, 24)}", style=palette.target)] if levels else []
        return chart_title(palette, trend.name, [[value]], limits, width)

    def chart(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The course."""
        palette, (_, trend) = self.palette, self._trend(run_view)
        if trend is None:
            return blank_chart("nothing to draw yet", width, height, palette.frame)
        curve, levels, span = Curve(trend.y, palette.line), _levels(trend, palette), spec_of(trend.name).min_span
        view = ChartView(symbols=self.view.symbols)
        return draw(trend.x, [curve], levels, width, height, frame=palette.frame, min_span=span, view=view).lines

    def _trend(self, run_view: RunView) -> tuple[Finding | None, Trend | None]:
        """The chosen rule and its course."""
        chosen = chosen_of(run_view.verdict, self.selected)
        return chosen, None if chosen is None else trend_of(run_view, chosen)


def rule_table(
    verdict: Verdict, chosen: Finding | None, trends: Trends, width: int, height: int, palette: Palette
) -> list[Text]:
    """A header and the rules in at most `height` lines; where they are more, those about the chosen one."""
    findings, pointer = verdict.findings, f"bold {palette.target}"

    def column(title: str, words: Callable[[Finding], str], style: str, *, right: bool = False) -> TableColumn[Finding]:
        widest = max(len(title), *(len(words(finding)) for finding in findings), 0)
        return TableColumn(title, widest, lambda finding, _: (words(finding), style), GAP, right)

    def name(finding: Finding, cells: int) -> Text:
        mark = f"{DECIDES if finding.decides else ' '} "
        style = f"bold underline {palette.text}" if finding is chosen else palette.text
        return Text.assemble((mark, pointer), (short_name(finding.kind)[: cells - len(mark)], style))

    name_title = NAME_TITLE if any(finding.decides for finding in findings) else "rule"
    longest = max(len(NAME_TITLE), *(len(DECIDES) + 1 + len(short_name(finding.kind)) for finding in findings), 0)
    columns: list[TableColumn[Finding]] = [
        TableColumn("", 2, lambda finding, _: ("›" if finding is chosen else "", pointer), gap=0),
        TableColumn("status", 6, lambda finding, _: status_word(finding.status, palette), gap=0),
        TableColumn(name_title, max(min(longest, width - 8 - GAP), 0), name, GAP),
        column("number", lambda finding: number(finding.value), f"bold {palette.text}", right=True),
        column("threshold", lambda finding: plain(finding.threshold, 24), palette.dim),
        column("since", lambda finding: count(finding.since), palette.text, right=True),
        TableColumn("trend", 6, lambda finding, cells: (trends(finding, cells), palette.line), GAP, most=WIDEST_TREND),
    ]
    table = Table(columns, width, palette, DROPPED_FIRST)
    lines = table.counted(findings, _place(verdict, chosen), max(height - 1, 1))
    return [table.header(), *lines] if height > 1 else lines


def rule_at(verdict: Verdict, chosen: Finding | None, row: int, height: int) -> Finding | None:
    """The rule that `rule_table` shows in a row of its `height` lines; none for the header and below the last."""
    findings, rows = verdict.findings, max(height - 1, 1)
    first = first_in_sight(_place(verdict, chosen), len(findings), rows)
    place = row - 1 if height > 1 else row
    return findings[first + place] if 0 <= place < min(rows, len(findings)) else None


def _place(verdict: Verdict, chosen: Finding | None) -> int:
    return verdict.findings.index(chosen) if chosen in verdict.findings else 0


def _decided(verdict: Verdict, palette: Palette, width: int) -> Text:
    """The rules that decide the verdict on training, with how many rules say what, and when they were asked."""
    judged, decided = Text(), Text(f"{DECIDES} decided by " if verdict.deciding else "", style=palette.dim)
    if verdict.since is not None and verdict.update is not None:
        judged = Text(f"judged at update {count(verdict.update)}", style=palette.dim)
    for place, finding in enumerate(verdict.deciding):
        decided.append(", " if place else "").append(f"{short_name(finding.kind)} ", style=palette.text)
        decided.append_text(status_word(finding.status, palette))
    tallied, line = Text("  ").join(tally(verdict, palette)), Text()
    for parts in ((tallied, judged, decided), (judged, decided), (tallied, decided), (decided,), (tallied,)):
        line = Text(" ").append_text(Text("  ").join(filter(None, parts)))
        if line.cell_len <= width:
            break
    return line


def _number(finding: Finding, width: int, palette: Palette) -> list[Text]:
    """Its number, and what it is compared with."""
    text = Text("Number: ", style=palette.dim).append(number(finding.value), style=f"bold {palette.text}")
    if (rule := _RULES.get(finding.kind)) and rule.mean_of > 1:
        text.append(f" (mean of the last {rule.mean_of} updates)")
    if finding.threshold:
        text.append("  to pass: ").append(plain(finding.threshold, 24), style=palette.text)
    return indented(text, width)


def _evidence(finding: Finding, width: int, palette: Palette) -> list[Text]:
    """`Evidence: eval_return -0.93 at 163.8k env steps, …`."""
    text = Text(style=palette.dim)
    for item in finding.evidence:
        text.append(", " if text else "Evidence: ")
        text.append(f"{plain(item.metric, 40)} ").append(number(item.value), style=palette.text)
        if item.step is not None:
            text.append(f" at {short_count(item.step)} env steps", style=palette.dim)
    return indented(text, width)


def _levels(trend: Trend, palette: Palette) -> list[Level]:
    """The limits; the axis reaches those that are not far from the data."""
    if not np.isfinite(trend.y.low).any():
        return []
    least, largest = float(np.nanmin(trend.y.low)), float(np.nanmax(trend.y.high))
    reach = NEAR * max(largest - least, spec_of(trend.name).min_span)
    return [Level(limit, palette.target, least - reach <= limit <= largest + reach) for limit in trend.limits]
