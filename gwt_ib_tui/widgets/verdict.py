"""What every view of GateCheck shares: both verdicts as words, a rule's and a metric's status, the chosen rule; pure."""

from __future__ import annotations

from collections import Counter

from rich.text import Text

from gwt_ib.gatecheck.findings import GATE_VERDICTS, Finding, GateVerdict, Verdict
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

TRAINING, GATE = "training", "gate"
"""What the two verdicts are on."""
STATUSES_OF_GATE = dict.fromkeys(GATE_VERDICTS, "warn") | {"works": "pass", "harmful": "fail", "wait": "wait"}
"""The status of each verdict on the gate, which has its icon and its colour."""
STATUS_CELLS, GATE_CELLS = 6, 12
"""Cells of an icon and the longest word of either verdict."""

NO_VERDICT_YET = "the first verdict comes with the first updates"
NO_UPDATE = "no update was made, so there is nothing to judge"


def no_verdict(run_view: RunView) -> str:
    """Why there is no verdict."""
    if BAD_GATECHECK in run_view.file_problems:
        return BAD_GATECHECK
    return NO_UPDATE if run_view.ended and not run_view.series.rows and run_view.loading is None else NO_VERDICT_YET


def status_word(status: str, palette: Palette) -> Text:
    """`✓ PASS`: an icon and four cells of a word."""
    word = f"{STATUS_ICONS.get(status, '?')} {plain(status, 4).upper():<4}"
    return Text(word, style=f"bold {palette.of_status(status)}", no_wrap=True, end="")


def gate_status(verdict: str) -> str:
    """The status that a verdict on the gate has as its colour; itself where it is not known here."""
    return STATUSES_OF_GATE.get(verdict, verdict)


def gate_word(verdict: str, palette: Palette) -> Text:
    """`▲ DECORATION`: the verdict on the gate, an icon and ten cells of a word."""
    status = gate_status(verdict)
    word = f"{STATUS_ICONS.get(status, '?')} {plain(verdict, 10).upper():<10}"
    return Text(word, style=f"bold {palette.of_status(status)}", no_wrap=True, end="")


def verdict_chip(verdict: str, palette: Palette) -> Text:
    """A verdict, on training or on the gate, as a word with an icon, on its colour."""
    status = gate_status(verdict)
    status = status if status in STATUS_ICONS else "wait"
    style = f"bold {palette.on_chip} on {palette.of_status(status)}"
    return Text(f" {STATUS_ICONS[status]} {plain(verdict, 10).upper()} ", style=style)


def both_words(verdict: Verdict | None) -> tuple[str, str]:
    """The verdict on training and that on the gate; *wait* before there is one."""
    return ("wait", "wait") if verdict is None else (verdict.status, verdict.gate.status)


def in_a_line(verdict: Verdict | None, palette: Palette, *, named: bool = True) -> Text:
    """Both verdicts: `training ✓ PASS · gate ▲ DECORATION`; or without the names."""
    training, gate = both_words(verdict)
    words = (TRAINING, status_word(training, palette)), (GATE, gate_word(gate, palette))
    line = Text()
    for name, word in words:
        word.rstrip()
        line.append(" · " if line else "", style=palette.dim).append(f"{name} " if named else "", style=palette.dim)
        line.append_text(word)
    return line


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


def since_words(verdict: Verdict | GateVerdict) -> str:
    """`since update 90`, or which update was judged where a file does not say since when."""
    if verdict.since is not None:
        return f"since update {count(verdict.since)}"
    return "" if isinstance(verdict, GateVerdict) or verdict.update is None else f"update {count(verdict.update)}"


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
