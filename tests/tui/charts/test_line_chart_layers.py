"""What lies over and under the curve of a line chart: cursor, events, levels, bands, other runs."""

from __future__ import annotations

import numpy as np
import pytest
from line_charting import (
    ALL,
    BLUE,
    GRAY,
    NAN,
    ORANGE,
    TALL,
    WIDE,
    YELLOW,
    canvas,
    chart,
    drawn_half,
    exact,
    painted,
    used,
    y_labels,
)

from gwt_ib_tui.charts.curves import Curve, Level, Mark
from gwt_ib_tui.charts.lines import draw
from gwt_ib_tui.charts.view import ChartView, Symbols


@pytest.mark.parametrize("symbols", ALL)
@pytest.mark.parametrize("size", [WIDE, TALL])
def test_the_cursor_is_a_vertical_line_beneath_the_curve(size: tuple[int, int], symbols: Symbols) -> None:
    drawn = chart(np.full(101, 0.5), size, ChartView(cursor=25.0, symbols=symbols))
    sign = "|" if symbols == "ascii" else "┊"
    column = int(0.25 * drawn.cells)
    signs = [line[column] for line in canvas(drawn)]
    assert signs.count(sign) == size[1] - 3
    assert painted(drawn, BLUE).any(axis=0).all()
    assert sum(line.count(sign) for line in canvas(drawn)) == size[1] - 3
    away = chart(np.full(101, 0.5), size, ChartView(cursor=25.0, span=50.0, symbols=symbols))
    assert sign not in "".join(canvas(away))


def test_events_stand_on_the_axis_above_their_step_and_leave_the_labels_alone() -> None:
    marks = [Mark(0.0, "S", ORANGE), Mark(50.0, "▲", YELLOW), Mark(500.0, "E", GRAY)]
    plain, marked = chart(np.ones(101)), chart(np.ones(101), marks=marks)
    axis = marked.lines[-2].plain[marked.margin :]
    assert axis[0] == "S" and axis[drawn_half(marked)] == "▲" and "E" not in axis
    assert marked.lines[-1].plain == plain.lines[-1].plain
    assert canvas(marked) == canvas(plain)
    assert "!" in chart(np.ones(101), marks=marks, view=ChartView(symbols="ascii")).lines[-2].plain


def test_of_several_events_in_a_cell_the_gravest_is_seen() -> None:
    marks = [Mark(50.0, "S", GRAY, 0), Mark(50.0, "X", ORANGE, 3), Mark(50.1, "P", GRAY, 1), Mark(50.2, "Q", GRAY, 1)]
    axis = chart(np.ones(101), marks=marks).lines[-2]
    assert "X" in axis.plain and not set("SPQ") & set(axis.plain)
    assert [str(span.style) for span in axis.spans] == [ORANGE]
    assert "Q" in chart(np.ones(101), marks=marks[2:]).lines[-2].plain


@pytest.mark.parametrize("symbols", ALL)
@pytest.mark.parametrize("size", [WIDE, TALL])
def test_a_level_that_was_changed_has_a_step_where_it_was(size: tuple[int, int], symbols: Symbols) -> None:
    target = np.where(np.arange(400) < 100, 0.0, 1.0)
    level = Level(1.0, ORANGE, series=exact(target))
    drawn = chart(np.full(400, 0.5), size, ChartView(symbols=symbols), levels=[level])
    cells = painted(drawn, ORANGE)
    upper, lower = np.flatnonzero(cells.any(axis=1)).tolist()
    assert lower - upper > 0.8 * len(cells) - 2
    assert cells[lower, : drawn.cells // 4 - 1].all() and not cells[lower, drawn.cells // 4 + 1 :].any()
    assert cells[upper, drawn.cells // 4 + 1 :].all() and not cells[upper, : drawn.cells // 4 - 1].any()


def test_the_axis_reaches_what_a_changed_level_is_in_the_window() -> None:
    level = Level(9.0, ORANGE, series=exact(np.where(np.arange(400) < 100, 9.0, 1.0)))
    early, late = (
        chart(np.full(400, 0.5), view=ChartView(span=50.0, end=end), levels=[level]) for end in (60.0, 300.0)
    )
    assert all(painted(drawn, ORANGE).any(axis=0).all() for drawn in (early, late))
    assert max(y_labels(early)) >= 7.5 and 0.75 <= max(y_labels(late)) <= 1.25


def test_a_level_without_a_history_is_drawn_at_its_value() -> None:
    for series in (None, exact(np.full(50, NAN))):
        level = Level(1.0, ORANGE, series=series)
        assert painted(chart(np.linspace(0, 1, 50), levels=[level]), ORANGE).any(axis=1).sum() == 1
        assert painted(chart(np.linspace(0, 1, 50), levels=[level]), ORANGE).sum() > 40


@pytest.mark.parametrize("symbols", ALL)
def test_a_band_is_a_loose_area_on_both_sides_of_its_line(symbols: Symbols) -> None:
    values = np.full(100, 0.5)
    drawn = chart(values, (60, 14), ChartView(symbols=symbols), band=(values - 0.4, values + 0.4))
    cells = painted(drawn, BLUE)
    assert cells.any(axis=1).all()
    line = int(cells.sum(axis=1).argmax())
    assert cells[line].all()
    if symbols == "ascii":
        assert 0.3 < cells[:line].mean() < 0.7 and ":" in canvas(drawn)[0]
    else:
        assert max(dots(sign) for sign in canvas(drawn)[0]) <= 2
    assert not painted(chart(values, (60, 14)), BLUE)[0].any()


def dots(sign: str) -> int:
    blocks = {" ": 0, "▘": 1, "▝": 1, "▖": 1, "▗": 1, "█": 4}
    return (ord(sign) - 0x2800).bit_count() if "⠀" <= sign <= "⣿" else blocks.get(sign, 2)


def test_runs_of_other_lengths_lie_each_over_its_own_x() -> None:
    long, short = exact(np.arange(100.0)), exact(np.arange(50.0))
    curves = [Curve(exact(np.zeros(100)), BLUE, letter="A"), Curve(exact(np.ones(50)), YELLOW, x=short, letter="B")]
    drawn = draw(long, curves, [], *WIDE, frame=GRAY)
    assert painted(drawn, BLUE)[-1].all()
    assert (
        painted(drawn, YELLOW)[0, : drawn.cells // 2].all()
        and not painted(drawn, YELLOW)[:, drawn.cells // 2 + 1 :].any()
    )
    assert canvas(drawn)[-1].endswith("A") and canvas(drawn)[0].rstrip().endswith("B")


def test_many_lines_are_means_so_that_they_do_not_hide_each_other() -> None:
    x, noise = exact(np.arange(5000.0)), exact(np.tile([0.0, 1.0], 2500))
    few, many = (draw(x, [Curve(noise, BLUE)] * count, [], 60, 12, frame=GRAY, y_range=(0.0, 1.0)) for count in (3, 4))
    assert used(painted(few, BLUE)).all()
    assert painted(many, BLUE).any(axis=0).all() and painted(many, BLUE).sum() < 0.3 * painted(few, BLUE).sum()
