"""Deleting a run: what would be lost, why it cannot be done, and doing it; nothing outside the directory is touched."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from gwt_ib.clock import utc_now
from gwt_ib.durable import sync_directory
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.lenient import whole
from gwt_ib.runs.create import NOT_OURS, owner_words
from gwt_ib.runs.directory import DELETED, PARTS, RunDirectory
from gwt_ib.runs.labels import read_labels
from gwt_ib.runs.newest import newest_values
from gwt_ib.runs.record import ENDED, STALLED
from gwt_ib.text import count, plain

SILENT_ELSEWHERE_S = 3600.0
"""A trainer on another host that was silent for so long is gone."""


@dataclass(frozen=True)
class Loss:
    """What is lost with a run."""

    run: RunDirectory
    label: str
    env_steps: int | None
    snapshots: int
    size: int
    """Bytes of its files."""
    others: tuple[str, ...]
    """Names in its directory that are none of a run's."""
    sweep: str
    """The directory of the sweep that it belongs to, and that would train it again; empty where it belongs to none."""

    @property
    def words(self) -> str:
        """What is lost, in sentences."""
        label = f" ({self.label})" if self.label else ""
        steps = "no env steps" if self.env_steps is None else f"{count(self.env_steps)} env steps"
        number = {0: "no snapshot", 1: "1 snapshot"}.get(self.snapshots, f"{count(self.snapshots)} snapshots")
        sentences = [f"{plain(self.run.path, 300)}{label}: {steps}, {number}, {size_words(self.size)}."]
        if self.others:
            named = ", ".join(plain(name, 60) for name in self.others[:3])
            more = f" and {len(self.others) - 3} more" if len(self.others) > 3 else ""
            sentences.append(f"What is no part of a run goes with it: {named}{more}.")
        if self.sweep:
            sentences.append(f"It belongs to the sweep {plain(self.sweep, 200)}, which would train it again.")
        return " ".join(sentences)


def loss_of(run: RunDirectory) -> Loss:
    """What is lost with this run. Raises `UserError` where it cannot be deleted: 2 where it is none, 75 while it trains."""
    _must_be_deletable(run)
    size = snapshots = 0
    named = [entry.name for entry in _entries(run.path) if not entry.name.startswith(".")]
    others = sorted(set(named) - PARTS - NOT_OURS)
    for path, bytes_of_it in _files(run.path):
        size += bytes_of_it
        snapshots += path.parent.parent == run.snapshots and path.name == "manifest.json"
    row, _ = newest_values(run.metrics)
    home = run.path.resolve().parent.parent
    sweep = str(home) if (home / "sweep.toml").is_file() else ""
    return Loss(run, read_labels(run).name, whole(row.get("env_steps")), snapshots, size, tuple(others), sweep)


def delete_run(run: RunDirectory) -> None:
    """Delete a run's directory; links in it are removed and not followed. Raises `UserError` as `loss_of`, and 74.

    It is renamed first, in one step: nobody ever sees half a run under its name, and what could not be removed later is
    no run any more.
    """
    _must_be_deletable(run)
    path = run.path.absolute()
    gone = path.with_name(f"{DELETED}{path.name[:200]}-{secrets.token_hex(4)}")
    try:
        with _locked(run):
            path.rename(gone)
        sync_directory(gone.parent)
    except OSError as error:
        raise UserError(f"{run.path} cannot be deleted: {_reason(error)}.", ExitCode.INPUT_OUTPUT) from None
    try:
        shutil.rmtree(gone)
    except OSError as error:
        words = f"{run.path} is no run any more, but {gone} could not be removed: {_reason(error)}."
        raise UserError(words, ExitCode.INPUT_OUTPUT) from None


def size_words(size: float) -> str:
    """Bytes in a few characters: `1.5 MB`."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def _must_be_deletable(run: RunDirectory) -> None:
    path = run.path
    try:
        status = path.lstat()
    except OSError as error:
        raise UserError(f"{path} cannot be deleted: {error.strerror or error}.", ExitCode.USAGE) from None
    if stat.S_ISLNK(status.st_mode):
        raise UserError(f"{path} is a link, and is not followed: name the directory that it leads to.", ExitCode.USAGE)
    if not stat.S_ISDIR(status.st_mode) or not any(_is_file(file) for file in (run.run, run.config)):
        raise UserError(f"{path} is not a run directory: it has no run.json.", ExitCode.USAGE)
    if status.st_uid != os.geteuid() and os.geteuid():
        raise UserError(f"{path} belongs to another user.", ExitCode.USAGE)
    if words := _busy(run):
        raise UserError(f"It is {words}, and cannot be deleted before it has ended: {path}", ExitCode.LOCKED)


def _busy(run: RunDirectory) -> str:
    """Who makes or trains the run, in words; empty where nobody does. A trainer that is about to end has the lock still."""
    record = run.read_run()
    state = record.state_now()
    if state in ENDED:
        return ""
    if words := owner_words(run):
        return words
    silent_s = utc_now() - (record.last_sign or 0.0)
    elsewhere = record.host != socket.gethostname() and state in ("starting", STALLED) and silent_s < SILENT_ELSEWHERE_S
    if state in ("running", "paused") or elsewhere:
        return f"being trained on {plain(record.host, 60)}"
    return ""


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


@contextmanager
def _locked(run: RunDirectory) -> Iterator[None]:
    """The run's lock, so that no trainer begins meanwhile. Raises `UserError` (75) where another process holds it."""
    if not _is_file(run.lock):  # a damaged run, which no trainer has
        yield
        return
    lock = FileLock(run.lock, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(f"It is being trained by another process: {run.path}", ExitCode.LOCKED) from None
    try:
        yield
    finally:
        lock.release()


def _is_file(path: Path) -> bool:
    """Whether it is a file, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Every file below a folder with its size; links are not followed."""
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        else:
            try:
                yield Path(entry.path), entry.stat(follow_symlinks=False).st_size
            except OSError:
                continue
