from __future__ import annotations

import numpy as np
import pytest

from gwt_ib_tui.charts.view import Scrub, nearest_index

UPDATES = np.array([1.0, 3.0, 5.0, 7.0])


def test_at_first_the_newest_is_followed_and_the_first_is_the_ghost() -> None:
    scrub = Scrub()
    assert scrub.following
    assert (scrub.place(UPDATES), scrub.ghost_place(UPDATES)) == (3, 0)
    assert scrub.place(np.append(UPDATES, 9.0)) == 4


def test_a_step_back_stays_where_it_is_when_newer_moments_come() -> None:
    scrub = Scrub().moved(UPDATES, -1)
    assert scrub.shown == 5.0
    assert scrub.place(np.append(UPDATES, [9.0, 11.0])) == 2


@pytest.mark.parametrize(("by", "place"), [(-1, 2), (-3, 0), (-4, 0), (-10, 0), (1, 3), (10, 3)])
def test_no_step_leaves_the_training(by: int, place: int) -> None:
    assert Scrub().moved(UPDATES, by).place(UPDATES) == place


def test_from_the_first_moment_ten_on_is_the_newest_which_is_then_followed() -> None:
    scrub = Scrub().at_first(UPDATES)
    assert scrub.place(UPDATES) == 0 and not scrub.following
    assert scrub.moved(UPDATES, -1) == scrub
    assert scrub.moved(UPDATES, 10).following
    assert scrub.at_newest().following


def test_pinning_and_taking_it_back() -> None:
    scrub = Scrub(shown=5.0).pinned(UPDATES)
    assert scrub.ghost == 5.0 and scrub.ghost_place(UPDATES) == 2
    assert scrub.moved(UPDATES, -1).ghost == 5.0
    assert scrub.pinned(UPDATES).ghost is None
    assert scrub.moved(UPDATES, -1).pinned(UPDATES).ghost == 3.0


def test_the_newest_can_be_pinned_while_it_is_followed() -> None:
    scrub = Scrub().pinned(UPDATES)
    more = np.append(UPDATES, 9.0)
    assert (scrub.ghost_place(more), scrub.place(more)) == (3, 4)


def test_without_a_moment_nothing_moves() -> None:
    nothing = np.empty(0)
    scrub = Scrub()
    assert scrub.moved(nothing, -1) == scrub.at_first(nothing) == scrub.pinned(nothing) == scrub


def test_a_single_moment_is_first_and_newest() -> None:
    assert Scrub().at_first(UPDATES[:1]).following


@pytest.mark.parametrize(("update", "place"), [(0, 0), (1, 0), (2, 0), (2.1, 1), (3, 1), (6.5, 3), (99, 3)])
def test_a_moment_that_was_thinned_out_gives_way_to_the_nearest(update: float, place: int) -> None:
    assert nearest_index(UPDATES, update) == place
