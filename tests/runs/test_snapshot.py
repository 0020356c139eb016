"""Snapshots: complete or absent, verified before they are used, never a way to run code."""

import json
import os
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import numpy as safetensors_numpy

from gwt_ib.errors import UserError
from gwt_ib.runs import snapshot as snapshots
from gwt_ib.runs.snapshot import (
    BadSnapshotError,
    Manifest,
    NotFiniteSnapshotError,
    Snapshot,
    load_snapshot,
    pin,
    problem_of,
    read_manifest,
    save_snapshot,
)
from gwt_ib.runs.snapshot_store import newest_good_snapshot

SNAPSHOT = Snapshot(
    model={"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(1.5, np.float32)},
    optimizer={"step": np.array(3.0, np.float32)},
    environments={"h": np.ones((2, 4), np.float32), "actions": np.arange(5, dtype=np.int32)},
    state={"update": 7, "window": {"returns": [0.1, -0.2]}},
)


def test_what_is_saved_is_what_is_loaded(tmp_path):
    path = save_snapshot(tmp_path, SNAPSHOT, 4096)
    assert path.name == "000000004096"
    assert sorted(file.name for file in path.iterdir()) == [
        "environments.safetensors",
        "manifest.json",
        "model.safetensors",
        "optimizer.safetensors",
        "state.json",
    ]
    loaded = load_snapshot(path)
    assert np.array_equal(loaded.model["w"], SNAPSHOT.model["w"])
    assert loaded.model["b"].shape == ()
    assert loaded.state == SNAPSHOT.state


def test_every_single_flipped_bit_and_every_cut_is_noticed(tmp_path):
    path = save_snapshot(tmp_path, SNAPSHOT, 1)
    chance = random.Random(0)
    files = sorted(path.iterdir())
    for _ in range(300):
        file = chance.choice(files)
        good = file.read_bytes()
        bad = bytearray(good)
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        file.write_bytes(bad if chance.random() < 0.8 else good[: chance.randrange(len(good))])
        try:
            reread = load_snapshot(path)
        except BadSnapshotError:
            reread = None
        # JSON has white space: a flipped bit of the manifest itself may leave it saying the same.
        assert reread is None or (file.name == "manifest.json" and json.loads(good) == json.loads(bad))
        file.write_bytes(good)
    assert load_snapshot(path).state == SNAPSHOT.state


def test_the_newest_good_one_is_taken_and_the_bad_ones_are_named(tmp_path):
    save_snapshot(tmp_path, SNAPSHOT, 1)
    newest = save_snapshot(tmp_path, SNAPSHOT, 2)
    (newest / "state.json").write_text("{}")
    (tmp_path / ".000000000003.tmp-1").mkdir()
    path, _, refused = newest_good_snapshot(tmp_path)
    assert path.name == "000000000001"
    assert len(refused) == 1 and "state.json does not match" in refused[0]


def test_no_good_snapshot_is_an_error_not_a_start_from_scratch(tmp_path):
    with pytest.raises(UserError, match="has no snapshot"):
        newest_good_snapshot(tmp_path)
    path = save_snapshot(tmp_path, SNAPSHOT, 1)
    (path / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"model\.safetensors: No such file"):
        newest_good_snapshot(tmp_path)


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    save_snapshot(tmp_path, SNAPSHOT, 1)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshots, "write_new", full)
    with pytest.raises(OSError, match="No space"):
        save_snapshot(tmp_path, SNAPSHOT, 2)
    assert [file.name for file in tmp_path.iterdir()] == ["000000000001"]
    assert load_snapshot(tmp_path / "000000000001").state == SNAPSHOT.state


def test_a_damaged_snapshot_of_the_same_step_is_written_again(tmp_path):
    path = save_snapshot(tmp_path, SNAPSHOT, 1)
    (path / "model.safetensors").write_bytes(b"")
    assert save_snapshot(tmp_path, SNAPSHOT, 1) == path
    assert load_snapshot(path).state == SNAPSHOT.state


@pytest.mark.parametrize(
    "manifest",
    [
        "[]",
        "{}",
        '{"format": 2, "files": {}}',
        '{"format": 3, "files": {}}',
        '{"format": 1, "files": []}',
        "?",
        "[" * 60_000,
        '{"format": ' + "9" * 5000 + "}",
        '{"format": 1, "files": {"../x": 1}}',
    ],
)
def test_a_strange_manifest_is_a_bad_snapshot(tmp_path, manifest):
    path = save_snapshot(tmp_path, SNAPSHOT, 1)
    (path / "manifest.json").write_text(manifest)
    with pytest.raises(BadSnapshotError):
        load_snapshot(path)


def resigned(path, name, data):
    """Put other content into a snapshot as somebody would who has read how its checksums are made."""
    (path / name).write_bytes(data)
    manifest = Manifest.from_dict(json.loads((path / "manifest.json").read_text()))
    files = {**manifest.files, name: snapshots.fingerprint(data)}
    (path / "manifest.json").write_text(json.dumps(replace(manifest, files=files).as_dict()))


