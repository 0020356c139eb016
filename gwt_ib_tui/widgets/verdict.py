"""What every view of GateCheck shares: statuses as words with signs, and which rule is chosen; pure."""

from __future__ import annotations

from rich.text import Text

from gwt_ib.text import count, plain
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.feed import BAD_GATECHECK
from gwt_ib_tui.state.run.run_view import Finding, Report, RunView

SIGNS = {"pass": "✓", "fail": "✗", "warn": "▲", "wait": "…"}
SEVERITY = ("fail", "warn", "wait", "pass")
NO_VERDICT_YET = "the first verdict comes with the first updates"
NO_UPDATE = "no update was made, so there is nothing to judge"


def no_verdict(run_view: RunView) -> str:
    """Why there is no verdict."""
    if BAD_GATECHECK in run_view.file_problems:
        return BAD_GATECHECK
    return NO_UPDATE if run_view.ended and not run_view.series.rows and run_view.loading is None else NO_VERDICT_YET


def status_word(status: str, palette: Palette) -> Text:
    """`✓ PASS`: a sign and four cells of a word."""
    word = f"{SIGNS.get(status, '?')} {plain(status, 4).upper():<4}"
    return Text(word, style=f"bold {palette.of_status(status)}", no_wrap=True, end="")


def verdict_chip(verdict: str, palette: Palette) -> Text:
    """The verdict as a word with a sign, on its colour."""
    status = verdict if verdict in SIGNS else "wait"
    style = f"bold {palette.on_chip} on {palette.of_status(status)}"
    return Text(f" {SIGNS[status]} {plain(verdict, 8).upper()} ", style=style, no_wrap=True, end="")


def since_words(report: Report) -> str:
    """`since update 90`, or which update was judged where a file does not say since when."""
    if report.since is not None:
        return f"since update {count(report.since)}"
    return "" if report.update is None else f"update {count(report.update)}"


def tally(report: Report, palette: Palette) -> list[Text]:
    """How many rules say what, the most serious first: `✗ 1 fail`."""
    counts = {status: sum(finding.status == status for finding in report.findings) for status in SEVERITY}
    return [
        Text(f"{SIGNS[status]} {many} {status}", style=palette.of_status(status), no_wrap=True, end="")
        for status, many in counts.items()
        if many
    ]


def rule_name(kind: str) -> str:
    """A rule's name as people read it."""
    return plain(kind, 40).replace("_", " ")


def short_name(kind: str) -> str:
    """The same in fewer cells."""
    return rule_name(kind).replace("explained variance", "EV")


def chosen_of(report: Report, selected: str) -> Finding | None:
    """The rule that is selected by its kind, or the first of the most serious ones; none where there is no rule."""
    for finding in report.findings:
        if finding.kind == selected:
            return finding
    return min(report.findings, key=severity, default=None)


def stepped(report: Report | None, selected: str, offset: int) -> str:
    """The kind of the rule `offset` rows below the chosen one; from the last on to the first."""
    chosen = None if report is None else chosen_of(report, selected)
    if report is None or chosen is None:
        return selected
    kinds = [finding.kind for finding in report.findings]
    return kinds[(kinds.index(chosen.kind) + offset) % len(kinds)]


def severity(finding: Finding) -> int:
    """0 for the most serious status."""
    return SEVERITY.index(finding.status) if finding.status in SEVERITY else len(SEVERITY)
