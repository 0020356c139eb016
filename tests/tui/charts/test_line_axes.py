"""What the axes of a line chart reach: logarithms, the outliers that are left out, what happened early, and their labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from line_charting import (
    BLUE,
    NAN,
    ORANGE,
    canvas,
    chart,
    painted,
    used,
    y_labels,
)

from gwt_ib_tui.charts.curves import Mark
from gwt_ib_tui.charts.view import ChartView


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


@pytest.mark.parametrize(
    ("axis", "x", "labels"),
    [("elapsed_s", np.arange(241) * 30.0, ["0", "1h", "2h"]), ("update", np.arange(241.0), ["0", "100", "200"])],
)
def test_each_axis_has_its_own_labels(axis: str, x: np.ndarray, labels: list[str]) -> None:
    drawn = chart(np.ones(241), (40, 9), replace(ChartView(), x_axis=axis), x=x)
    assert drawn.lines[-1].plain.split() == labels
