"""Both verdicts in every form: words whole, with an icon and a colour each, in any width; the run's state beside them."""

from __future__ import annotations

import pytest

from gwt_ib.gatecheck.findings import GATE_VERDICTS, GateVerdict, Verdict
from gwt_ib.runs.record import KILLED, STALLED
from gwt_ib_tui.charts.palette import DARK, LIGHT
from gwt_ib_tui.widgets.both_verdicts import badges, with_since
from gwt_ib_tui.widgets.list_rows import gate_cell, verdict_cell
from gwt_ib_tui.widgets.status_bar import state_chip
from gwt_ib_tui.widgets.verdict import GATE_CELLS, STATUS_CELLS, STATUS_ICONS, gate_status, gate_word, in_a_line


def judged(gate: str, status: str = "pass", since: int = 1_234_567) -> Verdict:
    return Verdict(status, 1_300_000, since=since, gate=GateVerdict(gate, since=since))


@pytest.mark.parametrize("word", GATE_VERDICTS)
def test_every_verdict_on_the_gate_is_whole_in_every_form(word: str) -> None:
    verdict, shown = judged(word), word.upper()
    assert gate_word(word, DARK).plain.split() == [STATUS_ICONS[gate_status(word)], shown]
    assert gate_word(word, DARK).cell_len == GATE_CELLS
    assert in_a_line(verdict, DARK).plain.endswith(f"gate {STATUS_ICONS[gate_status(word)]} {shown}")
    for named in (True, False):
        assert badges(verdict, DARK, named=named).plain.endswith(f" {STATUS_ICONS[gate_status(word)]} {shown} ")
    for width, height in ((120, 2), (46, 2), (46, 1), (34, 2)):
        lines = with_since(verdict, DARK, width, height)
        assert len(lines) <= height and all(line.cell_len <= width for line in lines), (width, height)
        assert shown in lines[-1].plain.split()


def test_works_is_good_harmful_is_bad_to_wait_is_neither_and_the_rest_warns() -> None:
    colors = {word: gate_cell(word, DARK)[1] for word in GATE_VERDICTS}
    assert (colors.pop("works"), colors.pop("harmful"), colors.pop("wait")) == (DARK.good, DARK.bad, DARK.wait)
    assert set(colors.values()) == {DARK.warn} and len(colors) == 4
    assert gate_cell("works", LIGHT) == ("✓ WORKS     ", LIGHT.good)
    assert gate_cell("odd word of another version", DARK) == ("? ODD WORD …", DARK.wait)
    assert len(verdict_cell("pass", DARK)[0]) == STATUS_CELLS


@pytest.mark.parametrize("width", [47, 60, 79, 120])
def test_since_when_is_told_of_both_and_its_number_is_whole(width: int) -> None:
    lines = [line.plain for line in with_since(judged("decoration"), DARK, width)]
    assert max(map(len, lines)) <= width
    assert "".join(lines).count("1,234,567") == 2
    assert lines[0].startswith("▍GateCheck  training ✓ PASS since" if len(lines) == 1 else "▍training ✓ PASS since")
    assert (len(lines) == 1) == (width >= 79)


def test_a_state_is_no_verdict_and_has_a_colour_only_where_it_alarms() -> None:
    verdicts = {DARK.good, DARK.warn, DARK.bad, DARK.wait}

    def grounds(state: str) -> set[str]:
        chip = state_chip(state, DARK)
        return {str(style).partition(" on ")[2] for style in [chip.style, *(span.style for span in chip.spans)]} - {""}

    for state in ("starting", "running", "paused", "stopping", "stopped", "finished"):
        assert grounds(state) == {DARK.chip} and not grounds(state) & verdicts, state
    assert grounds("failed") == grounds(KILLED) == {DARK.bad} and grounds(STALLED) == {DARK.warn}
    assert "FINISHED" in state_chip("finished", DARK).plain


def test_before_the_first_verdict_both_wait() -> None:
    assert in_a_line(None, DARK).plain == "training … WAIT · gate … WAIT"
    assert in_a_line(None, DARK, named=False).plain == "… WAIT · … WAIT"
    assert badges(None, DARK).plain.split() == ["training", "…", "WAIT", "gate", "…", "WAIT"]
