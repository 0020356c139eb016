"""Append-only files of one JSON object a line, and readers that follow them while they grow."""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gwt_ib.durable import sync_directory, write_atomically
from gwt_ib.files import open_to_append, opened, parse_json, read_regular

Record = dict[str, Any]
LAST_BYTES = 1 << 18  # more than any line of ours
READ_BYTES = 4 << 20
BACKLOG = 10_000
"""Records that are kept in memory while a disk refuses them."""


class RecordWriter:
    """Appends records, and keeps those that the disk refuses for a later attempt: a full disk costs no record.

    Each line is one `write`, so writers in several processes do not mix their lines. Making this object touches nothing;
    neither that nor `append` raises `OSError`: `trouble` says what does not work, in a sentence, and is empty when all is
    written.
    """

    def __init__(self, path: Path) -> None:
        self.trouble = ""
        self.lost = 0
        """Records that are given up, as too many were waiting."""
        self._path = path
        self._descriptor: int | None = None
        self._waiting: deque[bytes] = deque()
        self._lock = threading.Lock()  # `sync` may be called by another thread; it does not hold up `append`
        self._named = False  # whether the file's name survives a power failure
        self._suspect = False  # the disk may not have what it took: syncing failed

    def append(self, record: Record) -> None:
        """Add one line after those that still wait. Raises `ValueError` for a number that is not finite."""
        line = json.dumps(record, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
        with self._lock:
            self._waiting.append(line.encode(errors="backslashreplace") + b"\n")
            if len(self._waiting) > BACKLOG:
                self._waiting.popleft()
                self.lost += 1
        self.retry()

    def retry(self) -> bool:
        """Write what waits, in its order; whether nothing waits any more."""
        with self._lock:
            try:
                self._write_waiting()
            except OSError as error:
                self._fail(error)
                return False
            self.trouble = ""
            return True

    def sync(self) -> None:
        """Make everything appended so far survive a power failure. Raises `OSError`, also where something still waits."""
        with self._lock:
            try:
                self._write_waiting()
                if self._descriptor is None and self._path.exists():
                    self._descriptor = open_to_append(self._path)
                if self._descriptor is None:
                    return
                descriptor = os.dup(self._descriptor)
            except OSError as error:
                self._fail(error)
                raise
        try:
            os.fsync(descriptor)
            if not self._named:
                sync_directory(self._path.parent)
            self._named = True
        except OSError as error:
            with self._lock:
                # What a failed sync leaves in memory passes for written; only writing it anew, elsewhere, is certain.
                self._suspect = True
                self._fail(error)
            raise
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Close the file; appending afterwards opens it again."""
        if self._descriptor is not None:
            descriptor, self._descriptor, self._named = self._descriptor, None, False
            with suppress(OSError):
                os.close(descriptor)

    def _write_waiting(self) -> None:
        """Raises `OSError`; what was written of a line is taken back then."""
        if self._suspect:
            self.close()
            with suppress(FileNotFoundError):
                write_atomically(self._path, read_regular(self._path, 1 << 40))
            self._suspect = False
        if self._descriptor is None:
            if not self._waiting:
                return
            self._descriptor = open_to_append(self._path)
            end_last_line(self._descriptor)
        while self._waiting:
            _write_line(self._descriptor, self._waiting[0])
            self._waiting.popleft()

    def _fail(self, error: OSError) -> None:
        """Say what is wrong; the next attempt opens the file anew, which may have been replaced, or its disk."""
        self.close()
        lost = f"; {self.lost:,} records are lost" if self.lost else ""
        self.trouble = f"{self._path.name} cannot be written: {error.strerror or error}{lost}"


def end_last_line(descriptor: int) -> None:
    """End what a killed writer left unfinished, so that it costs only itself. Raises `OSError`."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        _write_line(descriptor, b"\n")


def _write_line(descriptor: int, line: bytes) -> None:
    """Append a line, whole or not at all. Raises `OSError`."""
    written = 0
    try:
        while written < len(line):
            written += (count := os.write(descriptor, line[written:]))
            if not count:
                raise OSError(5, os.strerror(5))
    except OSError:
        size = os.fstat(descriptor).st_size
        # Only what is still the end of the file is ours to take back; else the line stays, as a damaged one.
        with suppress(OSError):
            if written and os.pread(descriptor, written, size - written) == line[:written]:
                os.ftruncate(descriptor, size - written)
        raise


class RecordReader:
    """Follows a file of records: each `read` gives the complete lines that are new since the last one.

    An unfinished last line is left for later; a line that is no JSON object is counted in `damaged` and passed over, and
    so is what does not end within `LAST_BYTES`. A file that is another one than before (a resumed run puts a shorter one
    in its place) is read again from the start, with `restarts` counted up.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = 0
        self.restarts = 0
        self.at_end = False
        """Whether the last `read` reached the end of the file; one that gave no lines need not have."""
        self._inode = 0
        self._offset = 0
        self._partial = b""
        self._dropping = False  # up to the next end of a line: what comes before it is too long to be one

    @property
    def unfinished(self) -> bool:
        """Whether what was read last is a line without its end: of a file that does not grow any more, damage."""
        return bool(self._partial) or self._dropping

    def read(self, max_bytes: int = READ_BYTES) -> list[Record]:
        """The records of at most `max_bytes` new bytes; `at_end` says whether these were all. None without a file.

        Raises `OSError`, also for what is no regular file.
        """
        records = []
        for line in self.read_lines(max_bytes):
            record = parse_record(line)
            if record is not None:
                records.append(record)
            elif line.strip():
                self.damaged += 1
        return records

    def read_lines(self, max_bytes: int = READ_BYTES) -> list[bytes]:
        """The same as lines of the file, damaged ones too."""
        try:
            with opened(self.path) as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._inode or status.st_size < self._offset:
                    self.restarts += self._offset > 0
                    self._inode, self._offset, self._partial, self._dropping = status.st_ino, 0, b"", False
                file.seek(self._offset)
                data = file.read(max_bytes)
        except FileNotFoundError:
            self.at_end = True
            return []
        self._offset += len(data)
        self.at_end = len(data) < max_bytes
        *lines, partial = (self._partial + data).split(b"\n")
        if lines and self._dropping:
            lines, self._dropping = lines[1:], False
        if len(partial) > LAST_BYTES and not self._dropping:
            self._dropping = True
            self.damaged += 1
        self._partial = b"" if self._dropping else partial
        return lines


def parse_record(line: bytes) -> Record | None:
    """The JSON object of a line; none of anything else."""
    try:
        record = parse_json(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def parse_records(lines: Sequence[bytes]) -> list[Record] | None:
    """The objects of many lines in one go, which is faster than one by one; none if any of them is damaged."""
    if not all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        return None
    try:
        records = parse_json(b"[" + b",".join(lines) + b"]")
    except ValueError:
        return None
    return records if len(records) == len(lines) and all(isinstance(record, dict) for record in records) else None


def read_records(path: Path) -> list[Record]:
    """Every complete record of a file, at once."""
    reader = RecordReader(path)
    records: list[Record] = []
    while not reader.at_end:
        records += reader.read()
    return records


def last_record(path: Path) -> Record:
    """The last complete record of a file, found from its end; empty when there is none."""
    try:
        with opened(path) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LAST_BYTES))
            data = file.read(2 * LAST_BYTES)
    except OSError:
        return {}
    for line in reversed(data.rpartition(b"\n")[0].splitlines()):
        if (record := parse_record(line)) is not None:
            return record
    return {}
