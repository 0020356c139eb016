"""Damaged snapshots: every flipped bit, cut, swap and edit is noticed, and the run goes on from the one before."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from faults_support import SEED, chance, measured
from safetensors import numpy as safetensors_numpy
from save_driver import made_up_snapshot

from gwt_ib.runs.snapshot import BadSnapshotError, Snapshot, load_snapshot, save_snapshot
from gwt_ib.runs.snapshot_store import list_snapshots, newest_good_snapshot

GOOD, BAD = 1, 2
SIZE = 4096  # values of a tensor; its files have several blocks of 4 KiB


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A folder with two snapshots, and the newer one, which is to be damaged."""
    for number in (GOOD, BAD):
        save_snapshot(tmp_path, made_up_snapshot(number, SIZE), number * 64)
    return tmp_path, list_snapshots(tmp_path)[-1]


def read(path: Path) -> Snapshot | None:
    """A snapshot, or none where it is refused. Anything else than a refusal is an error of the loader."""
    try:
        return load_snapshot(path)
    except BadSnapshotError:
        return None


def same(found: Snapshot, number: int) -> bool:
    """Whether a snapshot is the made-up one to the bit."""
    wanted = made_up_snapshot(number, SIZE)
    parts = [part for part in ("model", "optimizer", "environments") if hasattr(wanted, part)]
    return found.state == wanted.state and all(
        getattr(found, part).keys() == getattr(wanted, part).keys()
        and all(np.array_equal(getattr(found, part)[name], value) for name, value in getattr(wanted, part).items())
        for part in parts
    )


def assert_falls_back(folder: Path, bad: Path) -> None:
    """The run goes on from the good one, and the bad one is named."""
    path, found, refused = newest_good_snapshot(folder)
    assert path.name == f"{GOOD * 64:012d}" and same(found, GOOD)
    assert len(refused) == 1 and bad.name in refused[0]
    assert "Traceback" not in refused[0] and "\n" not in refused[0]


def test_a_thousand_flipped_bits_are_noticed(pair):
    folder, path = pair
    randoms = chance("flips")
    files = sorted(path.iterdir())
    unnoticed = 0
    for number in range(1000):
        file = files[number % len(files)]
        good = file.read_bytes()
        bad = bytearray(good)
        bad[randoms.randrange(len(bad))] ^= 1 << randoms.randrange(8)
        file.write_bytes(bad)
        found = read(path)
        if found is not None:
            # JSON has white space and escapes: a flipped bit of the manifest may leave it saying the same of all files.
            assert file.name == "manifest.json" and same(found, BAD), f"seed {SEED}, flip {number} in {file.name}"
            unnoticed += 1
        elif number % 50 == 0:
            assert_falls_back(folder, path)
        file.write_bytes(good)
    measured(
        "F20: of 1,000 flipped bits",
        f"{1000 - unnoticed} are noticed, {unnoticed} leave the manifest saying the same",
    )
    assert unnoticed < 100
    assert same(load_snapshot(path), BAD)


