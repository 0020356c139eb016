"""The log files of a run's processes from outside: their last words, and a limit to their size."""

from __future__ import annotations

import logging
import os
import re
from contextlib import suppress
from pathlib import Path

from gwt_ib.files import opened
from gwt_ib.log import INDENT, parse_line

LOG_TAIL_BYTES = 4096
MOST_LOG_BYTES = 10 << 20
KEPT_LOG_BYTES = 256 << 10  # of a log that has become too long, its end
_OURS = re.compile(r"^gwt_ib(\.\w+)+: ")  # an exception of ours says all in its words


def last_words(log: Path) -> str:
    """The last line of a log: an exception's text ends a traceback. A record that is no error says nothing here."""
    try:
        with opened(log) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LOG_TAIL_BYTES))
            lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    beginning = next((line for line in reversed(lines) if not line.startswith(INDENT)), "")
    record = parse_line(beginning)
    if record is None:
        return _OURS.sub("", lines[-1].strip()) if lines else ""
    if record.level < logging.ERROR:
        return ""
    return record.words if lines[-1] is beginning else lines[-1].strip()


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
