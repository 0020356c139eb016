"""The table of GateCheck's rules: columns by importance, exact widths, and a window about the chosen rule."""

from __future__ import annotations

import pytest

from gwt_ib.gatecheck.findings import Finding, Verdict
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.widgets.check_panels import rule_table
from gwt_ib_tui.widgets.verdict import chosen_of, stepped

STATUSES = ("pass", "wait", "pass", "warn", "fail", "pass", "warn", "pass", "pass", "pass", "pass", "pass")


def report(count: int = 12) -> Verdict:
    findings = [
        Finding(f"rule_{place}", status, "", "", (), "> 0.005, < 49.5", (0.005, 49.5), 7 * place, place < 2)
        for place, status in enumerate(STATUSES[:count])
    ]
    return Verdict("fail", 90, findings=tuple(findings), since=80)


def lines_of(given: Verdict, selected: str, width: int, height: int) -> list[str]:
    chosen = chosen_of(given, selected)
    drawn = rule_table(given, chosen, lambda finding, cells: "⣀" * cells, width, height, DARK)
    assert all(line.cell_len <= width for line in drawn), [line.plain for line in drawn]
    return [line.plain for line in drawn]


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (100, ["status", "rule", "number", "threshold", "since", "trend"]),
        (65, ["status", "rule", "number", "threshold", "since"]),
        (54, ["status", "rule", "number", "threshold"]),
        (40, ["status", "rule", "number"]),
        (28, ["status", "rule"]),
    ],
)
def test_the_columns_that_matter_least_go_first(width: int, titles: list[str]) -> None:
    header, *rows = lines_of(report(), "", width, 20)
    assert header.replace("(◆ decides)", "").split() == titles
    assert len(rows) == 12
    for name, cell in {"number": "–", "threshold": "> 0.005", "since": "77", "trend": "⣀⣀"}.items():
        assert all((cell in row) == (name in titles) for row in rows[-1:]), name


def test_deciding_rules_are_marked_and_the_chosen_one_pointed_at() -> None:
    header, *rows = lines_of(report(), "rule_6", 80, 20)
    assert "◆ decides" in header
    assert ["◆" in row for row in rows] == [True, True] + [False] * 10
    assert [row.startswith("›") for row in rows].index(True) == 6
    assert "▲ WARN" in rows[6] and "> 0.005, < 49.5" in rows[6] and " 42 " in rows[6]


@pytest.mark.parametrize("height", [1, 2, 3, 5, 9, 12, 13])
def test_the_chosen_rule_is_in_sight_however_few_lines_there_are(height: int) -> None:
    given = report()
    for finding in given.findings:
        lines = lines_of(given, finding.kind, 70, height)
        assert len(lines) <= max(height, 1)
        assert any(line.startswith("›") and f"{finding.kind.replace('_', ' ')} " in line for line in lines)
        rows = lines[1:] if height > 1 else lines
        hidden = sum(int(line.split()[1]) for line in rows if line.strip().endswith("more"))
        if height > 3:
            assert hidden + sum("rule " in line for line in rows) == 12


def test_steps_go_round_and_the_most_serious_is_the_first_choice() -> None:
    given = report()
    assert chosen_of(given, "").kind == "rule_4"
    assert stepped(given, "", 1) == "rule_5"
    assert stepped(given, "rule_11", 1) == "rule_0"
    assert stepped(given, "rule_0", -1) == "rule_11"
    assert stepped(None, "x", 1) == stepped(Verdict("wait"), "x", 1) == "x"
