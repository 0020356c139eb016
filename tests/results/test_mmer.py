"""MMER by hand: epochs of whole updates, means weighted by episodes, and what is missing is said."""

from __future__ import annotations

from typing import Any

from gwt_ib.results.mmer import EPOCH_STEPS, Mmer, mmer


def rows(*updates: tuple[int, float | None], steps: int = 30) -> list[dict[str, Any]]:
    """A row for each update: how many episodes have ended in it, and their mean return."""
    made, episodes = [], 0
    for update, (ended, mean) in enumerate(updates, start=1):
        episodes += ended
        made.append({"update": update, "env_steps": update * steps, "episodes": episodes, "ep_return": mean})
    return made


def test_it_is_the_best_mean_of_an_epoch_weighted_by_episodes() -> None:
    made = rows((1, 1.0), (3, -1.0), (0, None), (2, 0.5), (1, 4.0), (1, -2.0), (9, 100.0))
    # Epochs of at least 60 steps are two updates: (1 - 3) / 4, 0.5, (4 - 2) / 2; the seventh update is no epoch.
    assert mmer(made, 60) == Mmer(1.0, 3)
    # Of at least 61 steps they are three: -2 / 4 and (1 + 4 - 2) / 4.
    assert mmer(made, 61) == Mmer(0.75, 2)


def test_the_paper_s_epoch_is_sixteen_updates_of_the_default_settings() -> None:
    made = rows(*[(1, float(update)) for update in range(1, 34)], steps=4096)
    assert EPOCH_STEPS == 16 * 4096
    assert mmer(made) == Mmer(sum(range(17, 33)) / 16, 2)


def test_a_missing_row_costs_its_epoch() -> None:
    made = rows((1, 1.0), (1, 9.0), (1, 2.0), (1, 3.0), (1, 3.0), (1, 5.0))
    found = mmer([row for row in made if row["update"] != 2], 60)
    assert (found.value, found.epochs) == (3.0, 1), "updates 4 and 5: how many episodes row 3 has is unknown"
    assert "rows are missing" in found.problem


def test_without_a_whole_epoch_or_an_episode_there_is_none_and_it_is_said() -> None:
    assert mmer([]).value is None and mmer([]).problem
    assert "less than an epoch of 65,536" in mmer(rows((5, 1.0))).problem
    assert "no episode" in mmer(rows((0, None), (0, None)), 60).problem
    old = [{name: value for name, value in row.items() if name != "ep_return"} for row in rows((5, 1.0), (5, 1.0))]
    assert mmer(old, 60).value is None and "earlier version" in mmer(old, 60).problem
    assert mmer([{"update": "x"}, {}, {"update": 1, "env_steps": None}], 60).value is None
