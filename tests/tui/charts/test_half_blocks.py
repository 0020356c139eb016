"""Pictures in cells: the pixels that are there, no larger than the room, and nothing that a terminal would obey."""

from __future__ import annotations

import numpy as np
import pytest

from gwt_ib_tui.charts.half_blocks import HALF, RAMP, ansi_lines, picture_lines

FRAME = np.zeros((20, 30, 3), np.uint8)
FRAME[:10, :15] = (248, 0, 0)
FRAME[10:, 15:] = (0, 0, 248)


@pytest.mark.parametrize(
    ("width", "height", "cells", "lines"),
    [(30, 10, 30, 10), (60, 10, 30, 10), (15, 10, 15, 5), (7, 9, 7, 3), (90, 30, 90, 30)],
)
def test_it_keeps_its_shape_and_fits(width: int, height: int, cells: int, lines: int) -> None:
    found = picture_lines(FRAME, width, height, colours=True)
    assert len(found) == lines and lines <= height
    assert {line.plain for line in found} == {" " * ((width - cells) // 2) + HALF * cells}


def test_each_cell_has_the_colours_of_its_two_pixels() -> None:
    first, *_, last = picture_lines(FRAME, 30, 10, colours=True)
    assert [(span.start, span.end, str(span.style)) for span in first.spans] == [
        (0, 15, "#f80000 on #f80000"),
        (15, 30, "#000000 on #000000"),
    ]
    assert str(last.spans[-1].style) == "#0000f8 on #0000f8"
    split = np.zeros((2, 1, 3), np.uint8)
    split[1] = 255
    assert str(picture_lines(split, 1, 1, colours=True)[0].spans[0].style) == "#000000 on #f8f8f8"


@pytest.mark.parametrize("dark", [True, False])
def test_without_colours_bright_is_far_from_the_ground(dark: bool) -> None:
    frame = np.zeros((4, 4, 3), np.uint8)
    frame[:, 2:] = 255
    for line in picture_lines(frame, 4, 2, colours=False, dark=dark):
        assert line.plain == (RAMP[0] * 2 + RAMP[-1] * 2 if dark else RAMP[-1] * 2 + RAMP[0] * 2)
        assert line.plain.isascii() and not line.spans


def test_no_room_is_no_picture() -> None:
    assert picture_lines(FRAME, 0, 5, colours=True) == picture_lines(FRAME, 5, 0, colours=True) == []


def test_characters_keep_their_colours_and_nothing_else() -> None:
    first, second = ansi_lines("\n\x1b[41mS\x1b[0mFF\x1b[2J\x1b]0;title\x07\nFH\x9b31m\u202e\r \x1b")
    assert first.plain == "SFF" and first.spans[0].end == 1 and "color(1)" in str(first.spans[0].style)
    assert second.plain.split() == ["FH", "31m"] and all(letter.isprintable() for letter in second.plain)
