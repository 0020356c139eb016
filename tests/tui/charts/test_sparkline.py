"""A trend in one line: exact cells, peaks, gaps and other symbols."""

from __future__ import annotations

import numpy as np
import pytest

from gwt_ib_tui.charts.sparkline import sparkline
from gwt_ib_tui.state.history.series import Column


def column(*values: float, sparse: bool = False) -> Column:
    return Column.flat(np.array(values, dtype=np.float64), sparse=sparse)


nan = float("nan")


def test_a_rising_line_rises() -> None:
    x = column(*range(8))
    assert sparkline(x, x, 4) == "⣀⠤⠒⠉"
    assert sparkline(x, x, 8, symbols="block") == "▁▂▃▄▅▆▇█"
    assert sparkline(x, x, 8, symbols="ascii") == ".:-=+*%#"


def test_a_peak_between_two_dots_is_kept() -> None:
    values = np.zeros(1000)
    values[500] = 1.0
    line = sparkline(column(*range(1000)), column(*values), 10)
    assert line.count("⣀") == 9 and ("⣇" in line or "⣸" in line)


def test_a_bucket_reaches_from_its_least_to_its_largest_value() -> None:
    x = column(0.0, 1.0)
    y = Column(np.array([0.0, 0.0]), np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    assert sparkline(x, y, 1) == "⣇"


def test_nulls_are_blank_and_rows_far_apart_are_joined() -> None:
    x = column(0.0, 1.0, 2.0, 3.0)
    assert sparkline(x, column(1.0, nan, nan, 1.0), 2) == "⠂⠐"
    assert sparkline(x, column(1.0, nan, nan, 1.0, sparse=True), 2) == "⠒⠒"
    assert sparkline(column(0.0, 3.0), column(1.0, 1.0), 2) == "⠒⠒"


@pytest.mark.parametrize("width", [0, 1, 2, 7, 40])
@pytest.mark.parametrize("symbols", ["braille", "block", "ascii"])
def test_it_is_exactly_as_wide_whatever_it_shows(width: int, symbols: str) -> None:
    damaged = [[], [nan], [1.0], [1.0, 1.0], [nan, 2.0], [1e308, -1e308, 0.0], [float("inf"), 1.0], list(range(99))]
    for values in damaged:
        for x in (column(*range(len(values))), column(*[5.0] * len(values)), column(*[nan] * len(values))):
            assert len(sparkline(x, column(*values), width, symbols=symbols)) == width
