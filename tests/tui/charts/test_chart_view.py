from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwt_ib_tui.charts.view import LEAST_ROWS, SMOOTHINGS, SYMBOLS, X_AXES, ChartView, XAxis, rows_of

ROWS = np.arange(1.0, 101.0) * 4096.0
MOVES: dict[str, Callable[[ChartView, np.ndarray], ChartView]] = {
    "in": lambda view, x: view.zoomed(x, 2.0),
    "out": lambda view, x: view.zoomed(x, 0.5),
    "back": lambda view, x: view.panned(x, -0.3),
    "on": lambda view, x: view.panned(x, 0.3),
    "left": lambda view, x: view.moved(x, -1),
    "right": lambda view, x: view.moved(x, 1),
    "far": lambda view, x: view.moved(x, -10),
    "first": lambda view, x: view.at_first(x),
    "newest": lambda view, x: view.at_newest(x),
    "off": lambda view, x: view.without_cursor(),
    "reset": lambda view, x: view.reset(),
}


def window(view: ChartView, x: np.ndarray = ROWS) -> tuple[float, float]:
    return view.window(float(x[0]), float(x[-1]))


def test_at_first_everything_is_in_sight_and_stays_so() -> None:
    view = ChartView()
    assert view.whole and view.following
    assert view.window(5.0, 9.0) == (5.0, 9.0) and view.window(5.0, 99.0) == (5.0, 99.0)


def test_zooming_keeps_the_newest_row_and_follows_it() -> None:
    view = ChartView().zoomed(ROWS, 2.0)
    low, high = window(view)
    assert high == ROWS[-1] and high - low == pytest.approx((ROWS[-1] - ROWS[0]) / 2)
    assert view.following and not view.whole
    assert view.window(ROWS[0], ROWS[-1] + 4096.0)[1] == ROWS[-1] + 4096.0


def test_zooming_keeps_the_cursor_where_it_is_in_the_picture() -> None:
    view = ChartView(cursor=float(ROWS[24]))
    share = (ROWS[24] - ROWS[0]) / (ROWS[-1] - ROWS[0])
    low, high = window(view.zoomed(ROWS, 4.0))
    assert (ROWS[24] - low) / (high - low) == pytest.approx(share)
    assert not view.zoomed(ROWS, 4.0).following


def test_a_cursor_out_of_sight_does_not_draw_the_window_to_it() -> None:
    view = ChartView(span=8192.0, cursor=float(ROWS[3])).zoomed(ROWS, 0.5)
    assert view.following and window(view)[1] == ROWS[-1]


def test_no_zoom_goes_below_a_few_rows_or_beyond_the_data() -> None:
    view = ChartView()
    for _ in range(20):
        view = view.zoomed(ROWS, 2.0)
    low, high = window(view)
    assert ((low <= ROWS) & (high >= ROWS)).sum() == LEAST_ROWS
    for _ in range(20):
        view = view.zoomed(ROWS, 0.5)
    assert view == ChartView()


def test_panning_back_stops_following_and_panning_to_the_newest_follows_again() -> None:
    view = ChartView().zoomed(ROWS, 4.0)
    back = view.panned(ROWS, -0.5)
    assert not back.following
    span = window(view)[1] - window(view)[0]
    assert window(back)[1] == pytest.approx(ROWS[-1] - span / 2)
    assert back.panned(ROWS, 0.5) == view
    assert window(view.panned(ROWS, -99.0))[0] == ROWS[0]
    assert ChartView().panned(ROWS, -0.5) == ChartView()


def test_the_first_press_puts_the_cursor_at_the_newest_row_and_the_next_ones_move_it_row_by_row() -> None:
    view = ChartView().moved(ROWS, -1)
    assert view.cursor == ROWS[-1]
    assert view.moved(ROWS, -1).cursor == ROWS[-2]
    assert view.moved(ROWS, 1).cursor == ROWS[-1]
    assert ChartView(span=8192.0, end=float(ROWS[50])).moved(ROWS, 1).cursor == ROWS[50]


def test_a_step_is_a_hundredth_of_the_window_where_rows_are_nearer() -> None:
    many = np.arange(10_000.0)
    assert ChartView(cursor=5000.0).moved(many, 1).cursor == pytest.approx(5100.0, abs=1.0)
    assert ChartView(cursor=5000.0).moved(many, -3).cursor == pytest.approx(4700.0, abs=1.0)
    assert ChartView(cursor=5000.0, span=90.0, end=5040.0).moved(many, 1).cursor == 5001.0


def test_the_window_goes_with_the_cursor() -> None:
    view = ChartView(span=10 * 4096.0, end=float(ROWS[50]), cursor=float(ROWS[40]))
    left = view.moved(ROWS, -1)
    assert left.cursor == ROWS[39] and window(left) == (ROWS[39], ROWS[49])
    assert window(view.at_first(ROWS)) == (ROWS[0], ROWS[10])
    newest = view.at_newest(ROWS)
    assert newest.cursor == ROWS[-1] and newest.following and window(newest)[1] == ROWS[-1]


