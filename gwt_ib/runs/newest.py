"""The newest row of a run's metrics and its newest evaluation, found from the end of the file: for lists of many runs."""

from __future__ import annotations

import os
import re
from pathlib import Path

from gwt_ib.files import opened
from gwt_ib.lenient import real
from gwt_ib.runs.jsonl import LAST_BYTES, Record, parse_record

FIRST_BYTES = 1 << 15  # some ten rows
MOST_BYTES = 4 * LAST_BYTES


def newest_values(path: Path, name: str = "eval_return") -> tuple[Record, float | None]:
    """The last complete row, empty where there is none; and the newest number under `name` within `MOST_BYTES` of the end.

    Never raises.
    """
    has_value = re.compile(rb'"%s"\s*:\s*[-0-9]' % name.encode())
    row: Record = {}
    want = FIRST_BYTES
    try:
        with opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            while True:
                file.seek(max(0, size - want))
                lines = file.read(want).rpartition(b"\n")[0].splitlines()
                if want < size:
                    lines = lines[1:]  # it may begin in the middle
                if not row:
                    row = next((found for line in reversed(lines) if (found := parse_record(line)) is not None), {})
                for line in reversed(lines):
                    if has_value.search(line) and (value := real((parse_record(line) or {}).get(name))) is not None:
                        return row, value
                if want >= min(size, MOST_BYTES):
                    return row, None
                want = MOST_BYTES if want * 4 >= LAST_BYTES else want * 4
    except OSError:
        return row, None
