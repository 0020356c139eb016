"""Snapshots made by somebody who means harm: no code runs, nothing outside is touched, little memory, never a hang."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import socket
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults_support import ROOT
from safetensors import numpy as safetensors_numpy
from save_driver import DONE, REFUSED, made_up_snapshot
from traced import Driver, driver

from gwt_ib.runs.snapshot import Manifest, save_snapshot
from gwt_ib.runs.snapshot_store import clean_temporary, keep_snapshots, newest_good_snapshot, set_aside_newer

LIMIT_S = 5.0
SLACK_BYTES = 6 << 20  # what an interpreter grows by when it does anything at all
FILES = ("model.safetensors", "optimizer.safetensors", "environments.safetensors", "state.json")
EVERY_FILE = (*FILES, "manifest.json")
FORBIDDEN = {"pickle", "_pickle", "cloudpickle", "dill", "shelve", "marshal", "yaml", "joblib", "jsonpickle", "copyreg"}


@pytest.fixture(scope="module")
def work() -> Iterator[Driver]:
    with driver() as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of snapshots with a good one; beside it lies a file that is nobody's business."""
    made = tmp_path / "snapshots"
    made.mkdir()
    save_snapshot(made, made_up_snapshot(1, 64), 64)
    (tmp_path / "outside.txt").write_text("not yours")
    return made


@pytest.fixture
def target(folder: Path) -> Path:
    """A newer snapshot, which is to be tampered with."""
    return save_snapshot(folder, made_up_snapshot(2, 64), 128)


def forge(path: Path, name: str, content: bytes) -> None:
    """Put something else in the place of a file, with its true size and checksum in the manifest."""
    (path / name).unlink()
    (path / name).write_bytes(content)
    declare(path, name, len(content), hashlib.sha256(content).hexdigest())


def declare(path: Path, name: str, size: int, checksum: str = "0" * 64) -> None:
    """Let the manifest say this of a file."""
    record = json.loads((path / "manifest.json").read_text())
    record["files"][name] = {"bytes": size, "sha256": checksum}
    (path / "manifest.json").write_text(json.dumps(Manifest.from_dict(record).as_dict()))


def assert_harmless(work: Driver, path: Path, slack_bytes: int = SLACK_BYTES) -> None:
    """Refused in time, with little memory and no deed; the good snapshot before it is found."""
    size = sum(file.stat().st_size for file in path.iterdir() if file.is_file() and not file.is_symlink())
    result = path.parent.parent / "result.json"
    code = work.do("load", path=str(path), result=str(result), limit_s=LIMIT_S)
    assert code == REFUSED, f"not refused: {code}"
    found = json.loads(result.read_text())
    assert found["deeds"] == []
    assert found["grown"] <= 2 * size + slack_bytes, f"{found['grown']:,} bytes for files of {size:,}"
    assert not (path.parent.parent / "canary").exists(), "code has run"
    assert (path.parent.parent / "outside.txt").read_text() == "not yours"
    assert newest_good_snapshot(path.parent)[1].state["update"] == 1


def pickled(canary: Path) -> bytes:
    """What makes a file when it is unpickled."""
    return f"cos\nsystem\n(S'touch {canary}'\ntR.".encode()


def torch_zip(canary: Path) -> bytes:
    """A file as torch writes it, with the same inside."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("archive/data.pkl", pickled(canary))
        file.writestr("archive/version", "3\n")
    return data.getvalue()


def object_array(canary: Path) -> bytes:
    """A NumPy file of an array of objects, with the same inside."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + pickled(canary)


PAYLOADS: dict[str, Callable[[Path], bytes]] = {
    "a pickle": pickled,
    "torch's zip": torch_zip,
    "an array of objects": object_array,
}


def test_the_payload_runs_where_somebody_unpickles_it(tmp_path):
    canary = tmp_path / "canary"
    program = "import pickle, sys; pickle.loads(sys.stdin.buffer.read())"
    subprocess.run([sys.executable, "-c", program], input=pickled(canary), check=True, timeout=20)
    assert canary.exists(), "the other tests would show nothing"


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
@pytest.mark.parametrize("name", FILES)
def test_no_code_runs_whatever_a_file_holds(work, target, name, payload):
    forge(target, name, payload(target.parent.parent / "canary"))
    assert_harmless(work, target)


def test_a_manifest_that_is_a_pickle_is_refused(work, target):
    (target / "manifest.json").write_bytes(pickled(target.parent.parent / "canary"))
    assert_harmless(work, target)


@pytest.mark.parametrize(
    "name", ["../../outside.txt", "/etc/passwd", "..", "", "model.safetensors/../../../outside.txt"]
)
def test_a_manifest_that_names_a_file_elsewhere_is_refused(work, target, name):
    declare(target, name, 9, hashlib.sha256(b"not yours").hexdigest())
    assert_harmless(work, target)


def tensor_file(entry: str, data: bytes = b"1234") -> bytes:
    """A file of tensors with this header."""
    header = entry.encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data


SHAPES = {
    "a billion values": '{"w":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4]}}',
    "a billion values that would be there": '{"w":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}',
    "sizes whose product overflows": '{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}',
    "a negative size": '{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}',
    "an unknown type": '{"w":{"dtype":"object","shape":[1],"data_offsets":[0,4]}}',
    "a type that NumPy lacks": '{"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}',
}


