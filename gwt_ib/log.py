"""The log of a run's processes: one line a record, in a form that can be read back; what is printed stands between.

    2026-11-23T00:39:12.345Z WARNING learner: no snapshot was written: No space left on device
        a further line of the same record

Records of all modules of `gwt_ib` go to `LOGGER`. Without `start_log` or `log_to_file` they go nowhere. Packages that an
environment imports configure logging as they like; they cannot silence this logger, which logging does not know of.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from gwt_ib.durable import write_all
from gwt_ib.files import open_to_append
from gwt_ib.text import visible

LogLevel = Literal["debug", "info", "warning", "error"]
INDENT = "    "
MOST_LOG_BYTES = 10 << 20
KEPT_LOG_BYTES = 256 << 10  # of a log that has become too long, its end
LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
"""The levels that a line has; logging's own names can be changed by anybody."""
_NAMES = {level: name for name, level in LEVELS.items()}

_RECORD = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (DEBUG|INFO|WARNING|ERROR|CRITICAL) [\w.-]+: ?(.*)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class _Logger(logging.Logger):
    """A logger outside logging's registry: neither `disable`, a new configuration nor a record factory reaches it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.manager = logging.Manager(self)  # type: ignore[arg-type]  # it is the root of its own, empty tree
        self.addHandler(logging.NullHandler())

    def makeRecord(
        self, name: Any, level: Any, fn: Any, lno: Any, msg: Any, args: Any, exc_info: Any,
        func: Any = None, extra: Any = None, sinfo: Any = None,
    ) -> logging.LogRecord:  # fmt: skip
        """A record of logging's own kind."""
        return logging.LogRecord(name, level, fn, lno, msg, args, exc_info, func, sinfo)


LOGGER: logging.Logger = _Logger("gwt_ib")


class Written(NamedTuple):
    """A record's first line, read back: seconds since the epoch, logging's number of the level, words."""

    time: float
    level: int
    words: str


def parse_line(line: str) -> Written | None:
    """Read a line; none where it does not begin a record."""
    match = _RECORD.match(line)
    if match is None:
        return None
    stamp, level, words = match.groups()
    try:
        return Written(datetime.fromisoformat(stamp).timestamp(), LEVELS[level], words)
    except ValueError:  # a thirteenth month: nothing of ours
        return None


def record_lines(moment: float, level: int, process: str, message: str) -> str:
    """One record as it stands in the file. Its further lines are indented, and nothing in it can move a cursor."""
    stamp = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    first, *further = [visible(line.expandtabs(4)) for line in _COLOUR.sub("", message).rstrip().splitlines()] or [""]
    lines = [f"{stamp}Z {_NAMES.get(level, 'INFO')} {process}: {first}", *(INDENT + line for line in further)]
    return "\n".join(lines) + "\n"


class LogHandler(logging.Handler):
    """Appends records to a descriptor, each with one `write`. What the disk does not take is lost, without an error.

    `close`, which logging calls for all handlers where it is configured anew, leaves the descriptor open: `end` does not.

    A record that cannot be formatted raises nothing either: it is shown on stderr as by logging's own handlers.
    """

    def __init__(self, descriptor: int, process: str) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._process = process
        self._torn = False  # the disk took a part of the last record
        self.setFormatter(logging.Formatter())  # the message, and the traceback where there is one

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            lines = record_lines(record.created, record.levelno, self._process, self.format(record))
        except Exception:  # noqa: BLE001 - an environment's own arguments are formatted here, and must not end its step
            with suppress(Exception):  # stderr may be closed
                self.handleError(record)
            return
        try:
            write_all(self._descriptor, (("\n" if self._torn else "") + lines).encode())
            self._torn = False
        except OSError:
            self._torn = True

    def end(self) -> None:
        """Give the descriptor back."""
        self.close()
        with suppress(OSError):
            os.close(self._descriptor)


class RateLimit:
    """For lines that a fast run would write too often: of each kind one in `period_s` at INFO, the others at DEBUG."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._due: dict[str, float] = {}

    def level(self, kind: str) -> int:
        """The level of the next line of this kind."""
        now = time.monotonic()
        if now < self._due.get(kind, now):
            return logging.DEBUG
        self._due[kind] = now + self._period_s
        return logging.INFO


def start_log(process: str, level: LogLevel) -> None:
    """Log from now on into what descriptor 2 is at this moment: for a process whose output goes to a file.

    Warnings of Python and of other packages come too, and an exception that ends the process with its traceback.
    What is printed appears line by line, so that it stands where it belongs.
    """
    handler = LogHandler(os.dup(2), process)
    LOGGER.addHandler(handler)
    logging.getLogger().addHandler(handler)
    LOGGER.setLevel(level.upper())
    logging.captureWarnings(True)
    sys.excepthook = lambda *error: LOGGER.critical("ended by an exception", exc_info=error)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]  # typed as TextIO, which need not have it


@contextmanager
def log_to_file(path: Path, process: str, level: LogLevel) -> Iterator[None]:
    """Append to a file inside a `with`, for a trainer, whose output may be a terminal; no log if it cannot be opened."""
    try:
        descriptor = open_to_append(path)
    except OSError:
        yield
        return
    handler = LogHandler(descriptor, process)
    LOGGER.addHandler(handler)
    LOGGER.setLevel(level.upper())
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        handler.end()


def cap_log(log: Path) -> None:
    """Cut a log that has become longer than 10 MiB back to its end; its process goes on appending to it."""
    with suppress(OSError):
        if log.stat().st_size <= MOST_LOG_BYTES:
            return
        descriptor = os.open(log, os.O_RDWR | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            kept = os.pread(descriptor, KEPT_LOG_BYTES, size - KEPT_LOG_BYTES).partition(b"\n")[2]
            os.ftruncate(descriptor, 0)
            os.write(descriptor, b"[%d bytes before this were too many and are left out]\n" % (size - len(kept)) + kept)
        finally:
            os.close(descriptor)
