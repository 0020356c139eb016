"""Calls of Ray actors that an event loop can wait for beside its descriptors."""

from __future__ import annotations

import os
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from gwt_ib.errors import error_text
from gwt_ib.text import plain


class Calls:
    """Starts calls; `fileno` is readable once one of them has come to an end."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)

    def fileno(self) -> int:
        """The descriptor, to wait for something to be done."""
        return self._read

    def clear(self) -> None:
        """Read what was written for the calls that are done."""
        with suppress(BlockingIOError):
            os.read(self._read, 65536)

    def follow(self, reference: Any) -> Future[Any]:
        """The future of a call, by the reference that Ray gave for it."""
        return self.wake_at_end(reference.future())

    def wake_at_end(self, future: Future[Any]) -> Future[Any]:
        """Have `fileno` be readable once this one has come to an end, too."""
        future.add_done_callback(lambda _: self._wake())
        return future

    def _wake(self) -> None:
        with suppress(OSError):  # full of bytes already, or the process ends
            os.write(self._write, b"\0")


def is_death(error: BaseException) -> bool:
    """Whether a call came to nothing because its actor has ended, and not by what the actor did."""
    from ray.exceptions import RayActorError

    return isinstance(error, RayActorError)


def ending_of(error: BaseException) -> str:
    """Why a call came to nothing, as a clause: Ray's own texts go over many lines."""
    from ray.exceptions import OutOfMemoryError, RayActorError

    if isinstance(error, OutOfMemoryError):
        return "was killed by Ray: its machine had no memory left"
    if isinstance(error, RayActorError):
        words = " ".join(str(error).split())
        for sign, meaning in (
            ("node", "is gone with its machine"), ("ray.kill", "was killed"), ("creation task", "could not be made"),
        ):  # fmt: skip
            if sign in words.rpartition("dead because")[2][:200]:
                return f"{meaning}: {plain(words[-200:])}" if sign == "creation task" else meaning
        return "died with its worker process"
    return f"answered with an error: {error_text(error)}"
