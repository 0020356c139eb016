"""GateCheck's rules as a table: a row each, with as many columns as there is room for; pure."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from gwt_ib.gatecheck.findings import Finding, Verdict
from gwt_ib.text import ABSENT, count, number, plain
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.widgets.table import Table, TableColumn, first_in_sight
from gwt_ib_tui.widgets.verdict import short_name, status_word

GAP = 2  # cells between two columns
DECIDES = "◆"
NAME_TITLE = f"rule ({DECIDES} decides)"
LEAST_TREND, WIDEST_TREND = 6, 60
DROPPED_FIRST = ("trend", "since", "threshold", "number")  # where there is little room
Trends = Callable[[Finding, int], str]
"""The trend of a rule in so many cells."""


def rule_table(
    verdict: Verdict, chosen: Finding | None, trends: Trends, width: int, height: int, palette: Palette
) -> list[Text]:
    """A header and the rules in at most `height` lines; where they are more, those about the chosen one."""
    findings = verdict.findings

    def column(title: str, words: Callable[[Finding], str], style: str, *, right: bool = False) -> TableColumn[Finding]:
        widest = max(len(title), *(len(words(finding)) for finding in findings), 0)
        return TableColumn(title, widest, lambda finding, _: (words(finding), style), GAP, right)

    def name(finding: Finding, cells: int) -> Text:
        mark = f"{DECIDES if finding.decides else ' '} "
        style = f"bold underline {palette.text}" if finding is chosen else palette.text
        cell = Text(end="").append(mark, style=f"bold {palette.target}")
        return cell.append(short_name(finding.kind)[: cells - len(mark)], style=style)

    pointer = f"bold {palette.target}"
    name_title = NAME_TITLE if any(finding.decides for finding in findings) else "rule"
    longest = max(len(NAME_TITLE), *(len(DECIDES) + 1 + len(short_name(finding.kind)) for finding in findings), 0)
    columns: list[TableColumn[Finding]] = [
        TableColumn("", 2, lambda finding, _: ("›" if finding is chosen else "", pointer), gap=0),
        TableColumn("status", 6, lambda finding, _: status_word(finding.status, palette), gap=0),
        TableColumn(name_title, max(min(longest, width - 8 - GAP), 0), name, GAP),
        column("number", lambda finding: number(finding.value), f"bold {palette.text}", right=True),
        column("threshold", lambda finding: plain(finding.threshold, 24), palette.dim),
        column("since", _since, palette.text, right=True),
        TableColumn(
            "trend", LEAST_TREND, lambda finding, cells: (trends(finding, cells), palette.line), GAP, most=WIDEST_TREND
        ),
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


def _since(finding: Finding) -> str:
    return ABSENT if finding.since is None else count(finding.since)
