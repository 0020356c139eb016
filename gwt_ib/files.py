"""Reading what may be anything: only regular files, at most so many bytes, JSON without surprises; never a wait."""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

JSON_BYTES = 16 << 20
"""More than any JSON file of a run directory has."""
CHUNK = 1 << 16
# Without O_NONBLOCK opening a pipe waits for its other end, and without O_NOCTTY a terminal may become ours.
_CAREFULLY = os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def read_regular(path: Path, limit: int = JSON_BYTES) -> bytes:
    """The content of a regular file, also behind a link.

    Raises `OSError` with a reason in words for anything else, and for more than `limit` bytes.
    """
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size <= limit:
            data = file.read(size)
            # It may have grown meanwhile, and files of the kernel do not say how long they are.
            while len(data) <= limit:
                if not (more := file.read(min(CHUNK, limit + 1 - len(data)))):
                    return data
                data += more
    raise OSError(errno.EFBIG, f"More than {limit:,} bytes", str(path))


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file, opened for reading. Raises `OSError`, also for a pipe, a device or a directory."""
    _must_be_regular(path, path.stat())  # before opening: merely opening some devices does something
    with os.fdopen(os.open(path, os.O_RDONLY | _CAREFULLY), "rb") as file:
        _must_be_regular(path, os.fstat(file.fileno()))
        yield file


def open_to_append(path: Path) -> int:
    """A descriptor that reads a regular file and appends to it; it is made where there is none. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _CAREFULLY, 0o600)
    try:
        _must_be_regular(path, os.fstat(descriptor))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def read_json(path: Path, limit: int = JSON_BYTES) -> Any:
    """What a JSON file says. Raises `OSError`, or `ValueError` for what is no JSON."""
    return parse_json(read_regular(path, limit))


def parse_json(data: bytes) -> Any:
    """What JSON text says. Raises `ValueError`, also where it is nested too deeply or has a number of too many digits."""
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def _must_be_regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", str(path))


def nameless_memory() -> int:
    """A descriptor of empty memory that is gone with its last process. Raises `OSError`."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("gwt-ib")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
