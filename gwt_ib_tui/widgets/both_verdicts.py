"""Both verdicts, on training and on the gate: large beside each other, or a line each; pure."""

from __future__ import annotations

from rich.text import Text

from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.text import plain
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.widgets.panel import title_line
from gwt_ib_tui.widgets.verdict import GATE, TRAINING, gate_status, since_words, verdict_chip

HEIGHT = 4
"""Lines of large verdicts."""
GAP, WIDEST_FIRST = 3, 40  # between the two, and where the second begins at most
CHIPS = 1 + len(TRAINING) + 2 + 14  # from here on stands since when; the longest word on its colour has 14 cells
_LETTERS = {
    "A": ("▄▀▄", "█▀█", "▀ ▀"),
    "C": ("▄▀▀", "█  ", " ▀▀"),
    "D": ("█▀▄", "█ █", "▀▀ "),
    "E": ("█▀▀", "█▀ ", "▀▀▀"),
    "F": ("█▀▀", "█▀ ", "▀  "),
    "H": ("█ █", "█▀█", "▀ ▀"),
    "I": ("█", "█", "▀"),
    "K": ("█ █", "█▀▄", "▀ ▀"),
    "L": ("█  ", "█  ", "▀▀▀"),
    "M": ("█▄ ▄█", "█ ▀ █", "▀   ▀"),
    "N": ("█▄ █", "█ ▀█", "▀  ▀"),
    "O": ("▄▀▄", "█ █", " ▀ "),
    "P": ("█▀▄", "█▀ ", "▀  "),
    "R": ("█▀▄", "█▀▄", "▀ ▀"),
    "S": ("▄▀▀", "▀▀▄", "▀▀ "),
    "T": ("▀█▀", " █ ", " ▀ "),
    "U": ("█ █", "█ █", " ▀ "),
    "W": ("█   █", "█▄█▄█", " ▀ ▀ "),
}


def large(verdict: Verdict, palette: Palette, width: int) -> list[Text]:
    """Side by side in large letters, each below its name and since when; empty where they do not fit."""
    blocks = []
    for name, word, since in _parts(verdict):
        style = f"bold {palette.of_status(gate_status(word))}"
        head = title_line(palette, name, since)
        blocks.append([head, *(Text(f" {letters}", style=style) for letters in big_word(plain(word, 10)))])
    first = max(max(line.cell_len for line in blocks[0]) + GAP, min(width // 3, WIDEST_FIRST))
    if first + max(line.cell_len for line in blocks[1]) > width:
        return []
    for line in blocks[0]:
        line.pad_right(first - line.cell_len)
    return [Text.assemble(here, there) for here, there in zip(*blocks, strict=True)]


def small(verdict: Verdict | None, palette: Palette, width: int) -> list[Text]:
    """A line each: name, word, since when, in the longest words whose number is whole."""
    lines = []
    for name, word, since in _parts(verdict):
        line = title_line(palette, f"{name:<{len(TRAINING)}}", verdict_chip(word, palette))
        for words in (f"  {since}", f"  {since.replace('update ', '')}", f" {since.rpartition(' ')[2]}"):
            room = max(CHIPS - line.cell_len, 0)
            if since and line.cell_len + min(room, width) + len(words) <= width:
                line.append(" " * room).append(words, style=palette.dim)
                break
        lines.append(line)
    return lines


def _parts(verdict: Verdict | None) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """Of each verdict: on what it is, its word, and since when; *wait* before there is one."""
    verdict = verdict or Verdict("wait")
    return (
        (TRAINING, verdict.status, since_words(verdict)),
        (GATE, verdict.gate.status, since_words(verdict.gate)),
    )


def big_word(word: str) -> list[str]:
    """The word in capitals as three lines; as itself in the middle one where a letter has no drawing."""
    letters = [_LETTERS.get(letter) for letter in word.upper()]
    if not letters or None in letters:
        return [" " * len(word), word.upper(), " " * len(word)]
    return [" ".join(letter[row] for letter in letters if letter) for row in range(3)]
