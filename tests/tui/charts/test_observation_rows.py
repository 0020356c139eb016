"""An observation as people read it: every value is there, and nothing is wider or longer than its room."""

from __future__ import annotations

import numpy as np
import pytest

from gwt_ib.envs.observation_parts import Part
from gwt_ib_tui.charts.observation_rows import Look, observation_lines, short_words
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.charts.view import Symbols

CHOICE = Part("suit", "choices", (1,), (4,), (0,))
MANY = Part("where", "choices", (1,), (500,), (10,))
BOARD = Part("board", "choices", (2, 3), (3,) * 6, (0,) * 6)
FLAGS = Part("flags", "flags", (3,))
NUMBERS = Part("speed", "numbers", (2,))
PARTS = (CHOICE, MANY, BOARD, FLAGS, NUMBERS)


def rows() -> np.ndarray:
    found = np.zeros((2, sum(part.size for part in PARTS)), np.float32)
    for row, (suit, where) in enumerate(((1, 20), (3, 499))):
        found[row, [suit, 4 + where]] = 1
        found[row, 504 + 3 * np.arange(6) + (np.arange(6) + row) % 3] = 1
        found[row, -5:] = (row, 1, 0, 0.25 - row, 7.0)
    return found


@pytest.mark.parametrize("symbols", ["braille", "ascii"])
@pytest.mark.parametrize("width", [44, 100])
def test_every_part_is_there(width: int, symbols: Symbols) -> None:
    lines = observation_lines(PARTS, rows(), 1, Look(width, DARK, symbols), 30)
    words = [" ".join(line.plain.split()) for line in lines]
    assert words[0].startswith("suit 3 . . . #" if symbols == "ascii" else "suit 3 · · · ■")
    assert words[1].startswith("where 509")
    board = words.index("board")
    assert words[board + 1 : board + 3] == ["1 2 0", "1 2 0"]
    assert any(line.startswith("flags 1 1 0") for line in words)
    assert any(line.startswith("speed[0] -0.750") for line in words)
    assert any(line.startswith("speed[1] 7.00") for line in words)
    assert all(line.cell_len <= width for line in lines)
    assert symbols != "ascii" or all(line.plain.isascii() for line in lines)


def test_what_has_changed_is_marked() -> None:
    lines = observation_lines((FLAGS,), rows()[:, -5:-2], 1, Look(60, DARK), 9)
    marked = [
        line.plain[span.start : span.end].strip()
        for line in lines
        for span in line.spans
        if DARK.target in str(span.style)
    ]
    assert marked == ["1"]


def test_what_has_no_room_is_counted() -> None:
    lines = observation_lines(PARTS, rows(), 0, Look(60, DARK), 4)
    assert len(lines) == 4 and "more lines" in lines[-1].plain


def test_numbers_with_rows_and_columns_are_a_picture() -> None:
    image = Part("screen", "numbers", (16, 16, 1))
    seen = np.linspace(0, 255, 256, dtype=np.float32)[np.newaxis].repeat(2, axis=0)
    lines = observation_lines((image,), seen, 0, Look(40, DARK), 20)
    assert lines[1].plain.strip("▀ ") == "" and len(lines) > 8


def test_parts_that_do_not_fit_are_left_out() -> None:
    lines = observation_lines(PARTS, np.ones((2, 3), np.float32), 0, Look(60, DARK), 9)
    assert [line.plain.split()[0] for line in lines] == ["numbers[0]", "numbers[1]", "numbers[2]"]


def test_in_a_few_words() -> None:
    row = rows()[0]
    assert short_words((CHOICE, MANY), row[:504]) == "1 30"
    assert short_words((FLAGS, NUMBERS), row[-5:]) == "0 1 0 0.250 7.00"
    assert short_words((CHOICE, MANY, BOARD), row[:-5], most=3) == "1 30 0 …"
