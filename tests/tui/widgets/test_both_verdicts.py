"""Both verdicts in every form: words whole, aligned, with an icon and a colour each, in any width."""

from __future__ import annotations

import pytest

from gwt_ib.gatecheck.findings import GATE_VERDICTS, GateVerdict, Verdict
from gwt_ib_tui.charts.palette import DARK, LIGHT
from gwt_ib_tui.widgets.both_verdicts import big_word, large, small
from gwt_ib_tui.widgets.list_rows import gate_cell, verdict_cell
from gwt_ib_tui.widgets.verdict import GATE_CELLS, STATUS_CELLS, STATUS_ICONS, gate_status, gate_word, in_a_line


def judged(gate: str, status: str = "pass", since: int = 1_234_567) -> Verdict:
    return Verdict(status, 1_300_000, since=since, gate=GateVerdict(gate, since=since))


@pytest.mark.parametrize("word", GATE_VERDICTS)
def test_every_verdict_on_the_gate_is_whole_in_every_form(word: str) -> None:
    verdict, shown = judged(word), word.upper()
    assert gate_word(word, DARK).plain.split() == [STATUS_ICONS[gate_status(word)], shown]
    assert gate_word(word, DARK).cell_len == GATE_CELLS
    assert in_a_line(verdict, DARK).plain.endswith(f"gate {STATUS_ICONS[gate_status(word)]} {shown}")
    assert f" {shown} " in small(verdict, DARK, 40)[1].plain
    letters = big_word(word)
    assert len({len(line) for line in letters}) == 1 and shown not in letters[1], "each letter has a drawing"
    assert len(large(verdict, DARK, 78)) == 4


def test_works_is_good_harmful_is_bad_to_wait_is_neither_and_the_rest_warns() -> None:
    colors = {word: gate_cell(word, DARK)[1] for word in GATE_VERDICTS}
    assert (colors.pop("works"), colors.pop("harmful"), colors.pop("wait")) == (DARK.good, DARK.bad, DARK.wait)
    assert set(colors.values()) == {DARK.warn} and len(colors) == 4
    assert gate_cell("works", LIGHT) == ("✓ WORKS     ", LIGHT.good)
    assert gate_cell("odd word of another version", DARK) == ("? ODD WORD …", DARK.wait)
    assert len(verdict_cell("pass", DARK)[0]) == STATUS_CELLS


@pytest.mark.parametrize("width", [47, 60, 79, 120])
def test_since_when_is_aligned_and_its_number_whole(width: int) -> None:
    training, gate = (line.plain for line in small(judged("decoration"), DARK, width))
    assert len(training) <= width and len(gate) <= width
    assert training.index("1,234,567") == gate.index("1,234,567")
    assert training.startswith("▍training   ✓ PASS ") and gate.startswith("▍gate       ▲ DECORATION ")


def test_large_words_stand_beside_each_other_only_where_both_fit() -> None:
    assert large(judged("decoration"), DARK, 60) == []
    lines = [line.plain for line in large(judged("open", since=7), DARK, 60)]
    assert lines[0].split() == ["▍training", "since", "update", "7", "▍gate", "since", "update", "7"]
    assert max(map(len, lines)) <= 60


def test_before_the_first_verdict_both_wait() -> None:
    assert in_a_line(None, DARK).plain == "training … WAIT · gate … WAIT"
    assert in_a_line(None, DARK, named=False).plain == "… WAIT · … WAIT"
    assert [line.plain.split() for line in small(None, DARK, 40)] == [
        ["▍training", "…", "WAIT"], ["▍gate", "…", "WAIT"]
    ]  # fmt: skip
