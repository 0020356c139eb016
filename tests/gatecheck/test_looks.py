"""When a verdict is decided anew, and that the levels of all looks of a run together stay within the stated one."""

from __future__ import annotations

from gwt_ib.gatecheck.looks import LEVEL, look_at


def test_before_the_first_look_there_is_none():
    assert look_at(3, 4, ended=False) is None
    assert look_at(3, 4, ended=True) is None
    assert look_at(0, 1, ended=True) is None


def test_looks_are_about_a_fifth_apart_and_between_them_the_last_one_holds():
    counts = [look.count for recorded in range(4, 40) if (look := look_at(recorded, 4, ended=False))]
    assert sorted(set(counts)) == [4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 29, 35]
    assert all(count <= recorded for recorded, count in enumerate(counts, 4))


def test_the_levels_of_all_looks_of_any_run_and_of_its_end_sum_to_no_more_than_the_stated_one():
    for fewest in (1, 4):
        levels = {
            look.count: look.level for recorded in range(5000) if (look := look_at(recorded, fewest, ended=False))
        }
        last = look_at(5000, fewest, ended=True)
        assert last is not None and last.count == 5000
        assert LEVEL * 0.9 < sum(levels.values()) + last.level <= LEVEL
