"""Snapshots: a directory of safetensors and JSON with a manifest, complete or absent, never unpickled."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors_numpy

from gwt_ib.durable import json_bytes, sync_directory, write_atomically, write_new
from gwt_ib.files import JSON_BYTES, parse_json, read_json, read_regular
from gwt_ib.lenient import mapping, real, whole
from gwt_ib.runs.snapshot_state import state_problem

FORMAT = 2  # format 1 has no checksum of the manifest itself, and no environments
FORMATS = (1, FORMAT)
MODEL, OPTIMIZER, ENVIRONMENTS, STATE = (
    "model.safetensors",
    "optimizer.safetensors",
    "environments.safetensors",
    "state.json",
)
REQUIRED = (MODEL, OPTIMIZER, STATE)
FILES = (MODEL, OPTIMIZER, ENVIRONMENTS, STATE)
MANIFEST = "manifest.json"
TENSOR_BYTES = 4 << 30
"""More than any file of tensors that is read has."""
Tensors = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Snapshot:
    """What a run needs to go on: tensors of agent, optimiser and environments, and everything countable in `state`.

    Without `environments` a resumed run begins fresh episodes.
    """

    model: Tensors
    optimizer: Tensors
    environments: Tensors
    state: dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """`manifest.json`: size and SHA-256 of each file, by which a snapshot is verified, and what decides whether it is kept.

    `pinned` are those that a user asked for.
    """

    env_steps: int | None
    files: Mapping[str, Mapping[str, Any]]
    eval_return: float | None = None
    pinned: bool = False
    format: object = FORMAT
    as_said: bool = True
    """Whether the file said what its own checksum is of."""

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Manifest:
        """Read a manifest.json. What is damaged is absent: never raises."""
        facts = {name: value for name, value in record.items() if name != "sha256"}
        files = {name: mapping(entry) for name, entry in mapping(record.get("files")).items()}
        return cls(
            whole(record.get("env_steps")),
            files,
            real(record.get("eval_return")),
            record.get("pinned") is True,
            record.get("format"),
            _checksum(facts) == record.get("sha256"),
        )

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON, with a checksum of all the rest."""
        facts: dict[str, Any] = {"format": FORMAT, "env_steps": self.env_steps}
        facts["files"] = {name: dict(entry) for name, entry in self.files.items()}
        facts |= {"eval_return": self.eval_return, "pinned": self.pinned}
        return {**facts, "sha256": _checksum(facts)}

    @property
    def problem(self) -> str:
        """What is wrong with the manifest itself; an empty text where it may be believed."""
        if self.format not in FORMATS:
            return f"format {str(self.format)[:20]!r} is none of {', '.join(map(str, FORMATS))}"
        if self.format == FORMAT and not self.as_said:
            return f"{MANIFEST} does not match its checksum"
        if missing := [name for name in REQUIRED if name not in self.files]:
            return f"{MANIFEST} does not name {missing[0]}"
        # Only our own names are ever opened, so what a manifest names cannot lead outside the directory.
        return f"{MANIFEST} names a file of no snapshot" if set(self.files) - set(FILES) else ""


class BadSnapshotError(Exception):
    """A snapshot that is incomplete, damaged, or of an unknown format; the text says which file and why."""


class NotFiniteSnapshotError(ValueError):
    """What was to be saved has a number that is not finite; the text says where."""


def save_snapshot(folder: Path, snapshot: Snapshot, env_steps: int, *, pinned: bool = False) -> Path:
    """Write a snapshot to `folder/<env steps, 12 digits>` and return that path.

    It is written under a hidden name, every file synced, renamed as the last step, and the parent synced: after a kill
    or a power failure the final name stands for a complete snapshot or does not exist. An equal name that is already
    there and good holds the same moment of the same run and is kept; with `pinned` it is pinned. Raises `OSError`, and
    `NotFiniteSnapshotError` before anything is written. After an `OSError` it may be tried again: nothing of a failed
    attempt is used.
    """
    if problem := not_finite(snapshot):
        raise NotFiniteSnapshotError(problem)
    final = folder / f"{env_steps:012d}"
    if final.is_dir() and not problem_of(final):
        if pinned:
            pin(final)
        sync_directory(folder)  # where an earlier attempt failed at just that
        return final
    contents = {
        MODEL: safetensors_numpy.save(dict(snapshot.model)),
        OPTIMIZER: safetensors_numpy.save(dict(snapshot.optimizer)),
        ENVIRONMENTS: safetensors_numpy.save(dict(snapshot.environments)),
        STATE: json_bytes(snapshot.state),
    }
    # The checksums are those of the memory: what the disk made of it is found when it is read.
    files = {name: fingerprint(data) for name, data in contents.items()}
    manifest = Manifest(env_steps, files, real(snapshot.state.get("eval_return")), pinned)
    temporary = folder / f".{final.name}.tmp-{os.getpid()}-{threading.get_native_id()}"
    _remove(temporary)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        temporary.mkdir(mode=0o700)
        for name, data in (*contents.items(), (MANIFEST, json_bytes(manifest.as_dict()))):
            write_new(temporary / name, data)
        sync_directory(temporary)
        if final.exists() or final.is_symlink():  # only a damaged one gets here
            discard(final)
        temporary.rename(final)
    except BaseException:
        _remove(temporary)
        raise
    sync_directory(folder)
    return final


