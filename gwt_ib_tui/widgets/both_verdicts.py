"""Both verdicts, on training and on the gate, as two badges, and in a line with since when; pure."""

from __future__ import annotations

from rich.text import Text

from gwt_ib.gatecheck.findings import Verdict
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.widgets.panel import title_line
from gwt_ib_tui.widgets.verdict import GATE, TRAINING, both_words, gate_word, since_words, status_word, verdict_chip

LONG, SHORT, BARE, NONE = "since update ", "since ", "", None
"""What stands before the number of an update, the longest first; with the last not even that stands there."""


def badges(verdict: Verdict | None, palette: Palette, *, named: bool = True) -> Text:
    """Two badges: what is judged, then the word on its colour. They alone are coloured; what is no judgement is not."""
    line = Text()
    for name, word in zip((TRAINING, GATE), both_words(verdict), strict=True):
        line.append(" " if line else "")
        if named:
            line.append(f" {name} ", style=f"{palette.text} on {palette.chip}")
        line.append_text(verdict_chip(word, palette))
    return line


def with_since(verdict: Verdict, palette: Palette, width: int, height: int = 2) -> list[Text]:
    """`▍GateCheck  training ✓ PASS since update 20 · gate ✗ HARMFUL since update 55`, or a line each in little room."""
    told = (
        (TRAINING, status_word(verdict.status, palette), since_words(verdict)),
        (GATE, gate_word(verdict.gate.status, palette), since_words(verdict.gate)),
    )
    line = Text()
    for form in (LONG, SHORT) if height > 1 else (LONG, SHORT, NONE):
        parts = [_told(*one, form, palette) for one in told]
        line = title_line(palette, "GateCheck", Text(" · ", style=palette.dim).join(parts))
        if line.cell_len <= width:
            return [line]
    if height < 2:
        return [title_line(palette, "", Text(" · ", style=palette.dim).join(parts), space="")]
    lines = []
    for name, word, since in told:
        for form in (LONG, SHORT, BARE, NONE):
            line = title_line(
                palette, f"{name:<{len(TRAINING)}}", _told("", word.copy(), since, form, palette), space=" "
            )
            if line.cell_len <= width:
                break
        lines.append(line)
    return lines


def _told(name: str, word: Text, since: str, form: str | None, palette: Palette) -> Text:
    """A verdict with since when, which begins as `form` says."""
    text, word = Text(f"{name} " if name else "", style=palette.dim), word.copy()
    word.rstrip()
    text.append_text(word)
    if since and form is not None:
        whole = f"{form}{since.rpartition(' ')[2]}" if since.startswith(LONG) else since
        text.append(f" {whole}", style=palette.dim)
    return text
