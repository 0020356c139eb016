"""The log files of a run's processes from outside: their last words."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from gwt_ib.files import opened
from gwt_ib.log import INDENT, parse_line

LOG_TAIL_BYTES = 4096
_OURS = re.compile(r"^gwt_ib(\.\w+)+: ")


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
        return _without_our_names(lines[-1]) if lines else ""
    if record.level < logging.ERROR:
        return ""
    return record.words if lines[-1] is beginning else _without_our_names(lines[-1])


def _without_our_names(line: str) -> str:
    """An exception's last line; one of ours says all in its words, and its module nothing."""
    return _OURS.sub("", line.strip())
