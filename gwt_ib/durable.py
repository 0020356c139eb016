"""Writes that are all or nothing, for readers at any moment and, where asked, across a power failure."""

from __future__ import annotations

import errno
import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

FULL = "the disk is full: the run cannot record anything, not even that it lives; make room"
LEAST_BYTES = 64 << 10  # with less, `run.json` cannot be replaced


def is_full(folder: Path) -> bool:
    """Whether there is no room left where `folder` is."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < LEAST_BYTES


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace `path` by `data`: a reader sees the old or the new content, never a part.

    With `durable` the content is on the disk when this returns. The temporary name starts with a dot, so no listing
    takes it for the real thing. Raises `OSError`; a failed write leaves the old file and no temporary one.
    """
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}-{threading.get_native_id()}")
    try:
        write_new(temporary, data, durable=durable)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):  # the first error counts
            temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_directory(path.parent)


def write_new(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file of a name of ours; what is left there from before goes. Raises `OSError`.

    It is made anew and never opened as it is, since it may be a link to somewhere else, or a pipe.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        path.unlink()
        descriptor = os.open(path, flags, 0o600)
    try:
        write_all(descriptor, data)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """Replace `path` by `value` as readable JSON. Raises `OSError`, and `ValueError` for a number that is not finite."""
    write_atomically(path, json_bytes(value), durable=durable)


def try_write_json(path: Path, value: Any) -> str:
    """Replace a file that can be made again from others; returns what went wrong, in a sentence, or an empty text."""
    try:
        write_json(path, value, durable=False)
    except OSError as error:
        return f"{path.name} cannot be written: {error.strerror or error}"
    return ""


def json_bytes(value: Any) -> bytes:
    """A value as the text of a JSON file. Raises `ValueError` for a number that is not finite."""
    # Half a surrogate, as from a file name that is no text, has no UTF-8: it is written as an escape.
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte: a single `write` may take fewer. Raises `OSError`."""
    view = memoryview(data)
    while view:
        written = os.write(descriptor, view)
        if not written:  # no progress and no error: trying for ever would hang
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        view = view[written:]


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable: a rename survives a power failure only after this."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
