"""One file of a run's logs, followed while it grows: what is new as lines, with time and level, however fast it grows."""

from __future__ import annotations

import logging
import stat
from pathlib import Path
from typing import NamedTuple

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
        self.left_out = False
        """Whether a part of the file was passed over."""
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
            return self._unfinished(now)
        if known is None or known[0] != status.st_ino or status.st_size < self._offset:
            self._offset, self._partial, self._dropping, self.left_out = 0, b"", False, False
        slice_bytes = self._first_bytes if known is None else SLICE_BYTES
        left_out = self._skip(status.st_size, slice_bytes, self._first_bytes if known is None else FAR_BEHIND)
        with self.path.open("rb") as file:
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

    def _unfinished(self, now: float) -> list[LogLine]:
        """A line that does not end, as the last words of a process that was killed, when no more comes."""
        if not self._partial or now - self._read_at < UNFINISHED_S:
            return []
        last, self._partial, self._dropping = self._partial, b"", True
        return self._lines([last], self._read_at)

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
