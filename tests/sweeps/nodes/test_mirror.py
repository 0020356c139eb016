"""A run directory that is copied while it grows: what arrives, in which order, and what a hostile machine cannot do."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from snapshots import CONFIG, fitting, made_up_run
from support import hidden, updates

from gwt_ib.clock import utc_now
from gwt_ib.durable import write_json
from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import RecordWriter
from gwt_ib.runs.snapshot import MODEL, discard, load_snapshot, pin, problem_of, read_manifest, save_snapshot
from gwt_ib.runs.snapshot_store import list_snapshots
from gwt_ib.sweeps.nodes.mirror import changes, inventory
from gwt_ib.sweeps.nodes.mirror_copy import BadAnswerError, Copy


def there(tmp_path: Path) -> RunDirectory:
    """A run as it is on its node."""
    return made_up_run(tmp_path / "node" / "run", (1, 2))


def here(tmp_path: Path) -> RunDirectory:
    """An empty directory that is to become its copy."""
    run = RunDirectory(tmp_path / "head" / "run")
    for folder in (run.snapshots, run.logs, run.incidents, run.control):
        folder.mkdir(parents=True)
    return run


def copied(source: RunDirectory, copy: Copy, limit: int = 4 << 20) -> int:
    """Bring a copy up to date; how many answers that took."""
    count = 1
    while copy.apply(changes(source.path, copy.known, limit)):
        count += 1
        assert count < 10_000
    return count


def files(run: RunDirectory) -> dict[str, bytes]:
    """Everything of a run that is mirrored, but for its record."""
    return {
        str(path.relative_to(run.path)): path.read_bytes()
        for path in sorted(run.path.rglob("*"))
        if path.is_file() and path.name not in ("run.lock", "run.json") and "control" not in path.parts
    }


def test_a_copy_has_every_file_and_a_second_look_brings_nothing(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    (source.logs / "trainer.log").write_text("words\n")
    (source.incidents / "actor-0-environment-1-episode-2.json").write_text("{}")
    copy = Copy(target)
    copied(source, copy)
    assert files(target) == files(source)
    assert changes(source.path, copy.known)["pieces"] == []
    assert copy.known == inventory(source.path)


def test_what_is_appended_travels_alone(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    copy = Copy(target)
    copied(source, copy)
    inode = target.metrics.stat().st_ino
    with source.metrics.open("a") as file:
        file.write('{"update": 3}\n')
    answer = changes(source.path, copy.known)
    assert [(piece["path"], piece["data"]) for piece in answer["pieces"]] == [("metrics.jsonl", b'{"update": 3}\n')]
    copy.apply(answer)
    assert updates(target) == [1, 2, 3]
    assert target.metrics.stat().st_ino == inode, "a reader that follows the file would begin again"


def test_metrics_that_a_resume_has_cut_back_take_the_place_of_the_longer_ones(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    copy = Copy(target)
    copied(source, copy)
    cut_back(source.metrics, 1, source.metrics_aside)
    rows = RecordWriter(source.metrics)
    for update in range(2, 9):  # longer than before when it is looked at
        rows.append({"update": update, "again": True})
    rows.close()
    copied(source, copy)
    assert files(target) == files(source)


def test_a_log_that_was_cut_in_place_and_has_grown_again_is_copied_anew(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    log = source.logs / "actor-0.log"
    log.write_text("old words\n" * 100)
    copy = Copy(target)
    copied(source, copy)
    with log.open("r+") as file:
        file.truncate(0)
        file.write("new words\n" * 200)
    copied(source, copy)
    assert (target.logs / "actor-0.log").read_text() == "new words\n" * 200


def test_a_file_that_somebody_has_changed_here_is_copied_anew(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    copy = Copy(target)
    copied(source, copy)
    target.metrics.write_text("something else\n")
    with source.metrics.open("a") as file:
        file.write('{"update": 3}\n')
    for _ in range(2):
        copied(source, copy)
    assert files(target) == files(source)


def test_a_snapshot_appears_whole_or_not_at_all_however_small_the_pieces_are(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    copy = Copy(target)
    seen = set()
    while copy.apply(changes(source.path, copy.known, 1000)):
        for path in list_snapshots(target.snapshots):
            assert not problem_of(path)
            assert load_snapshot(path).state["update"] <= max(updates(target))
            seen.add(path.name)
    assert seen, "both came at the very end"
    assert files(target) == files(source)
    assert not hidden(target.snapshots)
    assert not hidden(target.path)


def test_the_end_of_a_run_is_told_after_everything_else(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    copy = Copy(target)
    write_json(source.run, {**json.loads(source.run.read_text()), "state": "finished"})
    while copy.apply(changes(source.path, copy.known, 1000)):
        assert target.read_run().state != "finished"
    assert target.read_run().state == "finished"
    assert files(target) == files(source)


def test_an_event_is_told_after_what_it_tells_of(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    copy = Copy(target)
    copied(source, copy)
    saved = save_snapshot(source.snapshots, fitting(3), 3 * CONFIG.steps_per_update)
    source.events.write_text(json.dumps({"kind": "snapshot", "path": str(saved)}) + "\n")
    while copy.apply(changes(source.path, copy.known, 1000)):
        assert (target.snapshots / saved.name).exists() or not target.events.exists()
    assert files(target) == files(source)


def test_events_beyond_the_limit_arrive_too(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    source.events.write_text("{}\n" * 5000)
    copied(source, Copy(target), 1000)
    assert files(target) == files(source)


def test_the_heartbeat_is_that_of_this_clock_and_the_host_that_of_the_node(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    write_json(source.run, {**json.loads(source.run.read_text()), "heartbeat": 1e6, "host": "node-7"})
    copied(source, Copy(target))
    record = target.read_run()
    assert abs((record.heartbeat or 0) - utc_now()) < 60
    assert record.host == "node-7"


def test_a_pinned_snapshot_is_pinned_here_too(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    copy = Copy(target)
    copied(source, copy)
    pin(list_snapshots(source.snapshots)[0])
    copied(source, copy)
    assert read_manifest(list_snapshots(target.snapshots)[0]).pinned
    assert files(target) == files(source)
    assert not hidden(target.snapshots)


def test_a_snapshot_that_went_goes_here_but_only_once_its_successor_is_here(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    copy = Copy(target)
    copied(source, copy)
    save_snapshot(source.snapshots, fitting(3), 3 * CONFIG.steps_per_update)
    for path in list_snapshots(source.snapshots)[:2]:
        discard(path)
    while copy.apply(changes(source.path, copy.known, 1000)):
        assert len(list_snapshots(target.snapshots)) >= 2
    assert files(target) == files(source)
    shutil.rmtree(source.snapshots)
    source.snapshots.mkdir()
    copied(source, copy)
    assert list_snapshots(target.snapshots), "a node that has lost everything takes nothing with it"


def test_a_snapshot_that_is_damaged_there_does_not_come_and_is_not_asked_for_again(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    (list_snapshots(source.snapshots)[1] / MODEL).write_bytes(b"nothing")
    copy = Copy(target)
    copied(source, copy)
    assert [path.name for path in list_snapshots(target.snapshots)] == [list_snapshots(source.snapshots)[0].name]
    assert not changes(source.path, copy.known)["pieces"]
    assert not hidden(target.snapshots)


def test_hidden_files_links_and_the_lock_stay_where_they_are(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    (source.path / ".half.json.tmp-1-1").write_text("{}")
    (source.path / "link.json").symlink_to("/etc/hostname")
    (source.snapshots / "999999").symlink_to(list_snapshots(source.snapshots)[0])
    (source.control / "1.json").write_text("{}")
    paths = {piece["path"] for piece in changes(source.path, {})["pieces"]}
    assert not [path for path in paths if "half" in path or "link" in path or "lock" in path or "control" in path]
    copied(source, Copy(target))
    assert len(list_snapshots(target.snapshots)) == 2


def piece(path: Any, **changed: Any) -> dict[str, Any]:
    """An answer of one piece."""
    one = {"path": path, "mark": "1", "offset": 0, "size": 2, "data": b"{}", **changed}
    return {"pieces": [one], "snapshots": None, "incidents": None, "more": False}


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd.json", "../x.json", "logs/../../x.log", "incidents/../x.json", ".x.json", "run.lock", "x.json\n",
        "control/1.json", "snapshots/../../x", "snapshots/12/../x.json", "snapshots/12/evil.py", "logs/x.json",
        "reports/1.json", "x.py", "", "a/b.json", "snapshots/x/state.json", "logs/.x.log", "x\0.json", 7, None,
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_run(tmp_path: Path, path: Any) -> None:
    target = here(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadAnswerError):
        Copy(target).apply(piece(path))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "answer",
    [
        piece("a.json", data="text"), piece("a.json", offset=-1), piece("a.json", offset=3), piece("a.json", size=None),
        piece("a.json", mark=1), piece("a.json", further=1), {}, {"pieces": None}, {**piece("a.json"), "snapshots": 1},
        {**piece("a.json"), "snapshots": {"../1": {"state.json": ("1", 2)}}}, {**piece("a.json"), "incidents": [1]},
        {**piece("a.json"), "snapshots": {"1": {"../state.json": ("1", 2)}}},
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_refused_as_a_whole(tmp_path: Path, answer: dict[str, Any]) -> None:
    target = here(tmp_path)
    with pytest.raises(BadAnswerError):
        Copy(target).apply(answer)
    assert not list(target.path.glob("*.json"))


def test_a_link_that_lies_here_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    source, target = there(tmp_path), here(tmp_path)
    outside = tmp_path / "outside"
    outside.write_text("mine")
    for path in (target.config, target.metrics):
        path.symlink_to(outside)
    copied(source, Copy(target))
    assert outside.read_text() == "mine"
    assert files(target) == files(source)


def test_a_full_disk_here_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = there(tmp_path), here(tmp_path)
    copy = Copy(target)
    copied(source, copy)
    before = target.metrics.read_bytes()
    with source.metrics.open("a") as file:
        file.write('{"update": 3}\n')
    save_snapshot(source.snapshots, fitting(3), 3 * CONFIG.steps_per_update)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr("gwt_ib.sweeps.nodes.mirror_copy.write_all", full)
        copy.apply(changes(source.path, copy.known))
    assert target.metrics.read_bytes() == before
    copied(source, copy)
    assert files(target) == files(source)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_to_a_run_its_copy_is_one_that_can_be_gone_on_with(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    source, target = there(tmp_path), here(tmp_path)
    copy, newest = Copy(target), 2

    def append() -> None:
        nonlocal newest
        newest += 1
        with source.metrics.open("a") as file:
            file.write(json.dumps({"update": newest, "filler": "x" * chance.randrange(300)}) + "\n")

    def snapshot() -> None:
        save_snapshot(source.snapshots, fitting(newest), newest * CONFIG.steps_per_update)

    def forget() -> None:
        if len(found := list_snapshots(source.snapshots)) > 1:
            discard(chance.choice(found[:-1]))

    def resume() -> None:
        nonlocal newest
        newest = load_snapshot(list_snapshots(source.snapshots)[-1]).state["update"]
        cut_back(source.metrics, newest, source.metrics_aside)

    def heartbeat() -> None:
        write_json(source.run, {**json.loads(source.run.read_text()), "heartbeat": utc_now()})

    def look() -> None:
        copy.apply(changes(source.path, copy.known, chance.choice((700, 5000, 1 << 20))))
        good = [path for path in list_snapshots(target.snapshots) if not problem_of(path)]
        assert good == list_snapshots(target.snapshots)
        for path in good:
            assert load_snapshot(path).state["update"] <= max(updates(target))

    def begin_again() -> None:  # the head was killed
        nonlocal copy
        known = {path: value for path, value in copy.known.items() if chance.random() < 0.7}
        copy = Copy(target, known)

    actions: list[Callable[[], None]] = [append, append, snapshot, forget, resume, heartbeat, look, look, look]
    for _ in range(120):
        chance.choice(actions)()
    begin_again()
    for _ in range(3):
        copied(source, copy)
    kept = set(files(source))
    assert {name: data for name, data in files(target).items() if name in kept} == files(source)
