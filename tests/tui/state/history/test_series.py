from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwt_ib_tui.state.history.series import SeriesStore


def filled(values: np.ndarray, raw: int, buckets: int) -> SeriesStore:
    store = SeriesStore(["env_steps", "value"], raw=raw, buckets=buckets)
    for place, value in enumerate(values.tolist()):
        store.append([float(place), value])
    return store


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), max_size=400),
    st.sampled_from([1, 2, 3, 8]),
    st.sampled_from([2, 4, 16]),
)
def test_nothing_is_lost_from_the_extremes(values: list[float], raw: int, buckets: int) -> None:
    data = np.array(values)
    view = filled(data, raw, buckets).view()
    column = view.column("value")
    assert view.rows == len(values)
    assert len(column.mean) <= buckets + 2 * raw
    finite = data[np.isfinite(data)]
    if finite.size:
        assert np.nanmin(column.low) == finite.min()
        assert np.nanmax(column.high) == finite.max()
    else:
        assert np.isnan(column.mean).all()
    with np.errstate(invalid="ignore"):
        ordered = (column.low <= column.mean + 1e-6) & (column.mean <= column.high + 1e-6)
    assert (ordered | np.isnan(column.mean)).all()


def test_means_are_exact_and_the_newest_rows_are_untouched() -> None:
    data = np.arange(10_000, dtype=float)
    view = filled(data, raw=16, buckets=8).view()
    column = view.column("value")
    counts = view._history.rows
    assert np.nansum(column.mean[: len(counts)] * counts) + column.mean[len(counts) :].sum() == pytest.approx(
        data.sum()
    )
    assert (column.mean[-16:] == data[-16:]).all()
    assert set(counts[:-1]) == {counts[0]}, "buckets of equally many rows"
    assert (np.diff(view.column("env_steps").mean) > 0).all()
    assert view.newest("value", 3).tolist() == [9997.0, 9998.0, 9999.0]


def test_memory_is_bounded() -> None:
    store = SeriesStore(["a", "b"], raw=64, buckets=32)
    sizes = []
    for place in range(60_000):
        store.append([place, -place])
        if place % 20_000 == 19_999:
            view = store.view()
            sizes.append(view._history.low.shape[0] + view._raw.shape[0])
    assert max(sizes) <= 32 + 128


def test_a_gap_stays_a_gap_and_infinity_is_one() -> None:
    store = SeriesStore(["value"], raw=4, buckets=4)
    for value in (1.0, float("nan"), float("inf"), 2.0):
        store.append([value])
    assert np.isnan(store.view().column("value").mean[1:3]).all()


def test_a_view_does_not_change_afterwards() -> None:
    store = SeriesStore(["value"], raw=4, buckets=4)
    store.append([1.0])
    view = store.view()
    for place in range(100):
        store.append([float(place)])
    assert view.column("value").mean.tolist() == [1.0]
    assert view.rows == 1
    with pytest.raises(KeyError):
        view.column("other")
