"""Which runs are one line of a figure, and under which words."""

from __future__ import annotations

from pathlib import Path

import pytest
from figure_runs import write_run

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.figures.groups import grouped
from gwt_ib.runs.labels import Labels, write_labels


def test_seeds_of_one_setting_are_a_group_under_the_words_in_which_it_differs(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / "a", [0.0], seed=1, lr=0.001),
        write_run(tmp_path / "b", [0.0], seed=1, lr=0.002),
        write_run(tmp_path / "c", [0.0], seed=2, lr=0.001, total_timesteps=900_000),
    ]
    groups = grouped(runs)
    assert [(group.label, [run.name for run in group.runs]) for group in groups] == [
        ("lr=0.001", ["a", "c"]),
        ("lr=0.002", ["b"]),
    ]


def test_one_setting_alone_is_called_by_its_task_and_groups_of_several_tasks_say_theirs(tmp_path: Path) -> None:
    one = write_run(tmp_path / "a", [0.0], env_id="popgym-RepeatFirstEasy-v0")
    other = write_run(tmp_path / "b", [0.0], env_id="popgym-CountRecallEasy-v0")
    third = write_run(tmp_path / "c", [0.0], env_id="popgym-CountRecallEasy-v0", lr=0.1)
    assert [(group.label, group.task, group.title) for group in grouped([one])] == [
        ("RepeatFirstEasy", "", "RepeatFirstEasy")
    ]
    assert [(group.label, group.title) for group in grouped([one, other])] == [
        ("runs", "RepeatFirstEasy"),
        ("runs", "CountRecallEasy"),
    ]
    assert [group.title for group in grouped([one, other, third])] == [
        "RepeatFirstEasy, lr=0.00025",
        "CountRecallEasy, lr=0.00025",
        "CountRecallEasy, lr=0.1",
    ]
    assert [group.label for group in grouped([one, other, third], labels=["slow", "fast"])] == ["slow", "slow", "fast"]


def test_runs_of_a_sweep_are_called_by_their_arm(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, [0.0], seed=seed, lr=lr) for name, seed, lr in (("a", 1, 0.1), ("b", 2, 0.1))]
    assert [group.label for group in grouped(runs, arms=dict.fromkeys(runs, "quick"))] == ["quick"]


def test_single_runs_of_one_setting_are_told_apart_by_seed_and_then_by_name(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, [0.0], seed=seed) for name, seed in (("a", 1), ("b", 2))]
    assert [group.label for group in grouped(runs, single=True)] == ["CountRecallEasy seed 1", "CountRecallEasy seed 2"]
    again = write_run(tmp_path / "c", [0.0], seed=1)
    assert [group.label for group in grouped([runs[0], again], single=True)] == ["a", "c"]


def test_own_labels_have_to_be_as_many_as_lines(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, [0.0], seed=seed) for name, seed in (("a", 1), ("b", 2))]
    assert [group.label for group in grouped(runs, labels=["ours"])] == ["ours"]
    with pytest.raises(UserError, match="1 lines and 2 labels") as refused:
        grouped(runs, labels=["ours", "theirs"])
    assert refused.value.code == ExitCode.USAGE


def test_a_run_whose_settings_cannot_be_read_is_alone_under_its_name(tmp_path: Path) -> None:
    run = write_run(tmp_path / "broken", [0.0])
    run.config.write_text("{")
    assert [group.label for group in grouped([run])] == ["broken"]


def test_runs_that_were_given_a_name_are_called_by_it(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / name, [0.0], seed=seed, lr=lr)
        for name, seed, lr in (("a", 1, 0.1), ("b", 2, 0.1), ("c", 1, 0.2))
    ]
    for run in runs[:2]:
        write_labels(run, Labels("warm"))
    assert [group.label for group in grouped(runs)] == ["warm", "lr=0.2"]
    write_labels(runs[1], Labels("cold"))
    assert [group.label for group in grouped(runs)] == ["lr=0.1", "lr=0.2"]
    assert [group.label for group in grouped(runs[:2], single=True)] == ["warm", "cold"]
