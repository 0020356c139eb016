"""What every view of GateCheck shares: the status of a rule and of a metric, and which rule is chosen; pure."""

from __future__ import annotations

from collections import Counter

from rich.text import Text

from gwt_ib.gatecheck.findings import Finding, Verdict
from gwt_ib.gatecheck.findings import rule_name as name_in_words
from gwt_ib.gatecheck.rules import RULES
from gwt_ib.runs.metrics import Metric
from gwt_ib.text import count, plain
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.charts.trends import followed
from gwt_ib_tui.state.run.feed import BAD_GATECHECK
from gwt_ib_tui.state.run.run_view import RunView

STATUS_ICONS = {"fail": "✗", "warn": "▲", "wait": "…", "pass": "✓"}
"""The statuses, which are words too, with their icons; the most serious first."""

NO_VERDICT_YET = "the first verdict comes with the first updates"
NO_UPDATE = "no update was made, so there is nothing to judge"

_LETTERS = {
    "A": ("▄▀▄", "█▀█", "▀ ▀"),
    "F": ("█▀▀", "█▀ ", "▀  "),
    "I": ("█", "█", "▀"),
    "L": ("█  ", "█  ", "▀▀▀"),
    "P": ("█▀▄", "█▀ ", "▀  "),
    "S": ("▄▀▀", "▀▀▄", "▀▀ "),
    "T": ("▀█▀", " █ ", " ▀ "),
    "W": ("█   █", "█▄█▄█", " ▀ ▀ "),
}
HEIGHT = 3


def no_verdict(run_view: RunView) -> str:
    """Why there is no verdict."""
    if BAD_GATECHECK in run_view.file_problems:
        return BAD_GATECHECK
    return NO_UPDATE if run_view.ended and not run_view.series.rows and run_view.loading is None else NO_VERDICT_YET


def status_word(status: str, palette: Palette) -> Text:
    """`✓ PASS`: an icon and four cells of a word."""
    word = f"{STATUS_ICONS.get(status, '?')} {plain(status, 4).upper():<4}"
    return Text(word, style=f"bold {palette.of_status(status)}", no_wrap=True, end="")


def verdict_chip(verdict: str, palette: Palette) -> Text:
    """The verdict as a word with an icon, on its colour."""
    status = verdict if verdict in STATUS_ICONS else "wait"
    style = f"bold {palette.on_chip} on {palette.of_status(status)}"
    return Text(f" {STATUS_ICONS[status]} {plain(verdict, 8).upper()} ", style=style)


def metric_status(metric: Metric, run_view: RunView) -> tuple[str, str]:
    """A metric's status and what it should be; each empty where it has none.

    The status is the worst of the rules that follow the metric, and what it should be is the threshold of that rule
    where it does not pass. Only a metric that no rule follows is compared with its healthy range here.
    """
    threshold = None if run_view.config is None else metric.threshold(run_view.config)
    healthy = "" if threshold is None else str(threshold)
    if all(rule.follows != metric.name for rule in RULES):
        value = run_view.metric(metric.name)
        if threshold is None or value is None:
            return "", healthy
        return "pass" if threshold.contains(value) else "warn", healthy
    findings = () if run_view.verdict is None else run_view.verdict.findings
    found = [finding for finding in findings if followed(finding) == metric.name]
    worst = min(found, key=severity, default=Finding("", ""))
    return worst.status, worst.threshold if worst.status in ("fail", "warn") else healthy


def since_words(verdict: Verdict) -> str:
    """`since update 90`, or which update was judged where a file does not say since when."""
    if verdict.since is not None:
        return f"since update {count(verdict.since)}"
    return "" if verdict.update is None else f"update {count(verdict.update)}"


def tally(verdict: Verdict, palette: Palette) -> list[Text]:
    """How many rules say what, the most serious first: `✗ 1 fail`."""
    counts = Counter(finding.status for finding in verdict.findings)
    return [
        Text(f"{icon} {counts[status]} {status}", style=palette.of_status(status))
        for status, icon in STATUS_ICONS.items()
        if counts[status]
    ]


def rule_name(kind: str) -> str:
    """A rule's name as people read it."""
    return name_in_words(plain(kind, 40))


def short_name(kind: str) -> str:
    """The same in fewer cells."""
    return rule_name(kind).removesuffix(" off its limits")


def chosen_of(verdict: Verdict | None, selected: str) -> Finding | None:
    """The rule that is selected by its kind, or the first of the most serious ones; none where there is no rule."""
    findings = () if verdict is None else verdict.findings
    return min(findings, key=lambda finding: (finding.kind != selected, severity(finding)), default=None)


def stepped(verdict: Verdict | None, selected: str, offset: int) -> str:
    """The kind of the rule `offset` rows below the chosen one; from the last on to the first."""
    chosen = chosen_of(verdict, selected)
    if verdict is None or chosen is None:
        return selected
    kinds = [finding.kind for finding in verdict.findings]
    return kinds[(kinds.index(chosen.kind) + offset) % len(kinds)]


def severity(finding: Finding) -> int:
    """0 for the most serious status; one that is not known here comes last."""
    return [*STATUS_ICONS, finding.status].index(finding.status)


def cut_at(lines: list[Text], height: int) -> list[Text]:
    """The first `height` lines; the last of them says where there were more."""
    if len(lines) > height > 0:
        lines = lines[:height]
        lines[-1].append("…")
    return lines


def big_word(word: str) -> list[str]:
    """The word in capitals as three lines; as itself in the middle one where a letter has no drawing."""
    letters = [_LETTERS.get(letter) for letter in word.upper()]
    if not letters or None in letters:
        return [" " * len(word), word.upper(), " " * len(word)]
    return [" ".join(letter[row] for letter in letters if letter) for row in range(HEIGHT)]
