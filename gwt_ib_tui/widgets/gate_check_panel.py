"""GateCheck on Live: both verdicts, the rules that do not pass with their numbers, the next step to try for one."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

from rich.text import Text
from textual.reactive import reactive

from gwt_ib.gatecheck.findings import Finding, Verdict
from gwt_ib.text import number, plain, shortened
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.both_verdicts import with_since
from gwt_ib_tui.widgets.panel import Panel, indented, title_line
from gwt_ib_tui.widgets.verdict import (
    STATUS_ICONS,
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
THRESHOLD_WIDTH = 15
GATE_LINES = 2, 3  # with less room, and from so many lines on that are `TALL`
TALL = 14
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
        lines = with_since(verdict, palette, width)
        if verdict.gate.summary and height >= SENTENCE_FROM:
            said = _wrapped("gate: ", palette.dim, plain(verdict.gate.summary), palette.text, width)
            lines += cut_at(said, GATE_LINES[height >= TALL] if height > SENTENCE_FROM else 1)
        return [*lines, *self._findings(verdict, width, height - len(lines))]

    def _findings(self, verdict: Verdict, width: int, height: int) -> list[Text]:
        """The rules, and below them the whole of one; rules that pass make room first."""
        chosen = chosen_of(verdict, self.selected)
        if chosen is None:
            return []
        palette, text = self.palette, Text().append(plain(chosen.summary), style=self.palette.dim)
        if chosen.next_step and chosen.status != "pass":
            text.append(" Next: ", style=f"bold {palette.target}").append(plain(chosen.next_step), style=palette.text)
        advice = cut_at(indented(text, width), max(NEXT_STEP_LINES, height // 2))[: max(height // 2, 1)]
        rows = self._rows(verdict, chosen, width, height - len(advice))
        gap = [Text()] if height > len(rows) + len(advice) else []
        return [*rows, *gap, *advice]

    def _rows(self, verdict: Verdict, chosen: Finding, width: int, room: int) -> list[Text]:
        """What does not pass, and the chosen one, with numbers; the others by name, as their numbers are on the charts."""
        told = [finding for finding in verdict.findings if finding.status != "pass" or finding is chosen]
        passing = [finding for finding in verdict.findings if finding not in told]
        others = self._passing(passing, width, max(room - len(told) - 1, 1))
        room = max(room - len(others), 1)
        if len(told) > room:  # the least serious go first, never the chosen one
            kept = sorted(told, key=lambda finding: (finding is not chosen, severity(finding)))[: max(room - 1, 1)]
            told = [finding for finding in told if finding in kept]
        names = [short_name(finding.kind) for finding in told]
        name_width = min(max(map(len, names)), max(width - 18, 8))
        rows = [self._row(finding, finding is chosen, name_width, width) for finding in told]
        left = len(verdict.findings) - len(passing) - len(told)
        if left and len(rows) < room:
            rows.append(Text(f"        and {left} more", style=self.palette.dim))
        return [*rows, *others]

    def _passing(self, findings: list[Finding], width: int, most: int) -> list[Text]:
        """`✓ 9 pass  td_std, …`, or how many alone where the names do not fit into so many lines."""
        if not findings:
            return []
        palette = self.palette
        head, style = f"{STATUS_ICONS['pass']} {len(findings)} pass", f"bold {palette.good}"
        names = ", ".join(short_name(finding.kind) for finding in findings)
        lines = _wrapped(head, style, f"  {names}", palette.dim, width)
        return lines if len(lines) <= most else _wrapped(head, style, "", "", width)

    def _row(self, finding: Finding, chosen: bool, name_width: int, width: int) -> Text:
        palette = self.palette
        pointer = "›" if chosen else " ", f"bold {palette.target}"
        row = Text.assemble(pointer, status_word(finding.status, palette))
        row.append(f" {shortened(short_name(finding.kind), name_width):<{name_width}}", style=palette.text)
        row.append(f" {number(finding.value):>8}", style=f"bold {palette.text}")
        for words in (plain(finding.threshold, 24), plain(finding.summary)):
            # A part of a sentence says nothing: that of the chosen rule is below in full.
            if words and row.cell_len + 2 + len(words) <= width:
                row.append(f"  {words:<{THRESHOLD_WIDTH}}"[: max(width - row.cell_len, 0)], style=palette.dim)
        return row


def _wrapped(head: str, head_style: str, words: str, style: str, width: int) -> list[Text]:
    """Two pieces of text in lines. Wrapping is most of what this panel costs, and its words seldom change."""
    return [line.copy() for line in _kept(head, head_style, words, style, width)]


@lru_cache(maxsize=32)
def _kept(head: str, head_style: str, words: str, style: str, width: int) -> tuple[Text, ...]:
    return tuple(indented(Text.assemble((head, head_style), (words, style)), width))
