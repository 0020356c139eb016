"""GateCheck's rules as a table: a row each, with as many columns as there is room for; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.text import Text

from gwt_ib.gatecheck.findings import Finding, Verdict
from gwt_ib.text import ABSENT, count, number, plain
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.widgets.verdict import short_name, status_word

GAP = 2  # cells between two columns
DECIDES = "◆"
MARK = len(DECIDES) + 1
NAME_TITLE = f"rule ({DECIDES} decides)"
LEAST_TREND, WIDEST_TREND = 6, 60
Trends = Callable[[Finding, int], str]
"""The trend of a rule in so many cells."""


@dataclass(frozen=True)
class Columns:
    """The widths of the table's columns; 0 is a column that there is no room for."""

    name: int
    number: int
    threshold: int
    since: int
    trend: int


def columns_of(verdict: Verdict, width: int) -> Columns:
    """The columns that fit into `width` cells beside mark, status and name: those go last that matter most."""
    findings = verdict.findings

    def widest(title: str, cells: list[str]) -> int:
        return max(len(cell) for cell in (title, *cells))

    name = widest(NAME_TITLE[MARK:], [short_name(finding.kind) for finding in findings])
    room = width - 2 - 6 - GAP - MARK - name
    fitting = {"name": name + min(room, 0), "number": 0, "threshold": 0, "since": 0, "trend": 0}
    for column, cells in (
        ("number", widest("number", [number(finding.value) for finding in findings])),
        ("threshold", widest("threshold", [plain(finding.threshold, 24) for finding in findings])),
        ("since", widest("since", [_since(finding) for finding in findings])),
        ("trend", LEAST_TREND),
    ):
        room -= cells + GAP
        if room < 0:
            break
        fitting[column] = cells if column != "trend" else min(cells + room, WIDEST_TREND)
    return Columns(**fitting)


def rule_table(
    verdict: Verdict, chosen: Finding | None, trends: Trends, width: int, height: int, palette: Palette
) -> list[Text]:
    """A header and the rules in at most `height` lines; where they are more, those about the chosen one."""
    columns = columns_of(verdict, width)
    findings = verdict.findings
    first, shown = _shown(verdict, chosen, height)
    lines = [_row(finding, finding is chosen, columns, trends, palette) for finding in shown]
    if first and shown[0] is not chosen:
        lines[0] = Text(f"  ↑ {first + 1} more", style=palette.dim, no_wrap=True, end="")
    below = len(findings) - first - len(shown)
    if below and shown[-1] is not chosen:
        lines[-1] = Text(f"  ↓ {below + 1} more", style=palette.dim, no_wrap=True, end="")
    header = _header(columns, any(finding.decides for finding in findings), palette)
    return [header, *lines] if height > 1 else lines


def rule_at(verdict: Verdict, chosen: Finding | None, row: int, height: int) -> Finding | None:
    """The rule that `rule_table` shows in a row of its `height` lines; none for the header and below the last."""
    _, shown = _shown(verdict, chosen, height)
    place = row - 1 if height > 1 else row
    return shown[place] if 0 <= place < len(shown) else None


def _shown(verdict: Verdict, chosen: Finding | None, height: int) -> tuple[int, tuple[Finding, ...]]:
    """The rules in so many lines, and the place of the first of them."""
    findings, room = verdict.findings, max(height - 1, 1)
    at = findings.index(chosen) if chosen in findings else 0
    first = min(max(at - room // 2, 0), max(len(findings) - room, 0))
    return first, findings[first : first + room]


def _header(columns: Columns, decide: bool, palette: Palette) -> Text:
    name = NAME_TITLE if decide else "rule"
    cells = [
        "status".ljust(6),
        name[: columns.name + MARK].ljust(columns.name + MARK),
        "number".rjust(columns.number) if columns.number else "",
        "threshold".ljust(columns.threshold) if columns.threshold else "",
        "since".rjust(columns.since) if columns.since else "",
        "trend".ljust(columns.trend) if columns.trend else "",
    ]
    text = "  " + (" " * GAP).join(cell for cell in cells if cell)
    return Text(text, style=palette.dim, no_wrap=True, end="")


def _row(finding: Finding, chosen: bool, columns: Columns, trends: Trends, palette: Palette) -> Text:
    row = Text(no_wrap=True, end="")
    row.append("› " if chosen else "  ", style=f"bold {palette.target}")
    row.append_text(status_word(finding.status, palette))
    row.append(" " * GAP)
    row.append(f"{DECIDES if finding.decides else ' '} ", style=f"bold {palette.target}")
    name = short_name(finding.kind)[: columns.name]
    row.append(name, style=f"bold underline {palette.text}" if chosen else palette.text)
    row.append(" " * (columns.name - len(name)))
    gap = " " * GAP
    if columns.number:
        row.append(f"{gap}{number(finding.value):>{columns.number}}", style=f"bold {palette.text}")
    if columns.threshold:
        row.append(f"{gap}{plain(finding.threshold, 24):<{columns.threshold}}", style=palette.dim)
    if columns.since:
        row.append(f"{gap}{_since(finding):>{columns.since}}", style=palette.text)
    if columns.trend:
        row.append(f"{gap}{trends(finding, columns.trend)}", style=palette.line)
    return row


def _since(finding: Finding) -> str:
    return ABSENT if finding.since is None else count(finding.since)
