"""Which charts are in the slots, chosen, or alone."""

from __future__ import annotations

from dataclasses import replace

from gwt_ib_tui.charts.selection import Selection

TWELVE = Selection(tuple("abcdefghijkl"), slots=5)


def test_nothing_is_chosen_and_nothing_said_while_all_fit() -> None:
    few = Selection(("a", "b"), slots=5)
    assert few.on_show == ("a", "b") and not few.paged
    assert few.chosen_slot is None and few.words == ""


def test_turning_goes_round_and_says_where_it_is() -> None:
    pages = [TWELVE.turned(by) for by in (0, 1, 2, 3, -1)]
    assert [page.words for page in pages] == [
        "charts 1-5 of 12",
        "charts 6-10 of 12",
        "charts 11-12 of 12",
        "charts 1-5 of 12",
        "charts 11-12 of 12",
    ]
    assert pages[2].on_show == ("k", "l")
    assert replace(TWELVE, charts=tuple("abcdef")).turned(1).words == "chart 6 of 6"
    few = Selection(("a", "b"), slots=5)
    assert few.turned(1) is few


def test_choosing_goes_through_all_charts_and_turns_to_them() -> None:
    assert TWELVE.moved(1).chosen_slot == 0
    assert TWELVE.moved(-1).chosen_slot == 4
    second = TWELVE.moved(-1).moved(1)
    assert (second.first, second.chosen, second.chosen_slot) == (5, 5, 0)
    last = TWELVE.moved(1).moved(-1)
    assert (last.first, last.chosen, last.chosen_slot) == (10, 11, 1)
    assert last.moved(1).chosen == 0
    assert last.turned(1).chosen is None, "what is not on show is not chosen"


def test_one_chart_alone() -> None:
    alone = TWELVE.toggled()
    assert alone.alone and alone.chosen == 0 and alone.words == "chart 1 of 12"
    assert alone.turned(1).words == "chart 2 of 12" and alone.moved(-1).words == "chart 12 of 12"
    back = alone.turned(1).toggled()
    assert not back.alone and back.chosen == 1
    assert back.together() == back
    assert TWELVE.turned(1).toggled().chosen == 5


def test_other_charts_begin_anew_and_the_same_ones_stay() -> None:
    turned = TWELVE.turned(1).moved(1)
    assert turned.of(TWELVE.charts) is turned
    assert turned.of(("x", "y")) == Selection(("x", "y"), slots=5)


def test_without_charts_nothing_happens() -> None:
    none = Selection((), slots=5)
    assert none.moved(1) == none.turned(1) == none.toggled() == none
