"""The table of what is known of POPGym's tasks: all of them, with a floor, and sums that its sources state."""

from __future__ import annotations

import pytest

from gwt_ib.envs.make import popgym_ids
from gwt_ib.gatecheck.ceilings import CEILINGS
from gwt_ib.results.reference import TASKS, Task, popgym_tasks, task_of


def test_every_task_has_a_floor_and_a_published_return_and_all_but_four_a_ceiling() -> None:
    tasks = popgym_tasks()
    assert len(tasks) == TASKS and set(tasks) == set(popgym_ids())
    assert all(task.floor and task.gru_return for task in tasks.values())
    bare = {env_id for env_id, task in tasks.items() if task.ceiling is None}
    explore = {f"popgym-LabyrinthExplore{level}-v0" for level in ("Easy", "Medium", "Hard")}
    assert bare == explore | {"popgym-MineSweeperHard-v0"}
    for task in tasks.values():
        assert task.floor is not None and task.floor.method == "random policy"
        assert task.ceiling is None or task.ceiling.mean > task.floor.mean + 0.2
    assert all(known.source for task in tasks.values() for known in vars(task).values() if known is not None)


def test_the_published_returns_sum_to_what_the_paper_s_column_sums_to() -> None:
    assert sum(task.gru_return.mean for task in popgym_tasks().values() if task.gru_return) == pytest.approx(16.53)


def test_the_ceilings_are_those_that_gatecheck_knows() -> None:
    found = {env_id: task.ceiling.mean for env_id, task in popgym_tasks().items() if task.ceiling is not None}
    assert found == {env_id: ceiling.value for env_id, ceiling in CEILINGS.items()}


def test_a_score_is_placed_between_floor_and_ceiling() -> None:
    task = task_of("popgym-CountRecallEasy-v0")
    assert task.floor is not None and task.ceiling is not None and task.gru_mmer is not None
    assert task.normalised(task.floor.mean) == 0.0 and task.normalised(task.ceiling.mean) == 1.0
    assert task.normalised(0.035) == pytest.approx(0.5) and task.normalised(None) is None
    assert (task.gru_mmer.mean, task.gru_mmer.std) == (0.177, 0.005)
    assert task.best_mmer is not None and task.best_mmer.method == "LSTM (PPO)"


def test_of_another_task_nothing_is_known() -> None:
    assert task_of("CartPole-v1") == Task() and task_of("CartPole-v1").normalised(1.0) is None
    assert task_of("popgym:popgym-CountRecallEasy-v0").is_popgym
    assert task_of("popgym-LabyrinthExploreEasy-v0").normalised(0.5) is None
