"""A run directory that follows one on another machine: the pieces of `mirror.changes`, checked and written.

What comes from another machine is not trusted: it can write the files of a run into its directory, and nothing else.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gwt_ib.clock import utc_now
from gwt_ib.durable import json_bytes, sync_directory, write_all, write_atomically, write_new
from gwt_ib.files import opened, parse_json
from gwt_ib.log import LOGGER
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.record import ENDED
from gwt_ib.runs.snapshot import MANIFEST, BadSnapshotError, discard, problem_of, read_manifest
from gwt_ib.sweeps.nodes.mirror import (
    GROWING,
    IN_SNAPSHOT,
    INCIDENTS,
    REPLACED,
    RUN,
    SNAPSHOTS,
    Known,
    Piece,
    tail_of,
)

PIECE_BYTES = 64 << 20
"""More than any piece has."""
PASSING = frozenset({"gatecheck.json", RUN})
"""Files that are replaced several times a second: they need not survive a power failure."""

NOT_OURS = frozenset({errno.ESTALE, errno.ENOENT, errno.ELOOP})
"""Somebody has changed, deleted or replaced a file here: it is asked for again from its start."""


class BadAnswerError(Exception):
    """An answer that no run gives; the text says why."""


class Copy:
    """The files of `run` as they were told; `known` is what the other side has to be asked with.

    `arrived` gives `run.json` the time of this machine's clock as its heartbeat, as nobody here knows the other clock.
    """

    def __init__(self, run: RunDirectory, known: Mapping[str, Any] | None = None, *, arrived: bool = True) -> None:
        self.known: Known = dict(known or {})
        self._run = run
        self._arrived = arrived
        self._state = ""
        self._ours = {match[1] for path in self.known if (match := IN_SNAPSHOT.fullmatch(path))}
        """Snapshots that the other side has, or had."""
        self._bad: dict[str, str] = {}
        self._suffix = f"tmp-{os.getpid()}-{threading.get_native_id()}"

    def apply(self, answer: Mapping[str, Any]) -> bool:
        """Write what is new; whether there is more to be asked for at once.

        Raises `BadAnswerError`, before anything is written, and `OSError`; what was not written comes again.
        """
        pieces, snapshots, incidents, more = _checked(answer)
        for piece in pieces:
            if piece.path != RUN and self._follows(piece):
                try:
                    self._write(piece)
                except OSError as error:
                    if error.errno not in NOT_OURS:
                        raise
                    self._forget([piece.path])
        if snapshots is not None:
            whole = [self._publish(name, files) for name, files in snapshots.items()]
            if whole and all(whole):  # only then: what is deleted there has its successor here
                self._follow_deletions(set(snapshots))
        if incidents is not None:
            self._follow_incidents(set(incidents))
        for piece in pieces:
            if piece.path == RUN:
                self._write_run(piece, last=not more)
        return more

    def _write(self, piece: Piece) -> None:
        """One piece in its place, or beside it until the file is whole. Raises `OSError`."""
        path = self._run.path / piece.path
        if match := IN_SNAPSHOT.fullmatch(piece.path):
            folder = self._staged(match[1])
            folder.mkdir(mode=0o700, exist_ok=True)
            self._put(folder / match[2], piece)
            tail = ""
        elif GROWING.fullmatch(piece.path):
            tail = self._grow(path, piece)
        else:
            if piece.offset == 0 and len(piece.data) == piece.size:
                write_atomically(path, piece.data, durable=piece.path not in PASSING)
            elif self._put(self._beside(path), piece):
                self._beside(path).replace(path)
            tail = ""
        self.known[piece.path] = piece.mark, piece.offset + len(piece.data), tail

    def _follows(self, piece: Piece) -> bool:
        """Whether a piece goes on where we are; if not, the file is asked for again from its start."""
        mark, size, _ = self.known.get(piece.path, ("", 0, ""))
        if piece.offset == 0 or (mark == piece.mark and size == piece.offset):
            return True
        self.known.pop(piece.path, None)
        return False

    def _grow(self, path: Path, piece: Piece) -> str:
        """Append to a file, or put another one in its place once that is whole; the hash of its end."""
        beside = self._beside(path)
        in_the_making = piece.offset and beside.exists()
        if piece.offset and not in_the_making:
            self._put(path, piece)
        elif self._put(beside, piece):
            beside.replace(path)
        end = piece.offset + len(piece.data)
        with opened(beside if end < piece.size and (in_the_making or not piece.offset) else path) as file:
            return tail_of(file, end)

    def _put(self, path: Path, piece: Piece) -> bool:
        """Write a piece at its offset; whether the file is whole now. Raises `OSError`, and nothing is written then."""
        if piece.offset == 0:
            write_new(path, piece.data, durable=False)
        else:
            _append(path, piece)
        return piece.offset + len(piece.data) >= piece.size

    def _publish(self, name: str, files: Mapping[str, tuple[str, int]]) -> bool:
        """Let a snapshot appear once all of it is here; whether it is there, or never will be. Raises `OSError`."""
        paths = {file: f"{SNAPSHOTS}/{name}/{file}" for file in files}
        if any(self.known.get(paths[file], ("", 0))[:2] != (mark, size) for file, (mark, size) in files.items()):
            return False
        staged, final = self._staged(name), self._run.snapshots / name
        marks = repr(sorted(files.items()))
        if not staged.is_dir():
            return True
        self._ours.add(name)
        if self._bad.get(name) == marks:
            return True
        present = {path.name for path in staged.iterdir()}
        if present == {MANIFEST} and _only_pinned(staged, final):
            write_atomically(final / MANIFEST, (staged / MANIFEST).read_bytes())
            _remove_staged(staged)
            return True
        if present != set(files):  # some of it is in the old one of that name: all of it is asked for again
            self._forget(paths.values())
            _remove_staged(staged)
            return False
        if problem := problem_of(staged):
            LOGGER.warning("snapshot %s of %s came damaged: %s", name, self._run.path, problem)
            self._bad[name] = marks
            _remove_staged(staged)
            return True
        for path in [*staged.iterdir(), self._run.metrics, self._run.events]:
            _sync(path)  # the rows that belong to it are as safe as it is
        sync_directory(staged)
        if final.exists() or final.is_symlink():
            discard(final)
        staged.rename(final)
        sync_directory(self._run.snapshots)
        return True

    def _follow_deletions(self, there: set[str]) -> None:
        for name in self._ours - there:
            with suppress(FileNotFoundError):
                discard(self._run.snapshots / name)
            self._forget([path for path in self.known if path.startswith(f"{SNAPSHOTS}/{name}/")])
            self._ours.discard(name)
            self._bad.pop(name, None)

    def _follow_incidents(self, there: set[str]) -> None:
        for path in [path for path in self.known if path.startswith(f"{INCIDENTS}/") and path not in there]:
            with suppress(FileNotFoundError):
                (self._run.path / path).unlink()
            self._forget([path])

    def _write_run(self, piece: Piece, *, last: bool) -> None:
        """`run.json`, whose end is not told before everything else is here. Raises `OSError`."""
        try:
            record = parse_json(piece.data)
        except ValueError:
            return  # it was just being written on a full disk
        if not isinstance(record, dict):
            return
        state = str(record.get("state"))
        if state in ENDED and not last:
            return
        if self._arrived and "heartbeat" in record:
            record["heartbeat"] = utc_now()
        with suppress(ValueError):  # a number that is not finite is none of ours
            write_atomically(self._run.run, json_bytes(record), durable=state != self._state)
        self._state = state
        self.known[RUN] = piece.mark, piece.size, ""

    def _forget(self, paths: Any) -> None:
        for path in list(paths):
            self.known.pop(path, None)

    def _staged(self, name: str) -> Path:
        return self._run.snapshots / f".{name}.{self._suffix}"

    def _beside(self, path: Path) -> Path:
        return path.with_name(f".{path.name}.{self._suffix}")


def _checked(answer: Mapping[str, Any]) -> tuple[list[Piece], dict[str, dict[str, tuple[str, int]]] | None, Any, bool]:
    """An answer with everything in it of the right form. Raises `BadAnswerError`."""
    try:
        pieces = [_piece(**each) for each in answer["pieces"]]
        snapshots = answer["snapshots"]
        if snapshots is not None:
            snapshots = {
                name: {file: _file(name, file, *told) for file, told in files.items()}
                for name, files in snapshots.items()
            }
        incidents = answer["incidents"]
        if incidents is not None and not all(isinstance(path, str) for path in incidents):
            raise TypeError("a name is no text")
        return pieces, snapshots, incidents, answer["more"] is True
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadAnswerError(f"it does not answer as a run does: {error}") from None


def _piece(path: str, mark: str, offset: int, size: int, data: bytes) -> Piece:
    """Raises `ValueError` or `TypeError` for one that may not be written."""
    if not any(pattern.fullmatch(path) for pattern in (GROWING, REPLACED, IN_SNAPSHOT)):
        raise ValueError(f"{path!r:.100} is no file of a run")
    if type(data) is not bytes or type(offset) is not int or type(size) is not int or type(mark) is not str:
        raise TypeError("a piece is bytes of a file")
    if len(data) > PIECE_BYTES or not 0 <= offset <= size or len(mark) > 100:
        raise ValueError("a piece has impossible sizes")
    return Piece(path, mark, offset, size, data)


def _file(name: str, file: str, mark: str, size: int) -> tuple[str, int]:
    if not IN_SNAPSHOT.fullmatch(f"{SNAPSHOTS}/{name}/{file}"):
        raise ValueError(f"{name!r:.100} has a file of no snapshot")
    return mark, size


def _append(path: Path, piece: Piece) -> None:
    """Write at the end of a file which must be where the piece begins. Raises `OSError`; then nothing was written."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size != piece.offset:
            raise OSError(errno.ESTALE, "somebody else has written into it", str(path))
        try:
            write_all(descriptor, piece.data)
        except OSError:
            os.ftruncate(descriptor, piece.offset)
            raise
    finally:
        os.close(descriptor)


def _only_pinned(staged: Path, final: Path) -> bool:
    """Whether a new manifest names the same files as that of the snapshot that is here."""
    try:
        new, old = read_manifest(staged), read_manifest(final)
    except BadSnapshotError:
        return False
    return new.files == old.files


def _remove_staged(staged: Path) -> None:
    with suppress(OSError):
        for path in staged.iterdir():
            path.unlink()
        staged.rmdir()


def _sync(path: Path) -> None:
    """Make a file survive a power failure; one that is not there needs nothing. Raises `OSError`."""
    with suppress(FileNotFoundError), opened(path) as file:
        os.fsync(file.fileno())