@pytest.mark.parametrize("entry", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", ["model.safetensors", "environments.safetensors"])
def test_a_tensor_larger_than_its_file_takes_no_memory(work, target, name, entry):
    forge(target, name, tensor_file(entry))
    assert_harmless(work, target)


def test_a_header_of_many_tensors_takes_a_bounded_amount_of_memory(work, target):
    entries = ",".join(f'"{number}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}' for number in range(50_000))
    content = tensor_file(f"{{{entries},}}", b"")  # the last comma makes it no JSON, at its very end
    forge(target, "model.safetensors", content)
    # The library's parser takes some twelve times a header's length; a header may have 100 MB.
    assert_harmless(work, target, slack_bytes=16 * len(content))


DEEP = {
    "lists in lists": b"[" * 200_000 + b"]" * 200_000,
    "objects in objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of many digits": b'{"update": ' + b"9" * 100_000 + b"}",
    "an infinite number": b'{"update": Infinity}',
    "a negative update": b'{"update": -5}',
    "an update that is a text": b'{"update": "1"}',
    "no text": bytes(range(256)) * 100,
}


@pytest.mark.parametrize("content", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("name", ["state.json", "manifest.json"])
def test_json_that_is_deep_or_odd_is_refused_in_words(work, target, name, content):
    if name == "manifest.json":
        (target / name).write_bytes(content)
    else:
        forge(target, name, content)
    assert_harmless(work, target)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def device(path: Path) -> None:
    path.symlink_to("/dev/tty")


def folder_there(path: Path) -> None:
    path.mkdir()


def listening(path: Path) -> None:
    # A path of a socket may have 108 characters: it is made in its directory.
    here = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(f"/proc/self/fd/{here}/{path.name}")
    finally:
        os.close(here)


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def kernel_file(path: Path) -> None:
    path.symlink_to("/proc/kmsg")


def elsewhere(path: Path) -> None:
    path.symlink_to(path.parent.parent.parent / "outside.txt")


THINGS = (pipe, endless, device, folder_there, listening, circle, kernel_file, elsewhere)


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: thing.__name__)
@pytest.mark.parametrize("name", EVERY_FILE)
def test_what_is_no_file_is_refused_and_never_waited_for(work, target, name, thing):
    (target / name).unlink()
    thing(target / name)
    if name != "manifest.json":
        declare(target, name, 1 << 40)
    assert_harmless(work, target)


def test_a_sparse_file_of_a_terabyte_is_not_read(work, target):
    with (target / "model.safetensors").open("r+b") as file:
        file.truncate(1 << 40)
    declare(target, "model.safetensors", 1 << 40)
    result = target.parent.parent / "result.json"
    assert work.do("load", path=str(target), result=str(result), limit_s=LIMIT_S) == REFUSED
    assert json.loads(result.read_text())["grown"] <= SLACK_BYTES


def test_a_good_snapshot_takes_at_most_twice_its_size(work, folder):
    path = save_snapshot(folder, made_up_snapshot(3, 8 << 20), 192)
    size = sum(file.stat().st_size for file in path.iterdir())
    assert size > 60 << 20
    result = folder.parent / "result.json"
    assert work.do("load", path=str(path), result=str(result)) == DONE
    found = json.loads(result.read_text())
    assert found["deeds"] == []
    assert found["grown"] <= 2 * size + SLACK_BYTES


@pytest.mark.parametrize(
    "name", ["000000000192", ".000000000192.tmp-1", ".trash-000000000064-1-1", "aside-1", ".x.tmp-5"]
)
def test_a_link_to_elsewhere_in_the_place_of_a_snapshot_leads_nobody_there(folder, name):
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "precious").write_text("not yours")
    (outside / ".model.safetensors.tmp-1").write_text("looks like a leftover, and is not ours")
    (folder / name).symlink_to(outside, target_is_directory=True)
    clean_temporary(folder)
    keep_snapshots(folder, newest=1)
    set_aside_newer(folder, 64)
    save_snapshot(folder, made_up_snapshot(3, 64), 192)
    assert newest_good_snapshot(folder)[1].state["update"] == 3
    assert sorted(path.name for path in outside.iterdir()) == [".model.safetensors.tmp-1", "precious"]


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Every module that a source imports, also by a call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value  # import_module("pickle")


def test_no_module_of_ours_can_unpickle():
    modules = [path for package in ("gwt_ib", "gwt_ib_tui") for path in (ROOT / package).rglob("*.py")]
    assert len(modules) > 100
    for path in modules:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = {name.partition(".")[0] for name in imported_names(tree)} & FORBIDDEN
        assert not found, f"{path} knows {found}"
        called = {
            f"{node.value.id}.{node.attr}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        }
        assert not called & {"torch.load", "np.load", "numpy.load", "joblib.load", "torch.hub"}, path


def test_what_reads_a_snapshot_imports_nothing_that_unpickles_by_itself(work, target):
    result = target.parent.parent / "result.json"
    safetensors_numpy.load_file(target / "model.safetensors")
    assert work.do("load", path=str(target), result=str(result)) == DONE
    assert json.loads(result.read_text())["deeds"] == [], "audit events of a good snapshot"
