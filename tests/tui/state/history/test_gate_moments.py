from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded_run import RecordedRun

from gwt_ib_tui.state.history.gate_history import MAX_BINS, GateStore
from gwt_ib_tui.state.run.feed import Feed


def row(update: int, c: float = 0.5, bins: int = 2) -> dict[str, Any]:
    curve = {
        "td": [float(edge) for edge in range(bins + 1)],
        "c": [c] * bins,
        "c_std": [0.1] * bins,
        "prior": [0.2] * bins,
        "count": [10] * bins,
    }
    return {"update": update, "env_steps": update * 4096, "gate_curve": curve}


def filled(rows: int, most: int = 512) -> GateStore:
    store = GateStore(most)
    for update in range(1, rows + 1):
        store.append(row(update, c=update / rows))
    return store


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9, 15, 16, 17, 100, 1023, 5000])
def test_the_first_and_the_newest_moment_are_always_held_and_never_too_many(rows: int) -> None:
    history = filled(rows, most=8).view()
    assert history.updates[0] == 1 and history.updates[-1] == rows
    assert min(rows, 4) <= len(history) <= 8
    assert history.moments[-1].curve.c.tolist() == [1.0, 1.0]
    assert (np.diff(history.updates) > 0).all()


def test_a_full_history_is_thinned_evenly() -> None:
    gaps = np.diff(filled(5000, most=64).view().updates)[:-1]
    assert set(gaps) == {128.0}


def test_everything_is_held_while_there_is_room() -> None:
    assert filled(511).view().updates.tolist() == list(range(1, 512))


def test_a_view_does_not_change_and_is_the_same_one_until_a_row_comes() -> None:
    store = filled(20)
    before = store.view()
    assert store.view() is before
    store.append({"update": 21})
    assert store.view() is before, "a row without a curve"
    store.append(row(22))
    assert len(before) == 20 and store.view().updates[-1] == 22


def test_moments_that_are_held_are_not_made_again() -> None:
    store = filled(20)
    before = store.view().moments
    store.append(row(21))
    assert all(a is b for a, b in zip(store.view().moments[:19], before, strict=False))


@pytest.mark.parametrize(
    "damage",
    [
        {"gate_curve": None},
        {"gate_curve": {}},
        {"gate_curve": [1]},
        {"gate_curve": {"td": [1, 0]}},
        {"update": None},
        row(9, bins=MAX_BINS + 1),
    ],
)
def test_a_damaged_curve_is_left_out(damage: dict[str, Any]) -> None:
    store = filled(3)
    store.append(row(4) | damage)
    assert store.view().updates.tolist() == [1, 2, 3]
    store.append(row(10))
    assert store.view().updates[-1] == 10


def test_the_feed_publishes_the_history_and_forgets_what_a_resume_cut_off(tmp_path: Path) -> None:
    recorded = RecordedRun(tmp_path / "a-run")
    recorded.learn(20)
    feed = Feed(recorded.directory)
    first = feed.read_everything().gate
    assert first.updates.tolist() == list(range(1, 21))
    assert first.env_steps[-1] == 20 * 4096
    recorded.resume(5)
    recorded.learn(1)
    assert feed.read_everything().gate.updates.tolist() == [1, 2, 3, 4, 5, 6]
    assert len(first) == 20
