"""Snapshots: a directory of safetensors and JSON with a manifest, complete or absent, never unpickled."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors_numpy

from gwt_ib.durable import sync_directory, write_atomically, write_json
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.lenient import mapping, whole

FORMAT = 1
FILES = ("model.safetensors", "optimizer.safetensors", "state.json")
Tensors = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Snapshot:
    """What a run needs to go on: tensors of the agent and the optimiser, and everything countable in `state`."""

    model: Tensors
    optimizer: Tensors
    state: dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """`manifest.json`: size and SHA-256 of each file, by which a snapshot is verified."""

    env_steps: int | None
    files: Mapping[str, Mapping[str, Any]]
    format: object = FORMAT

    @classmethod
    def of(cls, folder: Path, env_steps: int | None) -> Manifest:
        """The manifest of the files that lie in a folder. Raises `OSError`."""
        # Only our three names are ever opened, so what a manifest names cannot lead outside the directory.
        return cls(env_steps, {name: _fingerprint((folder / name).read_bytes()) for name in FILES})

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Manifest:
        """Read a manifest.json. What is damaged is absent: never raises."""
        files = {name: mapping(entry) for name, entry in mapping(record.get("files")).items()}
        return cls(whole(record.get("env_steps")), files, record.get("format"))

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"format": self.format, "env_steps": self.env_steps, "files": dict(self.files)}


class BadSnapshotError(Exception):
    """A snapshot that is incomplete, damaged, or of an unknown format; the text says which file and why."""


def save_snapshot(folder: Path, snapshot: Snapshot, env_steps: int) -> Path:
    """Write a snapshot to `folder/<env steps, 12 digits>` and return that path.

    It is written under a hidden name, every file synced, renamed as the last step, and the parent synced: after a kill
    or a power failure the final name stands for a complete snapshot or does not exist. An equal name that is already there
    holds the same moment of the same run and is kept. Raises `OSError`.
    """
    final = folder / f"{env_steps:012d}"
    if final.is_dir() and not problem_of(final):
        return final
    temporary = folder / f".{final.name}.tmp-{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(mode=0o700)
        write_atomically(temporary / "model.safetensors", safetensors_numpy.save(dict(snapshot.model)))
        write_atomically(temporary / "optimizer.safetensors", safetensors_numpy.save(dict(snapshot.optimizer)))
        write_json(temporary / "state.json", snapshot.state)
        write_json(temporary / "manifest.json", Manifest.of(temporary, env_steps).as_dict())
        if final.exists():  # only a damaged one gets here
            shutil.rmtree(final)
        temporary.rename(final)
        sync_directory(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return final


def load_snapshot(path: Path) -> Snapshot:
    """Read and verify one snapshot. Raises `BadSnapshotError`."""
    if problem := problem_of(path):
        raise BadSnapshotError(f"{path}: {problem}")
    try:
        return Snapshot(
            model=safetensors_numpy.load((path / "model.safetensors").read_bytes()),
            optimizer=safetensors_numpy.load((path / "optimizer.safetensors").read_bytes()),
            state=json.loads((path / "state.json").read_bytes()),
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise BadSnapshotError(f"{path}: {error}") from None


def newest_good_snapshot(folder: Path) -> tuple[Path, Snapshot, list[str]]:
    """The newest snapshot that verifies, and a sentence for each newer one that did not.

    Raises `UserError` (65) when there is none: a run is never silently started from scratch.
    """
    refused: list[str] = []
    for path in reversed(list_snapshots(folder)):
        try:
            return path, load_snapshot(path), refused
        except BadSnapshotError as error:
            refused.append(str(error))
    reason = " ".join(refused) if refused else f"{folder} has no snapshot."
    raise UserError(f"There is no good snapshot to go on from: {reason}", ExitCode.BAD_DATA)


def list_snapshots(folder: Path) -> list[Path]:
    """The snapshots of a run, oldest first, without hidden temporary directories."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name.isdigit())


def problem_of(path: Path) -> str:
    """Why a snapshot cannot be trusted, or an empty text: every file against the manifest's size and SHA-256."""
    try:
        manifest = Manifest.from_dict(mapping(json.loads((path / "manifest.json").read_bytes())))
        if manifest.format != FORMAT:
            return f"format {manifest.format!r} is not {FORMAT}"
        found = Manifest.of(path, manifest.env_steps).files
    except OSError as error:
        return f"{Path(error.filename or path).name}: {error.strerror}"
    except (ValueError, RecursionError) as error:
        return f"manifest.json is damaged ({type(error).__name__})"
    differing = next((name for name in FILES if manifest.files.get(name) != found[name]), None)
    return "" if differing is None else f"{differing} does not match its checksum"


def _fingerprint(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
