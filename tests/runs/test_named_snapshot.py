"""The snapshot that a user names: by env steps, a path, `newest` or `best`; and what is said of one that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from snapshots import CONFIG, fitting, made_up_run

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.named_snapshot import named_snapshot
from gwt_ib.runs.snapshot import save_snapshot
from gwt_ib.runs.snapshot_store import set_aside_newer

STEPS = CONFIG.steps_per_update


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """A run with five snapshots; those of updates 2 and 3 are rated alike, the best is of update 4, and it is damaged."""
    run = made_up_run(tmp_path / "run", updates=(1,))
    for update, value in ((2, 0.5), (3, 0.5), (4, 0.9), (5, 0.1)):
        snapshot = fitting(update, value)
        save_snapshot(run.snapshots, snapshot, snapshot.state["env_steps"])
    (run.snapshots / f"{4 * STEPS:012d}" / "state.json").write_text("{}")
    return run


def update_of(run: RunDirectory, name: str) -> int:
    return int(named_snapshot(run, [run.snapshots], name).name) // STEPS


def test_newest_and_best_are_good_and_of_equals_the_newest_is_the_best(run: RunDirectory) -> None:
    assert update_of(run, "best") == 3 and update_of(run, "newest") == 5
    (run.snapshots / f"{5 * STEPS:012d}" / "state.json").write_text("{}")
    assert update_of(run, "newest") == 3


@pytest.mark.parametrize("name", ["512", "000000000512", "5_12", "runs/../512", "PATH"])
def test_env_steps_with_or_without_signs_and_paths_name_one(run: RunDirectory, name: str) -> None:
    if name == "runs/../512":
        with pytest.raises(UserError):
            update_of(run, name)
    else:
        assert update_of(run, str(run.snapshots / "000000000512") if name == "PATH" else name) == 2


def test_one_that_was_set_aside_is_named_by_its_path(run: RunDirectory) -> None:
    (aside, *_) = set_aside_newer(run.snapshots, 4 * STEPS)
    assert named_snapshot(run, [run.snapshots], str(aside)) == aside
    with pytest.raises(UserError, match=r"has no snapshot '1280'\. It has .*; the nearest is 000000001024"):
        update_of(run, str(5 * STEPS))


def test_of_many_the_newest_are_listed_and_the_nearest_is_said(run: RunDirectory) -> None:
    for update in range(6, 12):
        save_snapshot(run.snapshots, fitting(update), update * STEPS)
    with pytest.raises(UserError) as caught:
        update_of(run, "530")
    assert caught.value.code == ExitCode.USAGE
    assert caught.value.message.endswith("000000002816 and 5 more; the nearest is 000000000512.")


def test_without_an_evaluation_none_is_the_best_and_without_any_that_is_said(tmp_path: Path) -> None:
    run = made_up_run(tmp_path / "run", updates=(1, 2))
    with pytest.raises(UserError, match=r"none is the best; the newest is 000000000512\."):
        update_of(run, "best")
    empty = made_up_run(tmp_path / "empty", updates=())
    with pytest.raises(UserError, match=r"has no snapshot '7'\. It has none\."):
        update_of(empty, "7")