def test_a_payload_that_would_run_when_unpickled_is_only_bytes(tmp_path):
    path = save_snapshot(tmp_path, SNAPSHOT, 1)
    resigned(path, "model.safetensors", b"cos\nsystem\n(S'touch canary'\ntR.")
    with pytest.raises(BadSnapshotError, match=r"model\.safetensors has no tensors that can be read"):
        load_snapshot(path)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        ('{"update": -5}', "state.json: update is -5"),
        ('{"update": true}', "state.json: update is true"),
        ('{"update": 1.0}', "state.json: update is 1"),
        ('{"update": 1' + "0" * 400 + "}", "state.json: update is too large a number"),
        ('{"update": ' + "1" * 5000 + "}", "state.json is no JSON that can be read"),
        ("[" * 60_000, "state.json is no JSON that can be read"),
        ("[]", "state.json is no JSON object"),
        ("{}", "state.json has no update"),
        ('{"update": 7, "td_mean": NaN}', "state.json: td_mean is not finite"),
        ('{"update": 7, "td_mean": 1e999}', "state.json: td_mean is not finite"),
        ('{"update": 7, "td_std": 0}', "state.json: td_std is 0"),
        ('{"update": 7, "td_std": -1.5}', "state.json: td_std is -1.5"),
        ('{"update": 7, "env_steps": 2}', "state.json: env_steps is 2, the manifest says 1"),
        ('{"update": 7, "env_steps": "1"}', "state.json: env_steps is a text"),
        ('{"update": 7, "episodes": [0, true]}', "state.json: episodes is not what it should be"),
        ('{"update": 7, "episodes": [-2]}', "state.json: episodes is not"),
        ('{"update": 7, "episodes": 3}', "state.json: episodes is 3"),
        ('{"update": 7, "elapsed_s": -1}', "state.json: elapsed_s is -1"),
        ('{"update": 7, "window": {"returns": [1], "lengths": []}}', "state.json: window is not"),
        ('{"update": 7, "window": {"returns": [null]}}', "state.json: window is not"),
        ('{"update": 7, "window": {"episodes": -1}}', "state.json: window is not"),
        ('{"update": 7, "gatecheck": null}', "state.json: gatecheck is null"),
        ('{"update": 7, "config": []}', "state.json: config is not"),
        ('{"update": 7, "eval_return": "good"}', "state.json: eval_return is a text"),
    ],
)
def test_a_state_with_odd_values_is_a_problem_in_words(tmp_path, state, problem):
    path = save_snapshot(tmp_path, SNAPSHOT, 1)
    resigned(path, "state.json", state.encode())
    assert problem_of(path).startswith(problem)
    with pytest.raises(UserError, match="no good snapshot"):
        newest_good_snapshot(tmp_path)


def test_what_is_not_finite_is_not_saved_and_not_loaded(tmp_path):
    spoilt = {**SNAPSHOT.model, "w": np.array([1.0, np.nan], np.float32)}
    for bad in (replace(SNAPSHOT, model=spoilt), replace(SNAPSHOT, optimizer=spoilt)):
        with pytest.raises(NotFiniteSnapshotError, match="w is not finite"):
            save_snapshot(tmp_path, bad, 1)
    with pytest.raises(NotFiniteSnapshotError, match="td_std is not finite"):
        save_snapshot(tmp_path, replace(SNAPSHOT, state={"update": 1, "td_std": float("inf")}), 1)
    assert list(tmp_path.iterdir()) == []
    good, path = save_snapshot(tmp_path, SNAPSHOT, 1), save_snapshot(tmp_path, SNAPSHOT, 2)
    resigned(path, "model.safetensors", safetensors_numpy.save(spoilt))
    assert newest_good_snapshot(tmp_path)[0] == good
    assert problem_of(path) == "model.safetensors: w is not finite"


def test_a_snapshot_from_before_environments_were_saved_is_still_good(tmp_path):
    path = save_snapshot(tmp_path, SNAPSHOT, 1)
    (path / "environments.safetensors").unlink()
    old = json.loads((path / "manifest.json").read_text())
    del old["files"]["environments.safetensors"], old["sha256"], old["pinned"], old["eval_return"]
    (path / "manifest.json").write_text(json.dumps({**old, "format": 1}))
    assert load_snapshot(path).environments == {}
    pin(path)
    assert read_manifest(path).pinned and load_snapshot(path).state == SNAPSHOT.state


def test_a_manifest_names_what_decides_whether_a_snapshot_is_kept(tmp_path):
    snapshot = replace(SNAPSHOT, state={**SNAPSHOT.state, "eval_return": 0.5})
    path = save_snapshot(tmp_path, snapshot, 1)
    assert (read_manifest(path).eval_return, read_manifest(path).pinned) == (0.5, False)
    assert save_snapshot(tmp_path, snapshot, 1, pinned=True) == path
    assert read_manifest(path).pinned and problem_of(path) == ""
    assert read_manifest(save_snapshot(tmp_path, SNAPSHOT, 2, pinned=True)).pinned


def test_a_snapshot_under_a_name_that_is_not_its_own_is_refused(tmp_path):
    path = save_snapshot(tmp_path, SNAPSHOT, 1)
    path.rename(tmp_path / "000000000099")
    assert problem_of(tmp_path / "000000000099") == "manifest.json says 1 env steps"


@pytest.mark.parametrize("name", [*snapshots.FILES, "manifest.json"])
@pytest.mark.timeout(20)
def test_a_pipe_a_device_and_a_folder_in_a_files_place_are_refused_at_once(tmp_path, name):
    path = save_snapshot(tmp_path, SNAPSHOT, 1)
    for put in (os.mkfifo, Path.mkdir, lambda file: file.symlink_to("/dev/zero"), lambda file: file.symlink_to(file)):
        file = path / name
        file.rmdir() if file.is_dir() else file.unlink(missing_ok=True)
        put(file)
        assert problem_of(path).startswith(name)


def test_a_failed_attempt_can_be_made_again_from_memory(tmp_path, monkeypatch):
    failures = iter([OSError(5, "Input/output error")])
    sync = os.fsync

    def fail_once(descriptor):
        for error in failures:
            raise error
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_once)
    with pytest.raises(OSError, match="Input/output"):
        save_snapshot(tmp_path, SNAPSHOT, 1)
    assert list(tmp_path.iterdir()) == []
    assert problem_of(save_snapshot(tmp_path, SNAPSHOT, 1)) == ""
