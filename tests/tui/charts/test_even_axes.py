"""Ticks at equal distances and levels at their true place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_charting import ORANGE, WIDE, chart, painted, y_labels

from gwt_ib_tui.charts.axes import EVEN_MOST, Scale, even_ticks
from gwt_ib_tui.charts.curves import Level
from gwt_ib_tui.charts.view import ChartView

RANGES = st.tuples(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(RANGES, st.integers(3, 40))
def test_every_tick_is_in_the_middle_of_a_cell_and_equally_far_from_the_next(
    limits: tuple[float, float], rows: int
) -> None:
    scale = Scale(limits).evened(rows, 7)
    if scale == Scale(limits):
        return
    low, high = scale.limits
    slack = 1e-6 * (high - low)
    assert low <= limits[0] + slack and limits[1] - slack <= high, "all that was in the range is"
    assert high - low <= EVEN_MOST[1] * (limits[1] - limits[0]) + slack
    cells = scale.places(np.array(scale.marked)) * rows - 0.5
    assert np.abs(cells - np.rint(cells)).max() < 1e-6, cells
    assert 2 <= len(cells) <= 7 and len(set(np.rint(np.diff(cells)).tolist())) == 1


@pytest.mark.parametrize("rows", range(5, 31))
def test_an_axis_from_0_to_1_has_such_ticks_at_every_height(rows: int) -> None:
    found = even_ticks(0.0, 1.0, rows, 7)
    assert found is not None and {0.0, 1.0} <= set(np.round(found[1], 9).tolist())


def test_where_nothing_is_round_enough_the_axis_stays_as_it_is() -> None:
    for limits in ((1e9, 1e9 + 1e-3), (0.0, 0.0), (5.0, 4.0)):
        assert Scale(limits).evened(10, 7) == Scale(limits)
    assert Scale((0.0, 2.0), log=True).evened(10, 7) == Scale((0.0, 2.0), log=True)
    assert Scale((0.0, 1.0)).evened(2, 7) == Scale((0.0, 1.0))


@pytest.mark.parametrize("symbols", ["braille", "block"])
def test_a_level_does_not_lie_on_the_tick_beside_it(symbols: str) -> None:
    view = ChartView(symbols=symbols)  # type: ignore[arg-type]  # one of them
    signs = {}
    for value in (0.35, 0.4, 0.45):
        drawn = chart(np.linspace(0.0, 1.0, 80), (60, 15), view, levels=[Level(value, ORANGE)])
        cells = painted(drawn, ORANGE)
        row = int(np.flatnonzero(cells.any(axis=1))[0])
        column = int(np.flatnonzero(cells[row])[0])
        signs[value] = row, drawn.lines[row].plain[drawn.margin + column]
    assert len(set(signs.values())) == 3, signs
    assert all(sign not in "┈-" for _, sign in signs.values())


def test_a_level_is_seen_through_a_band_but_not_through_its_curve() -> None:
    values = np.full(100, 0.5)
    level = Level(0.7, ORANGE)
    drawn = chart(values, (60, 15), levels=[level], band=(values - 0.4, values + 0.4))
    assert painted(drawn, ORANGE).sum() == drawn.cells
    assert not painted(chart(np.full(100, 0.7), (60, 15), levels=[level]), ORANGE).any()
    assert not painted(chart(values, WIDE, levels=[Level(7.0, ORANGE, stretch=False)]), ORANGE).any()


def test_labels_of_a_chart_are_equally_far_apart() -> None:
    for height in range(7, 30):
        drawn = chart(np.linspace(0.013, 0.217, 90), (50, height))
        rows = [row for row, line in enumerate(drawn.lines) if "┤" in line.plain]
        assert len(set(np.diff(rows).tolist())) <= 1 and len(y_labels(drawn)) >= 2, height
