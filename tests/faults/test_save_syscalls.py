"""SQLite's way: every system call of a write is killed and failed in turn, until the write passes undisturbed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from faults_support import measured
from save_driver import DONE, FAILED, made_up_record, made_up_snapshot
from support import hidden
from traced import Driver, driver, failing, killed, need_strace

from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import RecordWriter, read_records
from gwt_ib.runs.snapshot import load_snapshot, problem_of, save_snapshot
from gwt_ib.runs.snapshot_store import (
    clean_temporary,
    list_aside,
    list_snapshots,
    newest_good_snapshot,
    set_aside_newer,
)

OLD, NEW, NEXT = 1, 2, 3
ERRORS = ("EIO", "ENOSPC", "EROFS")
KILLED = -9


@pytest.fixture(scope="module")
def work() -> Iterator[Driver]:
    need_strace()
    with driver() as made:
        yield made


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Path]:
    """A folder with one good snapshot; `fresh` puts it back as it was."""
    template = tmp_path / "template"
    template.mkdir()
    save_snapshot(template, made_up_snapshot(OLD), OLD * 64)
    yield template


def fresh(template: Path, *, damaged: bool = False) -> Path:
    """A copy of the template; with `damaged`, something bad already has the name of the new snapshot."""
    folder = template.parent / "case"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    if damaged:
        shutil.copytree(template / f"{OLD * 64:012d}", folder / f"{NEW * 64:012d}")
        (folder / f"{NEW * 64:012d}" / "model.safetensors").write_bytes(b"damaged")
    return folder


def assert_whole(folder: Path, code: int, what: str) -> None:
    """The newest good snapshot is the old one or the new one, to the byte; the new one where the save said so."""
    _, found, _ = newest_good_snapshot(folder)
    number = found.state["update"]
    assert number in ((NEW,) if code == DONE else (OLD, NEW)), what
    wanted = made_up_snapshot(number)
    assert found.state == wanted.state, what
    for part in ("model", "optimizer", "environments"):
        here, there = getattr(found, part, {}), getattr(wanted, part, {})
        assert here.keys() == there.keys(), what
        assert all(np.array_equal(here[name], there[name]) for name in there), what


def assert_the_next_save_works(folder: Path, what: str) -> None:
    """What the disturbed save left is no hindrance for a later one, and goes when the run is started again."""
    path = save_snapshot(folder, made_up_snapshot(NEXT), NEXT * 64)
    assert list_snapshots(folder)[-1] == path, what
    assert newest_good_snapshot(folder)[1].state["update"] == NEXT, what
    clean_temporary(folder)
    assert hidden(folder) == [], what


@pytest.mark.parametrize("damaged", [False, True], ids=["a new name", "over a damaged one"])
def test_a_save_killed_at_any_system_call_leaves_the_old_or_the_new_snapshot(work, case, damaged):
    calls = work.calls(case.parent / "log", "snapshot", folder=str(fresh(case, damaged=damaged)), number=NEW)
    cases = 0
    for call, count in calls.items():
        for number in range(1, count + 1):
            folder = fresh(case, damaged=damaged)
            code = work.do("snapshot", *killed(call, number), folder=str(folder), number=NEW)
            what = f"killed at {call} {number} of {count}"
            assert code == KILLED, what
            assert_whole(folder, code, what)
            assert_the_next_save_works(folder, what)
            cases += 1
    measured(f"F17: system calls of a save{' over a damaged one' if damaged else ''} killed", str(cases))
    assert cases >= 30, f"only {cases} system calls were killed"


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "from then on"])
def test_a_save_of_which_any_system_call_fails_loses_nothing(work, case, error, for_ever):
    calls = work.calls(case.parent / "log", "snapshot", folder=str(fresh(case)), number=NEW)
    failed = 0
    for call, count in calls.items():
        for number in range(1, count + 1):
            folder = fresh(case)
            options = failing(call, number, error, for_ever=for_ever)
            code = work.do("snapshot", *options, folder=str(folder), number=NEW)
            what = f"{error} at {call} {number} of {count}"
            assert code in (DONE, FAILED), what
            assert_whole(folder, code, what)
            if not for_ever:
                assert hidden(folder) == [], f"{what} leaves temporary files"
            assert_the_next_save_works(folder, what)
            failed += code == FAILED
    measured(f"F16: system calls failed with {error}{' from then on' if for_ever else ''}", f"{sum(calls.values())}")
    assert failed >= 30, f"only {failed} system calls made the save fail, which is too few to show anything"


def every_fault(calls: Mapping[str, int], errors: Sequence[str] = ERRORS) -> Iterator[tuple[str, ...]]:
    """Each system call in turn, killed and failed: options of strace."""
    for call, count in calls.items():
        for number in range(1, count + 1):
            yield killed(call, number)
            for error in errors:
                yield failing(call, number, error)


def updates(*paths: Path) -> list[int]:
    """The updates in files of rows."""
    return [row["update"] for path in paths for row in read_records(path)]


def rows_in(path: Path, *numbers: int) -> bytes:
    """A file of metrics with these rows, durable."""
    writer = RecordWriter(path)
    for update in numbers:
        writer.append({"update": update})
    writer.sync()
    writer.close()
    return path.read_bytes()


def test_a_metrics_row_killed_or_failed_at_any_system_call_leaves_whole_rows(work, tmp_path):
    path = tmp_path / "metrics.jsonl"
    before = rows_in(path, 1, 2, 3)
    calls = work.calls(tmp_path / "log", "row", path=str(path), number=4)
    assert calls["write"] >= 1 and calls["fsync"] >= 1
    for options in every_fault(calls):
        path.write_bytes(before)
        code = work.do("row", *options, path=str(path), number=4)
        assert code in (KILLED, FAILED, DONE), options
        assert updates(path) in ([1, 2, 3], [1, 2, 3, 4]), options
        assert code != DONE or updates(path) == [1, 2, 3, 4], options
        rows_in(path, 5)
        assert updates(path)[-1] == 5, options


def test_a_cut_that_is_killed_or_failed_at_any_system_call_loses_no_row(work, tmp_path):
    path, aside = tmp_path / "metrics.jsonl", tmp_path / "aside.jsonl"
    before = rows_in(path, 1, 2, 3, 4, 5)
    calls = work.calls(tmp_path / "log", "cut", path=str(path), aside=str(aside), number=3)
    for options in every_fault(calls):
        path.write_bytes(before)
        aside.unlink(missing_ok=True)
        code = work.do("cut", *options, path=str(path), aside=str(aside), number=3)
        assert code in (KILLED, FAILED, DONE), options
        assert updates(path) in ([1, 2, 3], [1, 2, 3, 4, 5]), options
        assert {1, 2, 3, 4, 5} <= set(updates(path) + updates(aside)), options
        assert code != FAILED or hidden(tmp_path) == [], options
        for leftover in hidden(tmp_path):
            (tmp_path / leftover).unlink()
        cut_back(path, 3, aside)
        assert updates(path) == [1, 2, 3], options


def test_snapshots_being_deleted_leave_the_newest_whole_whatever_is_killed_or_fails(work, tmp_path):
    template, folder = tmp_path / "template", tmp_path / "case"
    template.mkdir()
    for number in range(1, 5):
        save_snapshot(template, made_up_snapshot(number, 64), number * 64)
    shutil.copytree(template, folder)
    calls = work.calls(tmp_path / "log", "keep", folder=str(folder))
    assert len(list_snapshots(folder)) < 4
    for options in every_fault(calls, ["EIO"]):
        shutil.rmtree(folder)
        shutil.copytree(template, folder)
        assert work.do("keep", *options, folder=str(folder)) in (KILLED, DONE), options
        _, found, refused = newest_good_snapshot(folder)
        assert found.state["update"] == 4 and refused == [], options
        assert all(problem_of(path) == "" for path in list_snapshots(folder)), options
        clean_temporary(folder)
        assert hidden(folder) == [], options


def test_newer_snapshots_being_set_aside_are_all_somewhere_whatever_is_killed_or_fails(work, tmp_path):
    template, folder = tmp_path / "template", tmp_path / "case"
    template.mkdir()
    for number in range(1, 4):
        save_snapshot(template, made_up_snapshot(number, 64), number * 64)
    shutil.copytree(template, folder)
    calls = work.calls(tmp_path / "log", "set_aside", folder=str(folder), number=1)
    for options in every_fault(calls):
        shutil.rmtree(folder)
        shutil.copytree(template, folder)
        code = work.do("set_aside", *options, folder=str(folder), number=1)
        assert code in (KILLED, FAILED, DONE), options
        everywhere = [*list_snapshots(folder), *list_aside(folder)]
        assert sorted(load_snapshot(path).state["update"] for path in everywhere) == [1, 2, 3], options
        assert code != DONE or len(list_snapshots(folder)) == 1, options
        set_aside_newer(folder, 64)
        assert len(list_snapshots(folder)) == 1 and len(list_aside(folder)) == 2, options


@pytest.mark.parametrize("error", ERRORS)
def test_a_firm_save_passes_though_any_one_system_call_fails(work, tmp_path, error):
    folders = [tmp_path / "run", tmp_path / "rescue"]

    def fresh_folders() -> list[str]:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        folders[0].mkdir()
        return list(map(str, folders))

    calls = work.calls(tmp_path / "log", "firmly", folders=fresh_folders(), number=NEW)
    for call, count in calls.items():
        for number in range(1, count + 1):
            code = work.do("firmly", *failing(call, number, error), folders=fresh_folders(), number=NEW)
            assert code == DONE, f"{error} at {call} {number}"
            assert newest_good_snapshot(folders)[1].state["update"] == NEW


@pytest.mark.parametrize("call", ["mkdir", "write", "fsync", "rename"])
def test_a_firm_save_that_fails_for_ever_says_so_and_leaves_nothing(work, tmp_path, call):
    folder = tmp_path / "run"
    folder.mkdir()
    save_snapshot(folder, made_up_snapshot(OLD), OLD * 64)
    code = work.do("firmly", *failing(call, 1, "ENOSPC", for_ever=True), folders=[str(folder)], number=NEW)
    assert code == FAILED
    assert hidden(folder) == []
    assert_whole(folder, code, call)


def test_run_json_killed_or_failed_at_any_system_call_is_the_old_or_the_new_one(work, tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.path.mkdir()
    calls = work.calls(tmp_path / "log", "run_record", path=str(run.path), number=NEW)
    for options in every_fault(calls):
        shutil.rmtree(run.path)
        run.path.mkdir()
        run.write_run(made_up_record(OLD))
        code = work.do("run_record", *options, path=str(run.path), number=NEW)
        seed = run.read_run().seed
        assert seed in ((NEW,) if code == DONE else (OLD, NEW)), options
        assert run.read_run() == made_up_record(seed), options
        assert code != FAILED or hidden(run.path) == [], options
        run.write_run(made_up_record(NEXT))
        assert run.read_run().seed == NEXT
