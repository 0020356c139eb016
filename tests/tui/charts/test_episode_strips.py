"""Strips over the steps of an episode: every step has its share of the width, and the cursor stands on it."""

from __future__ import annotations

import numpy as np
import pytest

from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.charts.strips import LABEL, Layer, Strip, cursor_cell, layer_dots, strip_lines
from gwt_ib_tui.charts.view import SYMBOLS, Symbols


def layer(*values: float, bars: bool = False) -> Layer:
    return Layer(np.array(values, np.float32), DARK.line, bars)


def test_a_line_has_a_place_for_each_step_and_joins_them() -> None:
    dots = layer_dots(layer(0.0, 1.0), 0.0, 1.0, (4, 6))
    assert dots.astype(int).tolist() == [
        [0, 0, 0, 1, 1, 1],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [1, 1, 1, 1, 0, 0],
    ]


def test_bars_begin_at_zero() -> None:
    dots = layer_dots(layer(1.0, -1.0, 0.0, bars=True), -1.0, 1.0, (5, 3))
    assert dots.astype(int).T.tolist() == [[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [0, 0, 1, 0, 0]]


def test_of_several_steps_in_one_place_none_is_lost() -> None:
    values = np.zeros(1000, np.float32)
    values[501] = 1.0
    dots = layer_dots(Layer(values, DARK.line), 0.0, 1.0, (8, 10))
    assert dots[0].nonzero()[0].tolist() == [5] and dots[-1].all()


def test_what_is_no_number_has_no_dot() -> None:
    assert layer_dots(layer(np.nan, 1.0), 0.0, 1.0, (2, 2)).astype(int).tolist() == [[0, 1], [0, 0]]
    assert not layer_dots(layer(), 0.0, 1.0, (2, 2)).any()


@pytest.mark.parametrize("symbols", SYMBOLS)
@pytest.mark.parametrize(("width", "height"), [(80, 2), (120, 4), (20, 1)])
def test_it_fills_its_room(symbols: Symbols, width: int, height: int) -> None:
    strip = Strip("TD error", [layer(*np.sin(np.arange(51)))])
    lines = strip_lines(strip, 20, width, height, DARK, symbols)
    assert [line.cell_len for line in lines] == [width] * height
    assert lines[0].plain.startswith(" TD error")
    if symbols == "ascii":
        assert all(line.plain.isascii() for line in lines)


def test_the_cursor_stands_on_the_step() -> None:
    strip = Strip("c", [layer(*np.zeros(10))], (0.0, 1.0))
    for step, column in ((0, 1), (4, 9), (9, 19), (10, 19)):
        assert cursor_cell(step, 10, 20) == column
        top = strip_lines(strip, step, LABEL + 20, 2, DARK)[0]
        assert top.plain[LABEL:].find("┊") == column


def test_the_range_has_zero_where_there_are_bars_and_is_never_empty() -> None:
    assert Strip("r", [layer(0.5, 1.0, bars=True)]).range() == (0.0, 1.0)
    assert Strip("v", [layer(0.5, 1.0)]).range() == (0.5, 1.0)
    assert Strip("v", [layer(0.5)]).range() == (0.0, 1.0)
    assert Strip("v", [layer(np.nan)]).range() == (0.0, 1.0)
