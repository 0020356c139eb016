from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwt_ib_tui.charts.axes import Scale
from gwt_ib_tui.charts.glyphs import GLYPHS, QUADRANTS
from gwt_ib_tui.charts.paths import Paths
from gwt_ib_tui.charts.traces import Trace, in_force

NAN = math.nan
UNIT = Scale((0.0, 1.0))


def trace(x: list[float], values: list[float], *, sparse: bool = False) -> Trace:
    return Trace.of(np.array(x), np.array(values), np.array(values), sparse=sparse)


def test_rows_are_sorted_and_only_a_sparse_series_loses_its_nulls() -> None:
    found = trace([2.0, NAN, 1.0, 3.0], [20.0, 5.0, NAN, math.inf])
    assert found.x.tolist() == [1.0, 2.0, 3.0]
    assert found.gap.tolist() == [True, False, True] and found.low[1] == 20.0
    assert trace([2.0, 1.0], [20.0, NAN], sparse=True).x.tolist() == [2.0]


def test_a_window_has_its_rows_and_where_the_line_crosses_its_edges() -> None:
    rows = trace([0.0, 10.0, 20.0, 30.0], [0.0, 1.0, 5.0, 6.0])
    assert rows.within((10.0, 20.0), joined=True).x.tolist() == [10.0, 20.0]
    assert rows.within((5.0, 22.0), joined=False).x.tolist() == [10.0, 20.0]
    joined = rows.within((5.0, 22.0), joined=True)
    assert joined.x.tolist() == [5.0, 10.0, 20.0, 22.0]
    assert joined.low.tolist() == pytest.approx([0.5, 1.0, 5.0, 5.2])
    assert rows.within((40.0, 50.0), joined=True).x.tolist() == []
    assert trace([0.0, 10.0], [0.0, NAN]).within((5.0, 9.0), joined=True).gap.all()


def test_a_column_has_its_least_and_largest_value_or_its_mean() -> None:
    rows = trace([0.0, 1.0, 2.0, 9.0], [0.1, 0.9, NAN, 0.5])
    found = rows.reduced((0.0, 10.0), UNIT, 2)
    assert found.x.tolist() == [0.25, 0.75]
    assert found.low.tolist() == [0.1, 0.5] and found.high.tolist() == [0.9, 0.5]
    assert rows.reduced((0.0, 10.0), UNIT, 2, averaged=True).low.tolist() == pytest.approx([0.5, 0.5])
    assert not found.gap.any()
    assert trace([0.0, 9.0], [NAN, 0.5]).reduced((0.0, 10.0), UNIT, 2, averaged=True).gap.tolist() == [True, False]
    assert len(trace([], []).reduced((0.0, 1.0), UNIT, 5).x) == 0


@given(st.lists(st.one_of(st.floats(0, 1), st.just(NAN)), min_size=1, max_size=99), st.integers(1, 20))
def test_no_extreme_is_lost(values: list[float], columns: int) -> None:
    found = trace(np.linspace(0, 1, len(values)).tolist(), values).reduced((0.0, 1.0), UNIT, columns)
    assert len(found.x) <= columns and (np.diff(found.x) > 0).all()
    known = [value for value in values if not math.isnan(value)]
    if known:
        assert np.nanmin(found.low) == min(known) and np.nanmax(found.high) == max(known)
    x, y, breaks = found.path()
    assert set(y[~breaks]) == set(found.low[~found.gap]) | set(found.high[~found.gap])
    assert len(x) == len(y) == len(breaks)


def test_a_setting_holds_until_it_is_changed() -> None:
    x, values = np.array([10.0, 20.0, 30.0]), np.array([1.0, 2.0, NAN])
    found = in_force(x, values, np.array([0.0, 10.0, 19.0, 20.0, 29.0, 99.0]))
    assert found[:5].tolist() == [1.0, 1.0, 1.0, 2.0, 2.0] and math.isnan(found[5])
    assert np.isnan(in_force(np.empty(0), np.empty(0), np.array([1.0]))).all()


@pytest.mark.parametrize("symbols", ["braille", "block"])
def test_every_combination_of_dots_is_found_again(symbols: str) -> None:
    glyphs = GLYPHS[symbols]
    assert glyphs.bits(glyphs.codes).tolist() == list(range(len(glyphs.codes)))
    assert glyphs.bits(np.array([ord(" "), ord("A"), ord("é")], dtype=np.uint32)).tolist() == [0, 0, 0]
    assert len(set(QUADRANTS)) == 16


@pytest.mark.parametrize(("width", "height"), [(7, 3), (3, 7), (1, 1), (50, 2)])
@pytest.mark.parametrize("symbols", ["braille", "block", "ascii"])
def test_a_path_crosses_each_cell_on_its_way_with_its_own_ink(width: int, height: int, symbols: str) -> None:
    paths = Paths(width, height, GLYPHS[symbols])
    whole = np.zeros(2, dtype=bool)
    paths.add(np.array([0.0, 1.0]), np.array([1.0, 1.0]), whole, 7, "*")
    paths.add(np.array([1.0, 1.0]), np.array([1.0, 0.0]), whole, 250, "+")
    codes, inks = paths.drawn()
    assert codes.shape == inks.shape == (height, width)
    assert (codes[0] != ord(" ")).all() and (codes[:, -1] != ord(" ")).all()
    assert (codes != ord(" ")).sum() == width + height - 1
    assert (inks[0, :-1] == 7).all() and (inks[:, -1] == 250).all()


def test_what_is_no_number_ends_no_process() -> None:
    paths = Paths(9, 4, GLYPHS["braille"])
    none = np.zeros(3, dtype=bool)
    paths.add(np.array([0.1, NAN, 0.9]), np.array([0.5, 0.5, math.inf]), none, 1, "*")
    assert (paths.drawn()[0] != ord(" ")).sum() == 1
    empty = Paths(9, 4, GLYPHS["braille"])
    empty.add(np.full(3, NAN), np.full(3, NAN), none, 1, "*")
    assert (empty.drawn()[0] == ord(" ")).all()
