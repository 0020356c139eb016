"""How the columns of words share the room of the list of runs."""

from __future__ import annotations

import pytest

from gwt_ib_tui.widgets.run_rows import LEAST, shared_out

LONG = dict.fromkeys(LEAST, 40)


@pytest.mark.parametrize("room", range(60))
def test_no_more_room_is_given_than_there_is_and_the_first_columns_come_first(room: int) -> None:
    widths = shared_out(LONG, list(LONG), room)
    assert sum(width + 1 for width in widths.values()) <= room
    assert all(width >= LEAST[name] for name, width in widths.items())
    if room > sum(LEAST.values()) + len(LEAST):
        assert set(widths) == set(LEAST)
    if room > LEAST["name"]:
        assert "name" in widths


def test_a_column_gets_no_more_than_it_needs_and_the_others_what_is_left() -> None:
    assert shared_out({"name": 3, "settings": 30}, ["name", "settings"], 25) == {"name": 3, "settings": 20}
    assert shared_out({"name": 3, "tags": 4}, ["name", "tags"], 80) == {"name": 3, "tags": 4}


def test_what_orders_the_list_comes_before_what_is_more_important() -> None:
    assert set(shared_out(LONG, ["tags", "name", "task", "settings"], 15)) == {"tags", "name"}
