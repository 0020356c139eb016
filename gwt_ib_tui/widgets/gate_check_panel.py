"""GateCheck: both verdicts, large; each rule as a row; the next step to try for one of them."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text
from textual.reactive import reactive

from gwt_ib.gatecheck.findings import Finding, Verdict
from gwt_ib.text import number, plain
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.both_verdicts import HEIGHT, large, small
from gwt_ib_tui.widgets.panel import Panel, indented, title_line
from gwt_ib_tui.widgets.verdict import (
    chosen_of,
    cut_at,
    in_a_line,
    no_verdict,
    severity,
    short_name,
    status_word,
    stepped,
)

NEXT_STEP_LINES = 4
THRESHOLD_WIDTH = 17
SUMMARY_WIDTH = 24  # with less room a row's summary says nothing; that of the chosen rule is below in full
LEAST_RULES = 6  # lines that large verdicts leave to the rules
SENTENCE_FROM = 8  # lines from which one says why the gate has its verdict


class GateCheckPanel(Panel):
    """The verdict with its evidence. `selected` is the kind of the rule whose next step is shown."""

    selected: reactive[str] = reactive("")

    def depends_on(self, run_view: RunView) -> Hashable:
        """A new verdict, or why there is none."""
        return run_view.verdict, no_verdict(run_view)

    def select(self, offset: int) -> None:
        """Choose the rule `offset` rows further down."""
        self.selected = stepped(self.run_view.verdict if self.run_view else None, self.selected, offset)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The verdicts above the rules, and what to do about one of them."""
        palette, verdict = self.palette, run_view.verdict
        if verdict is None:
            head = title_line(palette, "GateCheck", in_a_line(None, palette))
            return [head, *indented(Text(no_verdict(run_view), palette.dim), width)]
        lines = large(verdict, palette, width) if height >= HEIGHT + LEAST_RULES else []
        lines = lines or small(verdict, palette, width)
        if verdict.gate.summary and height >= SENTENCE_FROM:
            line = Text.assemble((" gate: ", palette.dim), (plain(verdict.gate.summary), palette.text))
            line.truncate(width - 1, overflow="ellipsis")
            lines.append(line)
        return [*lines, *self._findings(verdict, width, height - len(lines))]

    def _findings(self, verdict: Verdict, width: int, height: int) -> list[Text]:
        """The rules, and below them the whole of one; rules that pass make room first."""
        chosen = chosen_of(verdict, self.selected)
        if chosen is None:
            return []
        palette, text = self.palette, Text().append(plain(chosen.summary), style=self.palette.dim)
        if chosen.next_step and chosen.status != "pass":
            text.append(" Next: ", style=f"bold {palette.target}").append(plain(chosen.next_step), style=palette.text)
        advice = cut_at(indented(text, width), NEXT_STEP_LINES)[: max(height // 2, 1)]
        rows = self._rows(verdict, chosen, width, height - len(advice))
        gap = [Text()] if height > len(rows) + len(advice) else []
        return [*rows, *gap, *advice]

    def _rows(self, verdict: Verdict, chosen: Finding, width: int, room: int) -> list[Text]:
        findings = list(verdict.findings)
        room = max(room, 1)
        if len(findings) > room:  # the least serious go first, never the chosen one
            ranked = sorted(findings, key=lambda finding: (finding is not chosen, severity(finding)))
            kept = ranked[: max(room - 1, 1)]
            findings = [finding for finding in findings if finding in kept]
        name_width = min(max(len(short_name(finding.kind)) for finding in verdict.findings), 28, max(width - 18, 8))
        rows = [self._row(finding, finding is chosen, name_width, width) for finding in findings]
        if len(rows) < len(verdict.findings) and len(rows) < room:
            rows.append(Text(f"        and {len(verdict.findings) - len(rows)} more", style=self.palette.dim))
        return rows

    def _row(self, finding: Finding, chosen: bool, name_width: int, width: int) -> Text:
        palette = self.palette
        pointer = "›" if chosen else " ", f"bold {palette.line}"
        row = Text.assemble(pointer, status_word(finding.status, palette))
        row.append(f" {short_name(finding.kind)[:name_width]:<{name_width}}", style=palette.text)
        row.append(f" {number(finding.value):>8}", style=f"bold {palette.text}")
        if finding.threshold and width - row.cell_len >= THRESHOLD_WIDTH:
            row.append(f"  {plain(finding.threshold, 24):<{THRESHOLD_WIDTH - 2}}", style=palette.dim)
        if width - row.cell_len >= SUMMARY_WIDTH:
            row.append(f"  {plain(finding.summary)}", style=palette.dim)
        row.truncate(width, overflow="ellipsis")
        return row
