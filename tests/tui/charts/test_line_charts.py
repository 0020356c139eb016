"""Line charts as they are drawn: windows, gaps, averages, signs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_charting import (
    ALL,
    BLUE,
    FAINT,
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
from gwt_ib_tui.charts.traces import envelope, moving_average
from gwt_ib_tui.charts.view import ChartView, Symbols


@pytest.mark.parametrize("size", [WIDE, TALL])
@pytest.mark.parametrize("symbols", ALL)
def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right(size: tuple[int, int], symbols: Symbols) -> None:
    cells = painted(chart(np.linspace(0, 1, 500), size, ChartView(symbols=symbols)), BLUE)
    assert cells.any(axis=0).all() and cells.any(axis=1).mean() > 0.8
    cells = used(cells)
    tops = cells.argmax(axis=0)
    assert (np.diff(tops) <= 0).all() and cells[-1, 0] and cells[0, -1]


@pytest.mark.parametrize("size", [WIDE, TALL])
def test_the_window_shows_its_part_alone_and_its_own_range(size: tuple[int, int]) -> None:
    values = np.concatenate([np.zeros(500), np.linspace(1, 2, 100), np.full(400, 50.0)])
    drawn = chart(values, size, ChartView(span=99.0, end=599.0))
    cells = used(painted(drawn, BLUE))
    assert drawn.x_range == (500.0, 599.0)
    assert cells[-1, 0] and cells[0, -1] and not cells[0, 0] and not cells[-1, -1]
    assert min(y_labels(drawn)) in (1.0, 1.25) and max(y_labels(drawn)) <= 2.1


def test_a_spike_is_not_lost_however_many_rows_there_are_and_only_in_the_window() -> None:
    values = np.zeros(20_000)
    values[12_345] = 1.0
    assert painted(chart(values), BLUE)[0].sum() == 1
    assert not painted(chart(values, view=ChartView(span=500.0, end=12_000.0), y_range=(0.0, 1.0)), BLUE)[0].any()


def test_a_line_between_rows_that_are_both_out_of_sight_is_drawn_through_the_window() -> None:
    drawn = chart([0.0, 10.0], x=[0.0, 100.0], view=ChartView(span=10.0, end=60.0))
    assert painted(drawn, BLUE).any(axis=0).all()
    assert any("5." in line.plain for line in drawn.lines)


def test_a_window_without_rows_says_so() -> None:
    drawn = chart([1.0, NAN, NAN, NAN], view=ChartView(span=1.0))
    assert any("no data in this window" in line.plain for line in drawn.lines)
    assert drawn.x_at(5) is None
    assert any("waiting for data" in line.plain for line in chart([NAN, NAN]).lines)


@pytest.mark.parametrize("symbols", ALL)
@pytest.mark.parametrize("rows", [30, 6000])
def test_a_gap_is_open_and_marked_below(rows: int, symbols: Symbols) -> None:
    values = np.full(rows, 0.5)
    values[rows // 3 : 2 * rows // 3] = NAN
    drawn = chart(values, view=ChartView(symbols=symbols))
    gap = drawn.cells // 3 + 2, 2 * drawn.cells // 3 - 2
    assert not painted(drawn, BLUE)[:, slice(*gap)].any()
    sign = "x" if symbols == "ascii" else "×"
    below = canvas(drawn)[-1]
    assert sign in below[slice(*gap)] and sign not in below[: gap[0] - 3] + below[gap[1] + 4 :]


def test_a_sparse_metric_has_no_gaps() -> None:
    values = np.full(300, NAN)
    values[::30] = 1.0
    assert not any("×" in line for line in canvas(chart(values, sparse=True)))
    assert sum(line.count("•") for line in canvas(chart(values, sparse=True))) == 10
    assert sum(line.count("A") for line in canvas(chart(values, sparse=True, letter="A"))) == 10


def test_a_gap_does_not_cover_the_line_that_lies_there() -> None:
    values = exact([0.0] * 20 + [1.0] * 20)
    gaps = exact([1.0] * 10 + [NAN] * 20 + [1.0] * 10)
    drawn = draw(exact(np.arange(40.0)), [Curve(gaps, YELLOW), Curve(values, BLUE)], [], *WIDE, frame=GRAY)
    assert painted(drawn, BLUE)[-1, : drawn.cells // 2 - 2].all()
    assert "×" in canvas(drawn)[-1]


@pytest.mark.parametrize("symbols", ALL)
def test_a_smoothed_line_lies_over_its_own_raw_line(symbols: Symbols) -> None:
    values = np.tile([0.0, 1.0], 300)
    plain, smooth = (chart(values, view=ChartView(symbols=symbols, smoothing=weight)) for weight in (0.0, 0.97))
    assert painted(plain, BLUE).sum() > 3 * painted(smooth, BLUE).sum()
    assert painted(smooth, FAINT).any(axis=1).sum() == 6, "all rows but that of the average"
    middle = painted(smooth, BLUE)[2:5, drawn_half(smooth) :]
    assert middle.any(axis=0).all()
    signs = [
        {
            line[place]
            for line, cells in zip(canvas(smooth), painted(smooth, color), strict=True)
            for place in np.flatnonzero(cells)
        }
        for color in (BLUE, FAINT)
    ]
    assert not signs[0] & signs[1], "they differ without colour"


@pytest.mark.parametrize("value", [0.05, 1 / 3, -1.51, 1e9])
def test_the_average_of_a_constant_is_a_straight_line_also_from_the_edge_on(value: float) -> None:
    for view in (ChartView(smoothing=0.6), ChartView(smoothing=0.97, span=33.3)):
        drawn = chart(np.full(120, value), view=view, min_span=1e-3)
        assert (
            len(
                {
                    sign
                    for line, cells in zip(canvas(drawn), painted(drawn, BLUE), strict=True)
                    for sign in np.array(list(line))[cells]
                }
            )
            == 1
        )


def test_the_average_is_that_of_the_whole_run_also_in_a_window() -> None:
    values = np.concatenate([np.zeros(100), np.ones(5)])
    drawn = chart(values, view=ChartView(smoothing=0.97, span=4.0), y_range=(0.0, 1.0))
    assert painted(drawn, BLUE)[-2:].any(axis=0).all() and not painted(drawn, BLUE)[:4].any()


def test_single_dots_are_not_smoothed() -> None:
    values = np.full(100, NAN)
    values[::10] = np.tile([0.0, 1.0], 5)
    texts = ["\n".join(canvas(chart(values, view=ChartView(smoothing=weight), sparse=True))) for weight in (0.0, 0.9)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("weight", [0.6, 0.9, 0.97])
def test_behind_an_average_is_the_range_of_what_it_is_made_of(weight: float) -> None:
    values = np.random.default_rng(3).normal(size=300).cumsum()
    values[100:110] = NAN
    low, high = envelope(values - 0.5, values + 0.5, weight)
    reach = round(2 / (1 - weight))
    for row in (0, 5, 99, 150, 299):
        near = values[max(row - reach + 1, 0) : row + 1]
        assert (low[row], high[row]) == (np.nanmin(near) - 0.5, np.nanmax(near) + 0.5)
    assert np.isnan(low[100:110]).all() and not np.isnan(low[110:]).any()
    average = moving_average(values, weight)
    inside = (low <= average) & (average <= high)
    assert inside[np.isfinite(values)].mean() > 0.98
    assert [len(part) for part in envelope(values[:0], values[:0], weight)] == [0, 0]


def test_the_mouse_finds_the_x_of_a_cell() -> None:
    drawn = chart(np.ones(101))
    assert drawn.x_at(drawn.margin - 1) is None and drawn.x_at(60) is None
    assert drawn.x_at(drawn.margin) == pytest.approx(50.0 / drawn.cells)
    assert drawn.x_at(59) == pytest.approx(100.0 - 50.0 / drawn.cells)


def test_ascii_charts_are_ascii_through_and_through() -> None:
    values = np.sin(np.arange(300) / 9) + 1.5
    values[200:220], values[40] = NAN, 1e6
    view = ChartView(symbols="ascii", smoothing=0.6, outliers="clipped", cursor=100.0, log_y=True)
    levels, marks = [Level(1.0, ORANGE)], [Mark(10.0, "▲", ORANGE), Mark(90.0, "☃", ORANGE)]
    drawn = chart(values, view=view, levels=levels, marks=marks, band=(values - 0.2, values + 0.2))
    assert "".join(line.plain for line in drawn.lines).isascii()


def test_in_ascii_two_curves_are_of_different_signs() -> None:
    x = exact(np.arange(50.0))
    curves = [Curve(exact(np.zeros(50)), BLUE), Curve(exact(np.ones(50)), YELLOW)]
    lines = canvas(draw(x, curves, [], *WIDE, frame=GRAY, view=ChartView(symbols="ascii")))
    assert set(lines[0]) == {"+"} and set(lines[-1]) == {"*"}


VIEWS = st.builds(
    ChartView,
    x_axis=st.sampled_from(["env_steps", "update", "elapsed_s"]),
    log_y=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.6, 0.97]),
    log_x=st.booleans(),
    outliers=st.sampled_from(["early", "shown", "clipped"]),
    symbols=st.sampled_from(ALL),
    span=st.one_of(st.none(), st.floats(0.0, 50.0), st.floats(1e-300, 1e300)),
    end=st.one_of(st.none(), st.floats(allow_nan=False)),
    cursor=st.one_of(st.none(), st.floats(allow_nan=False)),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.floats(), st.floats(-10, 10)), max_size=40),
    VIEWS,
    st.integers(1, 50),
    st.integers(1, 15),
    st.booleans(),
    st.booleans(),
)
def test_anything_is_drawn_in_exactly_its_size(
    values: list[float], view: ChartView, width: int, height: int, sparse: bool, rising: bool
) -> None:
    array = np.array(values, dtype=float)
    x = np.arange(len(array)) * 1.5 if rising else array[::-1]
    band = (array - 1.0, array + 1.0)
    marks = [Mark(float(place), "▲", ORANGE) for place in x]
    levels = [Level(0.35, ORANGE, series=exact(array))]
    chart(array, (width, height), view, x=x, sparse=sparse, band=band, marks=marks, levels=levels, min_span=0.1)
