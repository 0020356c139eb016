"""Snapshots: complete or absent, verified before they are used, never a way to run code."""

import json
import random

import numpy as np
import pytest

from gwt_ib.errors import UserError
from gwt_ib.runs import snapshot as snapshots
from gwt_ib.runs.snapshot import BadSnapshotError, Snapshot, load_snapshot, newest_good_snapshot, save_snapshot

SNAPSHOT = Snapshot(
    model={"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(1.5, np.float32)},
    optimizer={"step": np.array(3.0, np.float32)},
    state={"update": 7, "window": {"returns": [0.1, -0.2]}},
)


def test_what_is_saved_is_what_is_loaded(tmp_path):
    path = save_snapshot(tmp_path, SNAPSHOT, 4096)
    assert path.name == "000000004096"
    assert sorted(file.name for file in path.iterdir()) == [
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
        # JSON has white space and more: a flipped bit of the manifest itself may leave it saying the same.
        assert reread is None or (file.name == "manifest.json" and reread.state == SNAPSHOT.state)
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

    monkeypatch.setattr(snapshots, "write_json", full)
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
        '{"format": 1, "files": []}',
        "?",
        '{"format": 1, "files": {"../x": 1}}',
    ],
)
def test_a_strange_manifest_is_a_bad_snapshot(tmp_path, manifest):
    path = save_snapshot(tmp_path, SNAPSHOT, 1)
    (path / "manifest.json").write_text(manifest)
    with pytest.raises(BadSnapshotError):
        load_snapshot(path)


def test_a_payload_that_would_run_when_unpickled_is_only_bytes(tmp_path):
    path = save_snapshot(tmp_path, SNAPSHOT, 1)
    payload = b"cos\nsystem\n(S'touch canary'\ntR."
    (path / "model.safetensors").write_bytes(payload)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"]["model.safetensors"] = snapshots._fingerprint(payload)
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadSnapshotError):
        load_snapshot(path)
    assert not (tmp_path / "canary").exists()
