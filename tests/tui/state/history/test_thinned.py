"""Evenly spaced items in bounded memory."""

from __future__ import annotations

import pytest

from gwt_ib_tui.state.history.gate_history import Thinned


@pytest.mark.parametrize("most", [1, 2, 5, 64])
def test_items_are_evenly_spaced_and_never_too_many(most: int) -> None:
    thinned: Thinned[int] = Thinned(most)
    for number in range(1000):
        keeps = thinned.keeps_next
        thinned.add(number)
        assert keeps or thinned.items[-1] != number
        stride = thinned.items[1] if len(thinned.items) > 1 else max(number, 1)
        assert len(thinned.items) <= most and thinned.items[0] == 0
        if len(thinned.items) > 1:
            assert thinned.items == list(range(0, number + 1, stride)) and stride & (stride - 1) == 0
    assert thinned.seen == 1000
    assert len(thinned.items) > most // 2


def test_what_is_only_counted_leaves_a_gap() -> None:
    thinned: Thinned[str] = Thinned(4)
    for item in ("a", None, "c", "d", "e", "f"):
        thinned.add(item)
    assert thinned.items == ["a", "c", "e"], "every second one from the fifth on"