def test_files_cut_at_any_block_or_near_their_ends_are_noticed(pair):
    folder, path = pair
    cuts = 0
    for file in sorted(path.iterdir()):
        good = file.read_bytes()
        lengths = {*range(0, len(good), 4096), 0, 1, 7, 8, 9, len(good) - 1, len(good) - 2}
        for length in sorted(length for length in lengths if 0 <= length < len(good)):
            file.write_bytes(good[:length])
            found = read(path)
            assert found is None or (file.name == "manifest.json" and same(found, BAD)), f"{file.name} cut at {length}"
            cuts += found is None
        file.write_bytes(good[: len(good) // 2])
        assert_falls_back(folder, path)
        file.write_bytes(good + b"\0")
        assert file.name == "manifest.json" or read(path) is None, f"{file.name} with a byte more"
        file.write_bytes(good)
    assert cuts >= 30


def test_files_of_another_snapshot_in_their_place_are_noticed(pair):
    folder, path = pair
    other = list_snapshots(folder)[0]
    for file in sorted(path.iterdir()):
        good = file.read_bytes()
        shutil.copy(other / file.name, file)
        assert read(path) is None, f"{file.name} of another snapshot"
        assert_falls_back(folder, path)
        file.write_bytes(good)


def test_files_of_one_snapshot_that_changed_places_are_noticed(pair):
    _, path = pair
    model, optimizer = path / "model.safetensors", path / "optimizer.safetensors"
    first, second = model.read_bytes(), optimizer.read_bytes()
    model.write_bytes(second)
    optimizer.write_bytes(first)
    assert read(path) is None


def test_a_whole_snapshot_under_the_name_of_a_later_one_is_noticed(pair):
    folder, path = pair
    shutil.rmtree(path)
    shutil.copytree(list_snapshots(folder)[0], path)
    found, snapshot, _ = newest_good_snapshot(folder)
    assert found.name == f"{GOOD * 64:012d}", "env steps of the manifest and the name do not agree"
    assert same(snapshot, GOOD)


EDITS: dict[str, Callable[[dict[str, object]], object]] = {
    "no files": lambda manifest: manifest.pop("files"),
    "an empty table of files": lambda manifest: manifest.update(files={}),
    "files as a list": lambda manifest: manifest.update(files=[]),
    "files as a number": lambda manifest: manifest.update(files=1e999),
    "another format": lambda manifest: manifest.update(format=99),
    "format as a text": lambda manifest: manifest.update(format="1"),
    "negative env steps": lambda manifest: manifest.update(env_steps=-5),
    "a size that is not true": lambda manifest: manifest["files"]["model.safetensors"].update(bytes=5),
    "a negative size": lambda manifest: manifest["files"]["model.safetensors"].update(bytes=-1),
    "no checksum": lambda manifest: manifest["files"]["state.json"].pop("sha256"),
    "a checksum that is a list": lambda manifest: manifest["files"]["state.json"].update(sha256=["x"]),
    "a file less": lambda manifest: manifest["files"].pop("optimizer.safetensors"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_manifest_is_noticed(pair, edit):
    folder, path = pair
    manifest = json.loads((path / "manifest.json").read_text())
    edit(manifest)
    (path / "manifest.json").write_text(json.dumps(manifest))
    assert read(path) is None
    assert_falls_back(folder, path)


def rewritten(path: Path, name: str, content: bytes) -> None:
    """Put something else in place of a file, and true size and checksum of it into the manifest: a forger's work."""
    (path / name).write_bytes(content)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"][name].update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    (path / "manifest.json").write_text(json.dumps(manifest))


HEADERS = {
    "no header": b"",
    "a header of 2^63 bytes": struct.pack("<Q", 2**63) + b"{}",
    "a header longer than the file": struct.pack("<Q", 1 << 20) + b"{}",
    "a header that is no JSON": struct.pack("<Q", 2) + b"??",
    "a tensor of a billion values": struct.pack("<Q", 64)
    + b'{"w":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4]}}'.ljust(64)
    + b"1234",
    "overlapping tensors": struct.pack("<Q", 128)
    + (
        b'{"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    ).ljust(128)
    + b"1234",
}


@pytest.mark.parametrize("content", HEADERS.values(), ids=HEADERS)
def test_a_tensor_file_that_is_none_is_refused_though_its_checksum_is_right(pair, content):
    folder, path = pair
    rewritten(path, "model.safetensors", content)
    assert read(path) is None
    assert_falls_back(folder, path)


@pytest.mark.parametrize(
    "state", [b"", b"[]", b"null", b"{", b"[" * 100_000, b'{"update": ' + b"9" * 5000 + b"}", b'"\xff\xfe"', b"{}"]
)
def test_a_state_that_is_none_is_refused_though_its_checksum_is_right(pair, state):
    folder, path = pair
    rewritten(path, "state.json", state)
    assert read(path) is None
    assert_falls_back(folder, path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("part", ["model", "optimizer"])
def test_weights_that_are_not_finite_are_refused_though_their_checksum_is_right(pair, part, value):
    folder, path = pair
    tensors = dict(getattr(made_up_snapshot(BAD, SIZE), part))
    name = max(tensors, key=lambda name: tensors[name].size)
    tensors[name][7] = value
    rewritten(path, f"{part}.safetensors", safetensors_numpy.save(tensors))
    assert read(path) is None
    assert_falls_back(folder, path)
