"""What has changed in a run directory since somebody's last look, in pieces that a machine without its disk can copy.

The side that is asked keeps nothing: who asks says what it has (`Known`). Both are plain dicts, lists, texts and bytes.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from gwt_ib.files import opened
from gwt_ib.runs.snapshot import FILES, MANIFEST
from gwt_ib.runs.snapshot_store import list_snapshots

ANSWER_BYTES = 4 << 20
"""Of all files together in one answer."""
TAIL_BYTES = 256
RUN, EVENTS = "run.json", "events.jsonl"
SNAPSHOTS, LOGS, INCIDENTS = "snapshots", "logs", "incidents"
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,149}"
GROWING = re.compile(rf"{_NAME}\.jsonl|{LOGS}/{_NAME}\.log")
REPLACED = re.compile(rf"(?:{INCIDENTS}/)?{_NAME}\.json")
IN_SNAPSHOT = re.compile(rf"{SNAPSHOTS}/([0-9]{{1,18}})/({'|'.join(map(re.escape, (*FILES, MANIFEST)))})")

Known = dict[str, tuple[str, int, str]]
"""What somebody has of each path: which file it was of, how many bytes from its start on, and for one that grows a hash of
the last of them."""
Answer = dict[str, Any]
"""`pieces`, in the order in which they are to be written; `snapshots` with the marks and sizes of their files, and
`incidents`, as they all are now, or None; `more` where the limit left something out."""


@dataclass(frozen=True)
class Piece:
    """Bytes of a file that has `size` of them now. `mark` is another one for another file under that path."""

    path: str
    mark: str
    offset: int
    size: int
    data: bytes = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """As it travels."""
        return dict(vars(self))


def changes(folder: Path, known: Mapping[str, Any], limit: int = ANSWER_BYTES) -> Answer:
    """What is new in a run directory for somebody who has `known`. Never raises: what cannot be read now comes later.

    Whoever writes the pieces in their order has a run that could have stood like this at some moment: neither `run.json`
    nor an event tells of what is not here yet, and no snapshot is newer than the metrics.
    """
    told = _Telling(folder, known, limit)
    run, events = told.look(RUN), told.look(EVENTS)  # read before all others, and told after them
    snapshots, incidents = _list_snapshots(folder), _names(folder, INCIDENTS, REPLACED)
    names = _names(folder, "", re.compile(f"{GROWING.pattern}|{REPLACED.pattern}"))
    for name in sorted(names or (), key=lambda name: not GROWING.fullmatch(name)):
        if name not in (RUN, EVENTS):
            told.tell(name)
    for name in sorted(snapshots or (), reverse=True):  # the newest is what a run goes on from
        for file in (snapshots or {})[name]:
            told.tell(f"{SNAPSHOTS}/{name}/{file}")
    for name in [*(incidents or ()), *(_names(folder, LOGS, GROWING) or ())]:
        told.tell(name)
    if events is not None and not (told.more and len(events.data) < limit // 2):
        told.pieces.append(events)
    if run is not None:
        told.pieces.append(run)
    pieces = [piece.as_dict() for piece in told.pieces]
    return {"pieces": pieces, "snapshots": snapshots, "incidents": incidents, "more": told.more}


def inventory(folder: Path) -> Known:
    """Everything that a run directory has, as somebody knows it who has all of it."""
    found: Known = {}
    snapshots = _list_snapshots(folder) or {}
    paths = [f"{SNAPSHOTS}/{name}/{file}" for name, files in snapshots.items() for file in files]
    for part, pattern in (("", GROWING), ("", REPLACED), (LOGS, GROWING), (INCIDENTS, REPLACED)):
        paths += _names(folder, part, pattern) or ()
    for path in paths:
        with suppress(OSError), _opened(folder / path) as file:
            mark, size = _mark(path, file)
            found[path] = mark, size, tail_of(file, size) if GROWING.fullmatch(path) else ""
    return found


def tail_of(file: BinaryIO, size: int) -> str:
    """A hash of the last of the first `size` bytes. Raises `OSError`."""
    begin = max(0, size - TAIL_BYTES)
    return hashlib.blake2b(os.pread(file.fileno(), size - begin, begin), digest_size=12).hexdigest()


class _Telling:
    """Pieces until the limit is reached; the first file that does not fit in whole is the last one that is begun."""

    def __init__(self, folder: Path, known: Mapping[str, Any], limit: int) -> None:
        self.pieces: list[Piece] = []
        self.more = False
        self._folder, self._known, self._left = folder, known, limit

    def tell(self, path: str) -> None:
        piece = self.look(path)
        if piece is not None:
            self.pieces.append(piece)

    def look(self, path: str) -> Piece | None:
        """What is new in a file, at most as much as there is room for; None where it is nothing."""
        with suppress(OSError), _opened(self._folder / path) as file:
            mark, size = _mark(path, file)
            begin = self._begin(path, mark, size, file)
            if begin is None:
                return None
            if self._left <= 0 and size > begin:
                self.more = True
                return None
            data = os.pread(file.fileno(), min(size - begin, self._left), begin)
            self._left -= len(data)
            self.more = self.more or begin + len(data) < size
            return Piece(path, mark, begin, size, data)
        return None

    def _begin(self, path: str, mark: str, size: int, file: BinaryIO) -> int | None:
        """The first byte that is not known; None where all are. Raises `OSError`."""
        known_mark, known_size, tail = self._known.get(path, ("", 0, ""))
        if mark != known_mark or size < known_size:
            return 0
        if GROWING.fullmatch(path) and tail_of(file, known_size) != tail:
            return 0  # cut back and grown again since, as a log may be
        return known_size if size > known_size else None


def _mark(path: str, file: BinaryIO) -> tuple[str, int]:
    """What tells a file from another one in its place, and its size."""
    status = os.fstat(file.fileno())
    if GROWING.fullmatch(path):
        return f"{status.st_ino}", status.st_size
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}", status.st_size


def _opened(path: Path) -> Any:
    """A regular file that is no link, opened for reading. Raises `OSError`."""
    if path.is_symlink() or path.parent.is_symlink():
        raise OSError(f"{path} is a link")
    return opened(path)


def _list_snapshots(folder: Path) -> dict[str, dict[str, tuple[str, int]]] | None:
    """Of each whole snapshot its files with mark and size; None where that cannot be known now."""
    try:
        found = {path.name: dict(_files_of(path)) for path in list_snapshots(folder / SNAPSHOTS)}
    except OSError:
        return None
    return {name: files for name, files in found.items() if MANIFEST in files}


def _files_of(snapshot: Path) -> Iterator[tuple[str, tuple[str, int]]]:
    for name in (*FILES, MANIFEST):
        with suppress(OSError), _opened(snapshot / name) as file:
            yield name, _mark(f"{SNAPSHOTS}/{snapshot.name}/{name}", file)


def _names(folder: Path, part: str, pattern: re.Pattern[str]) -> list[str] | None:
    """The paths of a part of the directory that are ours to tell; None where it cannot be looked into."""
    try:
        names = os.listdir(folder / part)  # noqa: PTH208 - twice a second for each run of a sweep
    except OSError:
        return None
    return sorted(path for path in (f"{part}/{name}" if part else name for name in names) if pattern.fullmatch(path))
