"""Differences with their intervals as rows: places to scale, zero marked, numbers last to go."""

from __future__ import annotations

import pytest

from gwt_ib_tui.charts.intervals import Interval, interval_chart
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.charts.view import SYMBOLS, Symbols

GIVEN = (
    Interval("open", 0.05, 0.12, 0.19, "20 episodes", "20 ep"),
    Interval("constant", -0.05, 0.02, 0.10, "8 episodes", "8 ep"),
    Interval("shuffled", -0.30, -0.20, -0.05, "20 episodes", "20 ep"),
)


def drawn(*given: Interval, width: int = 78, symbols: Symbols = "braille") -> list[str]:
    return [line.plain for line in interval_chart(given, width, DARK, symbols)]


def test_a_row_has_name_interval_numbers_and_words() -> None:
    first, second, third, axis = drawn(*GIVEN)
    assert first.startswith(" open ") and first.endswith("+0.12 [+0.05, +0.19]  20 episodes")
    assert "+0.02 [-0.05, +0.10]   8 episodes" in second and "-0.20 [-0.30, -0.05]" in third
    zero = axis.index(" 0 ") + 1
    assert first[zero] == third[zero] == "│" and second[zero] in "┼●", "the line of zero goes through all rows"
    assert first.index("├") > zero > third.index("┤") and second.index("├") < zero < second.index("┤")
    assert first.index("├") < first.index("●") < first.index("┤")


def test_places_are_to_scale() -> None:
    (row, axis) = drawn(Interval("a", -1.0, 0.0, 1.0), width=100)
    left, middle, right = (row.index(sign) for sign in "├●┤")
    assert abs((middle - left) - (right - middle)) <= 1
    assert axis[middle] == "0" and "-1.12" in axis and "+1.12" in axis


def test_colour_says_on_which_side_of_zero_all_of_it_is_and_the_sign_says_it_without() -> None:
    assert [each.side for each in GIVEN] == [1, 0, -1]
    assert Interval("a", None, 1.0, None).side == 0
    styles = [{str(span.style) for span in line.spans} for line in interval_chart(GIVEN, 78, DARK, "braille")]
    assert [f"bold {DARK.good}" in each for each in styles[:3]] == [True, False, False]
    assert [f"bold {DARK.bad}" in each for each in styles[:3]] == [False, False, True]


@pytest.mark.parametrize("width", range(20, 100, 7))
def test_numbers_go_last_and_no_row_is_too_long(width: int) -> None:
    lines = drawn(*GIVEN, width=width)
    assert "+0.12 [+0.05, +0.19]" in lines[0]
    assert all(len(line) <= max(width, 31) for line in lines)
    assert ("●" in lines[0]) == (len(lines) == 4) == (width >= 42)
    assert ("20 ep" in lines[0]) == (width >= 49) and ("20 episodes" in lines[0]) == (width >= 70)


@pytest.mark.parametrize("symbols", SYMBOLS)
def test_what_is_not_known_leaves_its_place_empty(symbols: Symbols) -> None:
    unknown, point, _ = drawn(Interval("prior", None, None, None), Interval("open", None, 3.0, None), symbols=symbols)
    assert "not known" in unknown
    assert point.rstrip().endswith("+3.00") and "[" not in point.rsplit("+3.00")[1]
    assert symbols != "ascii" or (unknown + point).isascii()


def test_without_an_effect_there_is_nothing_to_draw_and_zero_alone_is_no_error() -> None:
    assert drawn() == []
    assert "+0.000 [+0.000, +0.000]" in drawn(Interval("open", 0.0, 0.0, 0.0))[0]
    assert "[+1.0, +30.0]" in drawn(Interval("open", 1.0, 20.0, 30.0))[0], "fewer digits of larger numbers"