def load_snapshot(path: Path) -> Snapshot:
    """Read and verify one snapshot, each file once. Raises `BadSnapshotError`."""
    try:
        manifest = read_manifest(path)
        state = _object(STATE, _verified(path / STATE, manifest.files[STATE]))
        # One file after the other: memory for its bytes and its tensors at once is needed for one of them only.
        model, optimizer, environments = (_tensors(path / name, manifest.files.get(name)) for name in FILES[:3])
        snapshot = Snapshot(model, optimizer, environments, state)
    except BadSnapshotError as error:
        raise BadSnapshotError(f"{path}: {error}") from None
    if steps_of(path) not in (None, manifest.env_steps):
        problem = f"{MANIFEST} says {manifest.env_steps} env steps"
    else:
        problem = state_problem(snapshot.state, manifest.env_steps) or not_finite(snapshot)
    if problem:
        raise BadSnapshotError(f"{path}: {problem}")
    return snapshot


def read_manifest(path: Path) -> Manifest:
    """The manifest of a snapshot. Raises `BadSnapshotError` where it cannot be believed."""
    try:
        manifest = Manifest.from_dict(mapping(read_json(path / MANIFEST, JSON_BYTES)))
    except OSError as error:
        raise BadSnapshotError(f"{MANIFEST}: {error.strerror or error}") from None
    except ValueError:
        raise BadSnapshotError(f"{MANIFEST} is damaged") from None
    if manifest.problem:
        raise BadSnapshotError(manifest.problem)
    return manifest


def steps_of(path: Path) -> int | None:
    """The environment steps of a snapshot's name; none where it is no such name."""
    return int(path.name) if path.name.isascii() and path.name.isdigit() else None


def pin(path: Path) -> None:
    """Let a snapshot be kept for good. Raises `OSError`, or `BadSnapshotError`."""
    manifest = read_manifest(path)
    if not manifest.pinned:
        write_atomically(path / MANIFEST, json_bytes(replace(manifest, pinned=True).as_dict()))


def problem_of(path: Path) -> str:
    """Why a snapshot cannot be trusted, or an empty text: every file against the manifest's size and SHA-256, and values."""
    try:
        load_snapshot(path)
    except BadSnapshotError as error:
        return str(error).removeprefix(f"{path}: ")
    return ""


def not_finite(snapshot: Snapshot) -> str:
    """Where agent, optimiser or the statistics of TD errors have a number that is not finite; an empty text if nowhere."""
    for file, tensors in ((MODEL, snapshot.model), (OPTIMIZER, snapshot.optimizer)):
        for name, tensor in tensors.items():
            if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
                return f"{file}: {name} is not finite"
    for name in ("td_mean", "td_std"):
        if name in snapshot.state and real(snapshot.state[name]) is None:
            return f"{STATE}: {name} is not finite"
    return ""


def discard(path: Path) -> None:
    """Take a snapshot out of sight in one step, then delete it. Raises `OSError` where it is still there."""
    trash = path.with_name(f".trash-{path.name}-{os.getpid()}-{threading.get_native_id()}")
    _remove(trash)
    path.rename(trash)
    _remove(trash)


def fingerprint(data: bytes) -> dict[str, Any]:
    """Size and SHA-256 of a file's content, as a manifest has them."""
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _checksum(facts: Mapping[str, Any]) -> str:
    """SHA-256 of what a manifest says, however it is laid out; empty of what is nested too deeply to be one."""
    try:
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    except RecursionError:
        return ""


def _object(name: str, data: bytes) -> dict[str, Any]:
    """The JSON object of a file. Raises `BadSnapshotError`."""
    try:
        value = parse_json(data)
    except ValueError:
        raise BadSnapshotError(f"{name} is no JSON that can be read") from None
    if not isinstance(value, dict):
        raise BadSnapshotError(f"{name} is no JSON object")
    return value


def _verified(path: Path, entry: Mapping[str, Any]) -> bytes:
    """The content of a file that matches its entry in the manifest. Raises `BadSnapshotError`."""
    limit = JSON_BYTES if path.name == STATE else TENSOR_BYTES
    try:
        # The size is compared before anything is read.
        data = read_regular(path, limit) if path.stat().st_size == entry.get("bytes") else None
    except OSError as error:
        raise BadSnapshotError(f"{path.name}: {error.strerror or error}") from None
    if data is None or fingerprint(data) != entry:
        raise BadSnapshotError(f"{path.name} does not match its checksum")
    return data


def _tensors(path: Path, entry: Mapping[str, Any] | None) -> Tensors:
    """The tensors of a verified file; none of one that is not in the manifest. Raises `BadSnapshotError`."""
    if entry is None:
        return {}
    try:
        tensors: Tensors = safetensors_numpy.load(_verified(path, entry))
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError, AttributeError, MemoryError) as error:
        raise BadSnapshotError(f"{path.name} has no tensors that can be read ({type(error).__name__})") from None
    return tensors


def _remove(path: Path) -> None:
    """Delete a directory of ours, as far as it goes; a link to one is only unlinked."""
    with suppress(OSError):
        if path.is_symlink() or path.is_file():
            path.unlink()
        else:
            shutil.rmtree(path, ignore_errors=True)
