"""Deleting a run: what is said before, what is refused, and that nothing outside the directory is touched."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest
from filelock import FileLock
from support import small_config

from gwt_ib.clock import utc_now
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.create import create_run
from gwt_ib.runs.delete import SILENT_ELSEWHERE_S, delete_run, loss_of, size_words
from gwt_ib.runs.directory import DELETED, RunDirectory, list_runs
from gwt_ib.runs.labels import Labels, write_labels


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """A run that has ended, beside a file of the user's."""
    made = create_run(small_config(), tmp_path / "runs" / "run", [])
    stands(made, state="finished")
    made.metrics.write_text('{"env_steps": 4096}\n')
    (made.snapshots / "000000004096").mkdir()
    (made.snapshots / "000000004096" / "manifest.json").write_text("{}")
    (tmp_path / "runs" / "thesis.tex").write_text("x")
    return made


def stands(run: RunDirectory, **fields: object) -> None:
    run.run.write_text(json.dumps({**json.loads(run.run.read_text()), **fields}))


def test_a_run_is_deleted_and_nothing_beside_it(run: RunDirectory) -> None:
    delete_run(run)
    assert [path.name for path in run.path.parent.iterdir()] == ["thesis.tex"]


def test_what_is_lost_is_said_before(run: RunDirectory) -> None:
    write_labels(run, Labels("best"))
    words = loss_of(run).words
    assert (f"{run.path} (best): 4,096 env steps, 1 snapshot, " in words and "bytes" in words) or "kB" in words
    assert "What is no part" not in words and "sweep" not in words


def test_what_somebody_has_put_there_and_the_sweep_of_a_run_are_named(run: RunDirectory) -> None:
    (run.path / "figure.pdf").write_text("x")
    (run.path.parent.parent / "sweep.toml").write_text("")
    words = loss_of(run).words
    assert "goes with it: figure.pdf." in words and "belongs to the sweep" in words and "train it again" in words


def test_links_in_a_run_are_removed_and_not_followed(run: RunDirectory, tmp_path: Path) -> None:
    outside = tmp_path / "data"
    outside.mkdir()
    (outside / "set.npz").write_text("x" * 5000)
    (run.path / "data").symlink_to(outside)
    run.gatecheck.symlink_to(outside / "set.npz")
    assert loss_of(run).size < 5000
    delete_run(run)
    assert (outside / "set.npz").exists() and not run.path.exists()


def test_a_link_to_a_run_is_refused(run: RunDirectory, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(run.path)
    with pytest.raises(UserError, match="is a link") as caught:
        delete_run(RunDirectory(link))
    assert caught.value.code == ExitCode.USAGE and run.path.exists()


@pytest.mark.parametrize("content", [[], ["notes.txt"], ["metrics.jsonl"]], ids=["empty", "other", "metrics"])
def test_what_is_no_run_is_refused(tmp_path: Path, content: list[str]) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in content:
        (folder / name).write_text("x")
    with pytest.raises(UserError, match="is not a run directory"):
        loss_of(RunDirectory(folder))
    with pytest.raises(UserError, match="is not a run directory"):
        delete_run(RunDirectory(folder))
    assert sorted(path.name for path in folder.iterdir()) == content
    with pytest.raises(UserError, match="cannot be deleted: No such file"):
        loss_of(RunDirectory(tmp_path / "nowhere"))


@pytest.mark.parametrize("state", ["running", "paused", "starting"])
def test_a_run_that_trains_is_refused(run: RunDirectory, state: str) -> None:
    stands(run, state=state, pids={"trainer": os.getpid()}, heartbeat=utc_now(), host=socket.gethostname())
    for refused in (loss_of, delete_run):
        with pytest.raises(UserError, match="being trained by another process") as caught:
            refused(run)
        assert caught.value.code == ExitCode.LOCKED
    assert run.run.exists()


def test_a_run_of_another_host_is_refused_until_it_was_silent_for_long(run: RunDirectory) -> None:
    stands(run, state="running", pids={"trainer": 1}, heartbeat=utc_now() - 60, host="elsewhere")
    with pytest.raises(UserError, match="being trained on elsewhere"):
        loss_of(run)
    stands(run, heartbeat=utc_now() - SILENT_ELSEWHERE_S - 1)
    delete_run(run)
    assert not run.path.exists()


def test_a_killed_run_can_be_deleted(run: RunDirectory) -> None:
    stands(run, state="running", pids={"trainer": 1 << 30}, heartbeat=1.0, host=socket.gethostname())
    delete_run(run)
    assert not run.path.exists()


def test_a_run_whose_lock_is_held_is_refused(run: RunDirectory) -> None:
    """A trainer that has said how the run ended, and has not ended yet itself."""
    with FileLock(run.lock), pytest.raises(UserError, match="being trained by another process") as caught:
        delete_run(run)
    assert caught.value.code == ExitCode.LOCKED and run.run.exists()


def test_what_cannot_be_removed_is_no_run_any_more_and_is_named(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("gwt_ib.runs.delete.shutil.rmtree", fails)
    with pytest.raises(UserError, match=rf"is no run any more, but .*{DELETED}run-.* Permission denied") as caught:
        delete_run(run)
    assert caught.value.code == ExitCode.INPUT_OUTPUT and not run.path.exists()
    assert list_runs(run.path.parent) == []


def test_sizes_are_said_in_few_characters() -> None:
    assert [size_words(size) for size in (0, 999, 2930, 5_123_456, 7.2e9, 3e12)] == [
        "0 bytes",
        "999 bytes",
        "2.93 kB",
        "5.12 MB",
        "7.2 GB",
        "3e+03 GB",
    ]
