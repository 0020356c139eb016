"""Line charts as they are drawn: windows, gaps, logarithms, averages, clipping, signs."""

from __future__ import annotations

from dataclasses import replace

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

from gwt_ib_tui.charts.lines import Curve, Level, Mark, draw
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


def test_a_logarithmic_axis_makes_a_line_of_growth() -> None:
    values = 10.0 ** np.linspace(-4, 0, 400)
    drawn = chart(values, view=ChartView(log_y=True))
    tops = painted(drawn, BLUE).argmax(axis=0)
    straight = np.interp(np.arange(drawn.cells), [0, drawn.cells - 1], [6, 0])
    assert np.abs(tops - straight).max() <= 1
    labels = [line.plain.split("┤")[0].strip() for line in drawn.lines if "┤" in line.plain]
    assert labels == ["1", "0.01", "1e-4"] and drawn.notes == ()


def test_what_has_no_logarithm_is_counted_and_left_out() -> None:
    values = np.array([1.0, 10.0, 0.0, -5.0, NAN, 100.0, 1000.0])
    drawn = chart(values, view=ChartView(log_y=True))
    assert drawn.notes == ("log y: 2 not above 0",)
    open_at = slice(drawn.cells * 2 // 6, drawn.cells * 4 // 6)
    assert not painted(drawn, BLUE)[:, open_at.start + 1 : open_at.stop].any()


def test_a_logarithm_is_refused_where_nothing_in_the_window_has_one() -> None:
    values = np.concatenate([np.ones(50), -np.ones(50)])
    assert chart(values, view=ChartView(log_y=True, span=20.0)).notes == ("log y: no positive value",)
    assert chart(values, view=ChartView(log_y=True)).notes == ("log y: 50 not above 0",)
    refused = chart(np.ones(9), view=ChartView(log_y=True), y_range=(-1.0, 1.0))
    assert refused.notes == ("log y: the axis has 0",)
    assert [line.plain for line in refused.lines] == [
        line.plain for line in chart(np.ones(9), y_range=(-1.0, 1.0)).lines
    ]


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


def test_a_clipped_chart_has_the_range_of_most_values_and_counts_the_others() -> None:
    values = np.sin(np.arange(400) / 20)
    values[[100, 250]] = 500.0, -500.0
    drawn = chart(values, view=ChartView(outliers="clipped"))
    assert drawn.notes == ("2 hidden",)
    assert "▴" in canvas(drawn)[0][drawn.cells // 4 - 1 : drawn.cells // 4 + 2]
    assert "▾" in canvas(drawn)[-1][drawn.cells * 5 // 8 - 1 : drawn.cells * 5 // 8 + 2]
    assert max(np.abs(y_labels(drawn))) <= 1.1
    calm = chart(np.sin(np.arange(400) / 20), view=ChartView(outliers="clipped"))
    assert calm.notes == () and "▴" not in "".join(canvas(calm))
    assert "^" in canvas(chart(values, view=ChartView(outliers="clipped", symbols="ascii")))[0]


def test_clipping_works_on_a_logarithmic_axis_too() -> None:
    values = np.full(300, 10.0)
    values[::2], values[99] = 1.0, 1e9
    drawn = chart(values, view=ChartView(outliers="clipped", log_y=True))
    assert drawn.notes == ("1 hidden",) and "▴" in canvas(drawn)[0]


def early(later: float = 1.0, rows: int = 200) -> np.ndarray:
    values = later * np.sin(np.arange(rows) / 9)
    values[:3] = 100.0, 60.0, -80.0
    return values


def test_what_happens_only_at_the_very_start_is_hidden_counted_and_shown_when_it_is_asked_for() -> None:
    drawn = chart(early())
    assert drawn.notes == ("3 hidden",) and max(np.abs(y_labels(drawn))) <= 2.0
    assert "▴" in canvas(drawn)[0][:3] and "▾" in canvas(drawn)[-1][:3]
    shown = chart(early(), view=ChartView(outliers="shown"))
    assert shown.notes == () and max(y_labels(shown)) >= 50.0


def test_nothing_early_is_hidden_where_it_was_asked_for_or_is_most_of_what_there_is() -> None:
    for view in (ChartView(span=30.0, end=30.0), ChartView(log_x=True)):
        assert chart(early(), view=view).notes == (), view
    assert chart(early(rows=20)).notes == (), "with few rows the start is no small part"
    assert chart(early(later=40.0)).notes == (), "the axis would hardly be shorter"
    assert chart(early(), min_span=90.0).notes == () and chart(early(), y_range=(-100.0, 100.0)).notes == ()


def test_a_logarithmic_x_axis_spreads_the_start() -> None:
    x = 10.0 ** np.linspace(0, 4, 400)
    drawn = chart(np.linspace(0, 1, 400), x=x, view=ChartView(log_x=True))
    tops = used(painted(drawn, BLUE)).argmax(axis=0)
    straight = np.interp(np.arange(drawn.cells), [0, drawn.cells - 1], [tops[0], tops[-1]])
    assert np.abs(tops - straight).max() <= 1, "by its logarithm it is a straight line"
    assert drawn.lines[-1].plain.split() == ["1", "10", "100", "1k", "10k"]
    middle = drawn.x_at(drawn.margin + drawn.cells // 2)
    assert middle == pytest.approx(100.0, rel=0.2)
    marked = chart(
        np.ones(400), x=x, view=ChartView(log_x=True), marks=[Mark(100.0, "▲", ORANGE), Mark(0.0, "S", ORANGE)]
    )
    axis = marked.lines[-2].plain[marked.margin :]
    assert axis[marked.cells // 2] == "▲" and "S" not in axis


def test_a_logarithmic_x_axis_begins_at_the_least_place_above_0_or_is_refused() -> None:
    drawn = chart(np.ones(101), view=ChartView(log_x=True))
    assert drawn.x_range == (pytest.approx(0.0), pytest.approx(2.0)) and drawn.notes == ()
    refused = chart(np.ones(5), x=-np.arange(5.0), view=ChartView(log_x=True))
    assert refused.notes == ("log x: nothing above 0",) and refused.x_range == (-4.0, 0.0)
    hours = chart(np.ones(200), x=np.arange(200.0) * 600, view=ChartView("elapsed_s", log_x=True))
    assert all(label[-1] in "smhd" for label in hours.lines[-1].plain.split())


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


@pytest.mark.parametrize(
    ("axis", "x", "labels"),
    [("elapsed_s", np.arange(241) * 30.0, ["0", "1h", "2h"]), ("update", np.arange(241.0), ["0", "100", "200"])],
)
def test_each_axis_has_its_own_labels(axis: str, x: np.ndarray, labels: list[str]) -> None:
    drawn = chart(np.ones(241), (40, 9), replace(ChartView(), x_axis=axis), x=x)
    assert drawn.lines[-1].plain.split() == labels


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