def test_reset_keeps_how_it_is_drawn() -> None:
    view = ChartView("update", True, 0.9, "clipped", "ascii", 3.0, 9.0, 4.0).reset()
    assert view == ChartView("update", True, 0.9, "clipped", "ascii")
    assert ChartView(cursor=3.0, span=2.0).without_cursor() == ChartView(span=2.0)


def test_another_axis_shows_the_same_rows() -> None:
    columns: dict[XAxis, np.ndarray] = {"env_steps": ROWS, "update": ROWS / 4096.0, "elapsed_s": np.sqrt(ROWS)}
    view = ChartView(span=float(ROWS[30] - ROWS[10]), end=float(ROWS[30]), cursor=float(ROWS[20]))
    updates = view.next_axis(columns)
    assert updates.x_axis == "update" and updates.cursor == pytest.approx(21.0)
    assert window(updates, columns["update"]) == pytest.approx((11.0, 31.0))
    seconds = updates.next_axis(columns)
    assert window(seconds, columns["elapsed_s"]) == pytest.approx((np.sqrt(ROWS[10]), np.sqrt(ROWS[30])))
    again = seconds.next_axis(columns)
    assert again.x_axis == "env_steps" and window(again) == pytest.approx(window(view))
    assert replace(view, end=None).next_axis(columns).following


def test_an_axis_without_values_is_passed_over() -> None:
    nothing = np.full(len(ROWS), np.nan)
    columns: dict[XAxis, np.ndarray] = {"env_steps": ROWS, "update": nothing, "elapsed_s": ROWS / 100.0}
    assert ChartView().next_axis(columns).x_axis == "elapsed_s"
    assert ChartView(span=3.0).next_axis({"env_steps": ROWS}) == ChartView(span=3.0)
    assert ChartView("update", span=3.0, cursor=1.0).next_axis(columns) == ChartView("elapsed_s")


def test_smoothing_and_symbols_go_round() -> None:
    view = ChartView()
    assert [view := view.next_smoothing() for _ in SMOOTHINGS][-1] == ChartView()
    assert ChartView(smoothing=0.7).next_smoothing().smoothing == 0.9
    assert [view := view.next_symbols() for _ in SYMBOLS][-1] == ChartView()


@pytest.mark.parametrize("x", [[], [np.nan], [np.inf, np.nan], [3.0], [5.0, 5.0, 5.0]])
def test_a_run_with_hardly_any_row_breaks_no_key(x: list[float]) -> None:
    for move in MOVES.values():
        view = move(ChartView(), np.array(x))
        assert view.whole and view.cursor in (None, 3.0, 5.0)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(0.0, 1e12), min_size=2, max_size=60),
    st.lists(st.sampled_from(sorted(MOVES)), max_size=30),
    st.lists(st.floats(0.0, 1e12), max_size=9),
)
def test_whatever_is_pressed_the_window_lies_in_the_data_and_holds_the_cursor(
    x: list[float], keys: list[str], more: list[float]
) -> None:
    """Also when rows come between two keys, or go, as in a replay that is set back."""
    rows, view = np.array(x), ChartView()
    for place, key in enumerate(keys):
        known = rows if place % 3 else np.concatenate([rows, more])
        view = MOVES[key](view, known)
        found = rows_of(known)
        low, high = view.window(float(found[0]), float(found[-1]))
        assert found[0] <= low <= high <= found[-1]
        if key in ("left", "right", "far", "first", "newest"):
            assert view.cursor in found
            slack = 1e-9 * (found[-1] - found[0])
            assert low - slack <= view.cursor <= high + slack


def test_the_axes_are_columns_of_the_metrics() -> None:
    from gwt_ib.runs.metrics import NAMES

    assert set(X_AXES) <= set(NAMES)


@pytest.mark.parametrize("log_x", [False, True])
@pytest.mark.parametrize("factor", [1.25, 0.8])
def test_what_lies_under_the_mouse_stays_there_while_the_wheel_zooms(log_x: bool, factor: float) -> None:
    x = np.arange(1.0, 1001.0)
    view = ChartView(span=500.0, end=700.0, log_x=log_x)

    def share(view: ChartView, at: float) -> float:
        low, high = view.window(1.0, 1000.0)
        low, at, high = (math.log(place) if log_x else place for place in (low, at, high))
        return (at - low) / (high - low)

    zoomed = view.zoomed(x, factor, 300.0)
    assert share(zoomed, 300.0) == pytest.approx(share(view, 300.0), abs=1e-6)
    assert (zoomed.span or 0.0) < 500.0 if factor > 1 else (zoomed.span or 2e3) > 500.0


def test_a_window_of_a_logarithmic_axis_moves_by_a_share_of_what_is_seen_and_stays_in_the_data() -> None:
    x = np.arange(0.0, 10_001.0)
    view = ChartView(span=90.0, end=100.0, log_x=True)
    low, high = view.panned(x, 0.5).window(0.0, 10_000.0)
    assert (low, high) == (pytest.approx(10.0 * 10**0.5), pytest.approx(100.0 * 10**0.5))
    assert view.panned(x, 1.0).panned(x, 1.0).panned(x, 1.0).following
    assert view.zoomed(x, 1e-9).whole


def test_outliers_go_round() -> None:
    view = ChartView()
    assert [(view := view.next_outliers()).outliers for _ in range(3)] == ["shown", "clipped", "early"]
