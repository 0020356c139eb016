"""The newest part of what all processes of a run log and print, in the order of time, in bounded memory and time."""

from __future__ import annotations

import logging
import stat
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate, chain
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from gwt_ib.files import opened
from gwt_ib.log import INDENT, parse_line

OUT = logging.NOTSET  # the level of what a process prints
SLICE_BYTES = 128 << 10  # read at once
FAR_BEHIND = 8 * SLICE_BYTES  # from there on the older part is passed over: a log is watched at its end
LONGEST_LINE = 16 << 10  # bytes; what comes after them is dropped
LONGEST_TEXT = 1000  # characters of a line that are kept
UNFINISHED_S = 1.0  # a line without an end that does not grow for so long is shown
FURTHER = "  "  # how the further lines of a record begin, and those of a traceback that Python itself prints
TRACEBACK = "Traceback (most recent call last)"


class LogLine(NamedTuple):
    """One line as it is shown. `begins` is false for the further lines of a record; `number` grows over all files."""

    number: int
    time: float
    process: str
    level: int
    text: str
    begins: bool


class LogFile:
    """Reads one file from near its end. Truncated, replaced or removed, it is begun again as it then is."""

    def __init__(self, path: Path, first_bytes: int) -> None:
        self.path = path
        self.process = path.stem
        self.left_out = False  # a part of the file was passed over
        self._first_bytes = first_bytes
        self._known: tuple[int, int, int] | None = None  # inode, size and time of change at the last look
        self._offset = 0
        self._read_at = 0.0
        self._partial = b""
        self._dropping = False  # up to the next end of a line: its beginning was not read, or it is too long
        self._record = (0.0, OUT)  # time and level of the record that further lines belong to
        self._in_traceback = False

    def read(self, now: float) -> list[LogLine]:
        """The lines of at most a slice that is new at the time `now`; their numbers are 0. Raises `OSError`."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._known = None
            return []
        if not stat.S_ISREG(status.st_mode):  # a pipe would never end
            return []
        known, self._known = self._known, (status.st_ino, status.st_size, status.st_mtime_ns)
        if known == self._known and self._offset == status.st_size:
            # A line that does not end, as the last words of a process that was killed, is shown when no more comes.
            if not self._partial or now - self._read_at < UNFINISHED_S:
                return []
            last, self._partial, self._dropping = self._partial, b"", True
            return self._lines([last], self._read_at)
        if known is None or known[0] != status.st_ino or status.st_size < self._offset:
            self._offset, self._partial, self._dropping, self.left_out = 0, b"", False, False
        slice_bytes = self._first_bytes if known is None else SLICE_BYTES
        left_out = self._skip(status.st_size, slice_bytes, self._first_bytes if known is None else FAR_BEHIND)
        with opened(self.path) as file:
            file.seek(self._offset)
            data = file.read(slice_bytes)
        self._offset += len(data)
        since, self._read_at = self._read_at, now
        if known is None:
            return _dated(self._lines(self._complete(data), 0.0), status.st_mtime)
        lines = self._lines(self._complete(data), since)
        if left_out:
            words = f"… {left_out / 1e6:,.1f} MB were passed over"
            return [LogLine(0, since, self.process, OUT, words, True), *lines]
        return lines

    def _skip(self, size: int, slice_bytes: int, most: int) -> int:
        """Where there is more than `most` to read, go on with the last slice; how many bytes that leaves out."""
        left_out = size - slice_bytes - self._offset
        if size - self._offset <= most or left_out <= 0:
            return 0
        self._offset, self.left_out = size - slice_bytes, True
        self._partial, self._dropping = b"", True
        return left_out

    def _complete(self, data: bytes) -> list[bytes]:
        """The lines that have ended, or are too long to wait for their end."""
        *lines, partial = (self._partial + data).split(b"\n")
        if lines and self._dropping:
            lines, self._dropping = lines[1:], False
        if self._dropping:
            partial = b""
        elif len(partial) > LONGEST_LINE:
            lines.append(partial)
            partial, self._dropping = b"", True
        self._partial = partial
        return lines

    def _lines(self, raw: list[bytes], since: float) -> list[LogLine]:
        """Lines with what they inherit; what is printed has the time of the record before it, or else `since`."""
        texts = [data[: 4 * LONGEST_TEXT].decode(errors="replace").rstrip() for data in raw]
        return [self._line(text[:LONGEST_TEXT], since) for text in texts if text.strip()]

    def _line(self, text: str, since: float) -> LogLine:
        written = parse_line(text)
        if written is not None:
            self._record, self._in_traceback = (written.time, written.level), False
            return LogLine(0, written.time, self.process, written.level, written.words, True)
        moment, level = self._record
        if level != OUT and text.startswith(FURTHER):
            text = text if self._in_traceback else text.replace(INDENT, FURTHER, 1)
            return LogLine(0, moment, self.process, level, text, False)
        if self._in_traceback:  # the exception, its last line
            self._record, self._in_traceback = (moment, OUT), False
            return LogLine(0, moment, self.process, logging.ERROR, text, False)
        moment = max(moment, since)
        self._in_traceback = text.startswith(TRACEBACK)  # of Python itself: before there is a log, or past it
        level = logging.ERROR if self._in_traceback else OUT
        self._record = (moment, level)
        return LogLine(0, moment, self.process, level, text.rsplit("\r", 1)[-1], True)  # as a progress bar is seen


def _dated(lines: list[LogLine], changed: float) -> list[LogLine]:
    """The lines of a first reading: what was printed before any record is as old as that, what was printed after all
    of them as new as the file, which `changed` then."""
    first = next((place for place, line in enumerate(lines) if line.level != OUT), len(lines))
    last = next((place for place in range(len(lines) - 1, -1, -1) if lines[place].level != OUT), -1)
    early = lines[first].time if lines[first:] else changed
    before = [line._replace(time=early) for line in lines[:first]]
    after = [line._replace(time=changed) for line in lines[max(last + 1, first) :]]
    return before + lines[first : last + 1] + after


LINES_KEPT = 4000
FIRST_BYTES = 256 << 10  # read of each file at first
FIRST_BYTES_IN_ALL = 4 << 20
FILES_AT_ONCE = 64  # looked at in one step: a run may have thousands of actors


@dataclass(frozen=True, eq=False)
class LogView:
    """What was read so far; the same object as before when nothing came, else one of the next `version`.

    `older` says that there are lines before these, not read or no longer kept. `serious` holds the newest lines at
    WARNING and above, which a flood of others does not push out. `counts` are records by process and level since the
    beginning of what was read.
    """

    folder: Path | None = None
    lines: tuple[LogLine, ...] = ()
    serious: tuple[LogLine, ...] = ()
    processes: tuple[str, ...] = ()
    counts: Mapping[tuple[str, int], int] = field(default_factory=dict)
    problem: str = ""
    version: int = 0
    older: bool = False

    def count(self, process: str, least: int) -> int:
        """How many records a process has written at a level or above it; all processes for an empty name."""
        return sum(number for (name, level), number in self.counts.items() if level >= least and process in ("", name))


class LogTail:
    """Follows the files `*.log` of a folder; each `read` takes at most a slice of some of them."""

    def __init__(self, folder: Path, kept: int = LINES_KEPT) -> None:
        self._folder = folder
        self._files: dict[str, LogFile] = {}
        self._turn = 0
        self._number = 0
        self._lines: deque[LogLine] = deque(maxlen=kept)
        self._serious: deque[LogLine] = deque(maxlen=kept)
        self._counts: Counter[tuple[str, int]] = Counter()
        self._view = LogView(folder)

    def read(self, now: float) -> LogView:
        """Take in what is new at the time `now` (a time stamp); never raises for what is in the folder."""
        names, problem = self._names()
        self._files = {name: file for name, file in self._files.items() if name in names}
        batches: list[list[LogLine]] = []
        first_bytes = min(FIRST_BYTES, FIRST_BYTES_IN_ALL // max(len(names), 1))
        for name in self._in_turn(names):
            file = self._files.setdefault(name, LogFile(self._folder / name, first_bytes))
            try:
                batches.append(file.read(now))
            except OSError as error:
                problem = f"cannot read {self._folder / name}: {error.strerror}"
        self._take(batches)
        processes = tuple(name.removesuffix(".log") for name in names)
        if any(batches) or (problem, processes) != (self._view.problem, self._view.processes):
            lines, serious = tuple(self._lines), tuple(self._serious)
            version = self._view.version + 1
            older = self._number > len(lines) or any(file.left_out for file in self._files.values())
            self._view = LogView(self._folder, lines, serious, processes, dict(self._counts), problem, version, older)
        return self._view

    def _names(self) -> tuple[list[str], str]:
        """The files that there are, and why they cannot be listed."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return [], ""
        except OSError as error:
            return [], f"cannot read {self._folder}: {error.strerror}"
        return sorted((name for name in names if name.endswith(".log")), key=_place), ""

    def _in_turn(self, names: list[str]) -> list[str]:
        """The next files to look at: all of them where they are few."""
        if len(names) <= FILES_AT_ONCE:
            return names
        start = self._turn % len(names)
        self._turn = start + FILES_AT_ONCE
        return (names[start:] + names[:start])[:FILES_AT_ONCE]

    def _take(self, batches: list[list[LogLine]]) -> None:
        """Merge what came from several files; the lines of one stay in their order also where its clock jumped back."""
        latest = [accumulate((line.time for line in batch), max) for batch in batches]
        keyed = zip(chain.from_iterable(latest), chain.from_iterable(batches), strict=True)
        for _, line in sorted(keyed, key=itemgetter(0)):
            self._number += 1
            numbered = line._replace(number=self._number)
            self._lines.append(numbered)
            if line.level >= logging.WARNING:
                self._serious.append(numbered)
            if line.begins:
                self._counts[line.process, line.level] += 1


def _place(name: str) -> tuple[int, str, int]:
    """Sorts files in the order of the processes: trainer, learner, then the actors by number."""
    stem = name.removesuffix(".log")
    kind, _, number = stem.rpartition("-")
    place = {"trainer": 0, "learner": 1}.get(stem, 2)
    return (place, kind, int(number)) if number.isdecimal() else (place, stem, -1)
