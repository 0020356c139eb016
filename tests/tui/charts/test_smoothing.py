from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwt_ib_tui.charts.traces import moving_average

NAN = math.nan


def one_by_one(values: list[float], weight: float) -> list[float]:
    """The definition: an average that forgets, divided by the share of weight that it has seen."""
    average, seen, result = 0.0, 0.0, []
    for value in values:
        if not math.isnan(value):
            average = weight * average + (1 - weight) * value
            seen = weight * seen + (1 - weight)
        result.append(NAN if math.isnan(value) else average / seen)
    return result


@given(
    st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(NAN)), max_size=200),
    st.sampled_from([0.0, 0.01, 0.5, 0.6, 0.9, 0.97, 0.999]),
)
def test_it_is_the_average_of_the_definition(values: list[float], weight: float) -> None:
    found = moving_average(np.array(values), weight)
    assert found == pytest.approx(one_by_one(values, weight), rel=1e-6, abs=1e-6, nan_ok=True)


def test_it_starts_at_the_first_value_and_a_gap_changes_nothing() -> None:
    assert moving_average(np.array([7.0, 7.0, 7.0]), 0.97).tolist() == pytest.approx([7.0, 7.0, 7.0])
    with_gap = moving_average(np.array([NAN, 1.0, NAN, 3.0]), 0.6)
    assert np.isnan(with_gap).tolist() == [True, False, True, False]
    assert with_gap[[1, 3]] == pytest.approx(moving_average(np.array([1.0, 3.0]), 0.6))


def test_without_weight_it_is_the_values() -> None:
    assert moving_average(np.array([1.0, 5.0, 2.0]), 0.0).tolist() == [1.0, 5.0, 2.0]
    assert moving_average(np.empty(0), 0.9).tolist() == []
    assert np.isnan(moving_average(np.array([math.inf, NAN]), 0.9)).all()
