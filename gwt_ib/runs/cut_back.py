"""A resumed run's metrics end where its snapshot does: what lies beyond is kept aside, and holes are found."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gwt_ib.durable import sync_directory
from gwt_ib.files import open_to_append, opened
from gwt_ib.runs.jsonl import LAST_BYTES, end_last_line, parse_record


@dataclass(frozen=True)
class CutBack:
    """What was found: how many lines were cut, which updates are missing (as ranges), and whether the end was mended."""

    cut: int = 0
    holes: tuple[tuple[int, int], ...] = ()
    repaired: bool = False


def cut_back(path: Path, last_update: int, aside: Path) -> CutBack:
    """Move the lines after update `last_update`, and damaged ones, to the end of `aside`, so that curves do not double back.

    The file is replaced, not shortened: a reader that has read further notices, even if the new file has outgrown it. A
    last line that is whole but for its end is kept and ended. Raises `OSError`; then the file is as it was.
    """
    found = look_at_rows(path, last_update)
    if not found.cut and not found.repaired:
        return found
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}-{threading.get_native_id()}")
    temporary.unlink(missing_ok=True)
    try:
        # What is cut is safe before the file without it takes the old one's place.
        for target, wanted in ((aside, False), (temporary, True)):
            descriptor = open_to_append(target)
            with os.fdopen(descriptor, "ab") as file:
                end_last_line(descriptor)
                file.writelines(line + b"\n" for line, kept in _sorted_lines(path, last_update) if kept == wanted)
                file.flush()
                os.fsync(descriptor)
        sync_directory(aside.parent)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
    return found


def look_at_rows(path: Path, last_update: int) -> CutBack:
    """What `cut_back` would find, without changing anything. Raises `OSError`."""
    cut, newest, kept, holes = 0, 0, False, []
    for line, kept in _sorted_lines(path, last_update):
        cut += not kept
        if kept:
            update = _update(line)
            if update > newest + 1:
                holes.append((newest + 1, update - 1))
            newest = update
    if newest < last_update:
        holes.append((newest + 1, last_update))
    return CutBack(cut, tuple(holes), kept and _ends_without_newline(path))


def rows_up_to(path: Path, last_update: int) -> Iterator[bytes]:
    """The rows that `cut_back` would keep, each a line without its end; none without a file. Raises `OSError`."""
    return (line for line, kept in _sorted_lines(path, last_update) if kept)


def _sorted_lines(path: Path, last_update: int) -> Iterator[tuple[bytes, bool]]:
    """Every line without its end, and whether it stays: rows in rising order up to an update. None without a file."""
    newest = 0
    with suppress(FileNotFoundError), opened(path) as file:
        whole = True  # whether this is the beginning of a line
        while line := file.readline(LAST_BYTES):
            ends = line.endswith(b"\n")
            update = _update(line) if whole and (ends or len(line) < LAST_BYTES) else 0
            kept = newest < update <= last_update
            newest = update if kept else newest
            if line.strip():
                yield line.rstrip(b"\n"), kept
            whole = ends


def _update(line: bytes) -> int:
    """The update of a row; 0 of anything else."""
    update = (parse_record(line) or {}).get("update")
    return update if isinstance(update, int) and not isinstance(update, bool) else 0


def _ends_without_newline(path: Path) -> bool:
    with suppress(FileNotFoundError), opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(size - 1, 0))
        return bool(size) and file.read(1) != b"\n"
    return False
