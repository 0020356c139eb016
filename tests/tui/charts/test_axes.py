from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwt_ib_tui.charts.axes import Scale, count_labels, count_ticks, log_ticks, time_label, time_ticks
from gwt_ib_tui.charts.figure import layout_of


@given(st.floats(-300, 300), st.floats(1e-3, 300), st.integers(1, 12))
def test_logarithmic_ticks_lie_in_the_range(low: float, span: float, most: int) -> None:
    high = min(low + span, 300.0)
    ticks = log_ticks(low, high, most)
    assert len(ticks) <= most
    assert all(low - 1e-6 <= math.log10(tick) <= high + 1e-6 for tick in ticks)
    assert ticks == sorted(set(ticks))


@pytest.mark.parametrize(
    ("low", "high", "most", "labels"),
    [
        (-4.0, 0.0, 6, ["1e-4", "0.001", "0.01", "0.1", "1"]),
        (-3.2, 3.2, 4, ["0.01", "1", "100"]),
        (0.0, 1.0, 6, ["1", "2", "5", "10"]),
        (0.3, 0.6, 6, ["2.0", "2.5", "3.0", "3.5"]),
        (4.0, 9.0, 6, ["10000", "1e5", "1e6", "1e7", "1e8", "1e9"]),
    ],
)
def test_logarithmic_ticks_are_round_and_short(low: float, high: float, most: int, labels: list[str]) -> None:
    assert [label for _, label in Scale((low, high), log=True).ticks(most)] == labels


def test_values_lie_by_their_logarithm_and_others_nowhere() -> None:
    places = Scale((-2.0, 2.0), log=True).places(np.array([0.01, 1.0, 100.0, 0.0, -1.0, math.nan]))
    assert places[:3].tolist() == pytest.approx([0.0, 0.5, 1.0])
    assert np.isnan(places[3:]).all()


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.0, 10.0, ["0", "2s", "4s", "6s", "8s", "10s"]),
        (0.0, 100.0, ["0", "30s", "1m", "1m30s"]),
        (0.0, 3000.0, ["0", "10m", "20m", "30m", "40m", "50m"]),
        (3300.0, 4000.0, ["56m", "58m", "1h", "1h2m", "1h4m", "1h6m"]),
        (0.0, 30_000.0, ["0", "2h", "4h", "6h", "8h"]),
        (0.0, 400_000.0, ["0", "1d", "2d", "3d", "4d"]),
        (0.0, 0.5, ["0", "0.1s", "0.2s", "0.3s", "0.4s", "0.5s"]),
    ],
)
def test_times_are_labelled_in_round_units(low: float, high: float, labels: list[str]) -> None:
    assert [label for _, label in time_ticks(low, high, 6)] == labels


def test_a_long_training_is_labelled_in_days() -> None:
    ticks = time_ticks(0.0, 86400.0 * 300, 5)
    assert [label for _, label in ticks] == ["0", "100d", "200d", "300d"]
    assert time_label(90061.0) == "1d1h1m1s" and time_label(-90.0) == "-1m30s"


@given(st.floats(0, 1e8), st.floats(1e-3, 1e8), st.integers(1, 12))
def test_times_lie_in_the_range_and_differ(low: float, span: float, most: int) -> None:
    ticks = time_ticks(low, low + span, most)
    assert 1 <= len(ticks) <= most
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick, _ in ticks)


def test_counts_of_a_narrow_window_do_not_look_alike() -> None:
    assert count_labels([1_234_000.0, 1_234_100.0, 1_234_200.0]) == ["1.234M", "1.2341M", "1.2342M"]
    assert [label for _, label in count_ticks(0.0, 1e6, 3)] == ["0", "500k", "1M"]
    assert [label for _, label in count_ticks(3.0, 5.0, 9)] == ["3", "4", "5"]


def y_labels(low: float, high: float, rows: int, *, log: bool = False) -> list[str]:
    layout = layout_of(60, rows + 2, Scale((low, high), log), lambda columns: ())
    assert layout.canvas_height == rows
    places = [place for place, _ in layout.y_ticks]
    assert len({layout.row(place) for place in places}) == len(places), "each in a row of its own"
    return [label for _, label in layout.y_ticks]


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.integers(3, 40))
def test_a_y_axis_has_a_scale(low: float, span: float, rows: int) -> None:
    labels = y_labels(low, low + span, rows)
    assert len(set(labels)) == len(labels) >= 2
    places = [place for place, _ in layout_of(60, rows + 2, Scale((low, low + span)), lambda columns: ()).y_ticks]
    assert places[-1] - places[0] > 0.3, "spread over the axis"


@given(st.floats(-5, 5), st.floats(0.2, 10), st.integers(5, 40))
def test_so_has_a_logarithmic_one(low: float, span: float, rows: int) -> None:
    layout = layout_of(60, rows + 2, Scale((low, low + span), log=True), lambda columns: ())
    assert len({label for _, label in layout.y_ticks}) == len(layout.y_ticks) >= 2


@pytest.mark.parametrize(
    ("low", "high", "rows", "labels"),
    [
        (0.01, 0.19, 3, ["0.05", "0.15"]),
        (0.03, 0.12, 5, ["0.050", "0.075", "0.100"]),
        (-1.52, -1.49, 4, ["-1.52", "-1.50"]),
        (0.02, 0.31, 30, ["0.05", "0.10", "0.15", "0.20", "0.25", "0.30"]),
        (-4.2, 2.2, 11, ["-4", "-2", "0", "2"]),
    ],
)
def test_ticks_of_the_y_axis_are_multiples_of_a_round_step(
    low: float, high: float, rows: int, labels: list[str]
) -> None:
    assert y_labels(low, high, rows) == labels
