"""Append-only files of one JSON object a line, and readers that follow them while they grow."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gwt_ib.durable import write_all, write_atomically

Record = dict[str, Any]
LAST_BYTES = 1 << 18  # more than any line of ours
READ_BYTES = 4 << 20


class RecordWriter:
    """Appends records; each line is one `write`, so writers in several processes do not mix their lines."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def append(self, record: Record) -> None:
        """Add one line. Raises `ValueError` for a number that is not finite, `OSError` when the disk refuses."""
        line = json.dumps(record, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
        write_all(self._descriptor, line.encode(errors="backslashreplace") + b"\n")  # \\udc80 is JSON, too

    def sync(self) -> None:
        """Make everything appended so far survive a power failure."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file; appending afterwards is an error."""
        os.close(self._descriptor)


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
        """The records of at most `max_bytes` new bytes; `at_end` says whether these were all. None without a file."""
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
            with self.path.open("rb") as file:
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
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def parse_records(lines: Sequence[bytes]) -> list[Record] | None:
    """The objects of many lines in one go, which is faster than one by one; none if any of them is damaged."""
    if not all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        return None
    try:
        records = json.loads(b"[" + b",".join(lines) + b"]")
    except (ValueError, RecursionError):
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
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LAST_BYTES))
            data = file.read()
    except OSError:
        return {}
    for line in reversed(data.rpartition(b"\n")[0].splitlines()):
        if (record := parse_record(line)) is not None:
            return record
    return {}


def cut_back(path: Path, last_update: int) -> int:
    """Remove the lines after update `last_update`, and damaged ones, so that curves do not double back; return how many.

    The file is replaced, not shortened: a reader that has read further notices, even if the new file has outgrown it.
    """
    if not path.exists():
        return 0
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if _is_until(line, last_update)]
    if len(kept) < len(lines):
        write_atomically(path, b"".join(kept))
    return len(lines) - len(kept)


def _is_until(line: bytes, last_update: int) -> bool:
    update = (parse_record(line) or {}).get("update")
    return line.endswith(b"\n") and isinstance(update, int) and update <= last_update
