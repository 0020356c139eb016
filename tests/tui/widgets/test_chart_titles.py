"""What the first line of a chart tells, in any width; and what a chart reads out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from rich.text import Text

from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.charts.traces import moving_average
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.state.history.series import Column, SeriesStore, SeriesView
from gwt_ib_tui.widgets.chart_panel import chart_title
from gwt_ib_tui.widgets.line_chart import OVERVIEW, spec_of
from gwt_ib_tui.widgets.readings import Readout, cursor_words, newest_words, place_words, read

NAMES = ("update", "env_steps", "elapsed_s", "td_std", "eval_return")


def read_at(run: SeriesView, name: str, view: ChartView) -> Readout | None:
    return read(name, run.column(view.x_axis), run.column(name), view.cursor, view.smoothing)


def series(values: Sequence[float], evaluations: dict[int, float] | None = None, **sizes: int) -> SeriesView:
    store = SeriesStore(NAMES, **sizes)
    for place, value in enumerate(values):
        update = place + 1
        store.append([update, 100.0 * update, 0.5 * update, value, (evaluations or {}).get(update, math.nan)])
    return store.view()


def title(width: int, name: str = "td_std", *, chosen: bool = False, extras: Sequence[str] = ()) -> str:
    values = [[Text("0.123456789 ~0.1"), Text("0.123456789"), Text("0.123")]]
    return chart_title(DARK, name, values, [Text(extra) for extra in extras], width, chosen=chosen).plain


def test_a_title_fits_and_leaves_out_the_lightest_first() -> None:
    extras = ("3 hidden", "at 300 steps", "┈floor")
    assert title(60, extras=extras) == "▍td_std  0.123456789 ~0.1  3 hidden  at 300 steps  ┈floor"
    assert title(50, extras=extras) == "▍td_std  0.123456789 ~0.1  3 hidden  at 300 steps"
    assert title(40, extras=extras) == "▍td_std  0.123456789 ~0.1  3 hidden"
    assert title(25, extras=extras) == "▍td_std  0.123456789 ~0.1"
    assert title(24, extras=extras) == "▍td_std 0.123456789 ~0.1"
    assert title(23, extras=extras) == "▍td_std  0.123456789"
    assert title(14, extras=extras) == "▍td_std  0.123"
    assert title(13, extras=extras) == "▍td_std 0.123"
    assert title(18, name="explained_variance") == "▍expla…iance 0.123"
    for width in range(40):
        assert len(title(width, extras=extras)) <= width


def test_the_chosen_chart_is_marked_by_a_sign() -> None:
    assert title(30, chosen=True).startswith("▶td_std")


def test_the_newest_value_is_read_without_a_cursor() -> None:
    view = ChartView()
    found = read_at(series([0.5, 0.25]), "td_std", view)
    assert found is not None and (found.x, found.value, found.exact) == (200.0, 0.25, True)
    assert newest_words(found) == ["0.250"]
    gap = read_at(series([0.5, math.nan]), "td_std", view)
    assert gap is not None and gap.value is None and newest_words(gap) == ["–"]
    assert read_at(series([]), "td_std", view) is None and newest_words(None) == ["–"]


def test_the_row_nearest_to_the_cursor_is_read_exactly() -> None:
    values = [0.1, 1 / 3, 0.25]
    found = read_at(series(values), "td_std", ChartView(cursor=180.0))
    assert found is not None and (found.x, found.value) == (200.0, 1 / 3)
    assert cursor_words(found, 80)[0] == repr(1 / 3)
    assert cursor_words(found, 40)[0] == "0.333333333" and cursor_words(found, 25)[0] == "0.333333"
    by_time = read_at(series(values), "td_std", ChartView("elapsed_s", cursor=0.4))
    assert by_time is not None and (by_time.x, by_time.value) == (0.5, 0.1)


def test_a_gap_is_said() -> None:
    found = read_at(series([0.1, math.nan, 0.3]), "td_std", ChartView(cursor=200.0))
    assert found is not None and found.value is None
    assert cursor_words(found, 80) == ["gap"]


def test_the_smoothed_value_stands_beside_the_exact_one() -> None:
    values = [0.1, 0.5, 0.2, 0.9]
    found = read_at(series(values), "td_std", ChartView(cursor=300.0, smoothing=0.6))
    assert found is not None and found.value == 0.2
    assert found.smooth == pytest.approx(moving_average(np.array(values), 0.6)[2])
    assert cursor_words(found, 40)[:2] == ["0.2 ~0.273469388", "0.2 ~0.273"]
    assert cursor_words(found, 40)[-1] == "0.200", "in the least room the exact one alone"


def test_a_metric_with_a_value_now_and_then_is_read_at_its_last_one() -> None:
    run = series([0.1] * 6, {2: -0.5, 5: -0.25})
    found = read_at(run, "eval_return", ChartView(cursor=400.0))
    assert found is not None and (found.x, found.value, found.away) == (200.0, -0.5, True)
    assert cursor_words(found, 40)[0] == "-0.5 @200"
    there = read_at(run, "eval_return", ChartView(cursor=500.0))
    assert there is not None and there.value == -0.25 and not there.away
    assert read_at(run, "eval_return", ChartView(cursor=100.0)) is None
    assert cursor_words(None, 40)[0] == "no value yet"


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_value_of_another_place_keeps_that_place_or_goes(width: int) -> None:
    found = read_at(series([0.1] * 6, {2: 1 / 3}), "eval_return", ChartView(cursor=400.0))
    *forms, last = cursor_words(found, width)
    assert forms[-2:] == ["0.33333 @200", "0.333 @200"] and all(form.endswith(" @200") for form in forms)
    assert last == "–", "rather than an old value as if it were of here"


def test_a_thinned_row_tells_its_range_and_is_not_called_exact() -> None:
    run = series([float(value % 7) for value in range(400)], raw=8, buckets=8)
    found = read_at(run, "td_std", ChartView(cursor=100.0))
    assert found is not None and not found.exact and found.low == 0.0 and found.high == 6.0
    assert cursor_words(found, 80)[0].endswith("(0 to 6.00)")


def test_places_have_their_unit() -> None:
    assert place_words(126_976.0, "env_steps") == "126,976 steps"
    assert place_words(31.0, "update") == "update 31"
    assert (place_words(14.1, "elapsed_s"), place_words(725.0, "elapsed_s")) == ("14.1 s", "12:05")


def test_every_metric_has_a_chart() -> None:
    assert spec_of("EV") is OVERVIEW[2]
    assert spec_of("explained_variance").title == "explained_variance"
    assert spec_of("td_std").levels is OVERVIEW[0].levels, "a metric keeps its floor when a filter brings it up"
    assert spec_of("lr").metrics == ("lr",)


def test_of_two_rows_equally_near_the_earlier_one_is_read() -> None:
    x = Column.flat(np.array([math.nan, 10.0, 20.0, 40.0]))
    column = Column(*(np.array([0.0, 1.0 + more, math.nan, 3.0 + more]) for more in (0.0, 1.0, 2.0)))
    near = read("td_std", x, column, 12.0)
    assert near is not None and (near.x, near.value, near.low, near.high) == (10.0, 2.0, 1.0, 3.0)
    gap = read("td_std", x, column, 21.0)
    assert gap is not None and gap.value is None
    last = read("td_std", x, column, 1e9)
    assert last is not None and last.value == 4.0
    assert read("td_std", Column.flat(np.array([math.nan])), column, 0.0) is None
    tied = read("td_std", x, column, 15.0)
    assert tied is not None and tied.x == 10.0
