"""How the kernels are compiled, and where the machine code is kept for the next process.

numba notices a change of the file that a function stands in, and not of the functions that it calls. So the code lies in
a folder that is named after all sources that are compiled: whatever changes, everything is compiled again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import llvmlite.binding as llvm
import numba
from filelock import FileLock, Timeout
from numba import njit
from numba.core import event as numba_events

from gwt_ib.clock import utc_now
from gwt_ib.log import LOGGER
from gwt_ib.machine import own_folder
from gwt_ib.model import experience

numba_settings: Any = numba.config
LEAST_FREE_BYTES = 1 << 26  # a disk that is nearly full must not end a run by what is only kept for the next one
WAIT_S = 120.0
LOCK_BEAT_S = 1.0
KEPT_S = 60 * 86400.0


def _cache_folder() -> Path | None:
    """The folder for these sources, this processor and this numba, made if need be; None where nothing can be written."""
    processor = f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    content = hashlib.sha256(f"{numba.__version__} {sys.implementation.cache_tag} {processor}".encode())
    for source in (*sorted(Path(__file__).parent.glob("*.py")), Path(experience.__file__)):  # kernels take its records
        content.update(source.read_bytes())
    given, own = os.environ.get("NUMBA_CACHE_DIR"), own_folder("cache")
    if not given and own is None:
        return None
    folder = (Path(given) if given else own / "kernels" if own else Path()) / content.hexdigest()[:16]
    try:
        if not folder.is_absolute():
            return None
        if not folder.exists():
            _forget_old(folder.parent)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free >= LEAST_FREE_BYTES
    except OSError:
        return None
    return folder if writable else None


def _forget_old(parent: Path) -> None:
    """Remove the folders of sources that are long gone; a process that still uses one compiles again."""
    oldest = utc_now() - KEPT_S
    for folder in parent.glob("[0-9a-f]" * 16):
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


CACHE = _cache_folder()
"""Where compiled kernels are kept; None: every process compiles them for itself."""
OPTIONS: dict[str, Any] = {"nogil": True, "cache": CACHE is not None, "error_model": "numpy"}
F = TypeVar("F", bound=Callable[..., Any])


class _Progress(numba_events.Listener):
    """Calls `beat` whenever the compiler begins or has done with a function."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat

    def on_start(self, event: Any) -> None:
        self._beat()

    def on_end(self, event: Any) -> None:
        self._beat()


@contextmanager
def compiling(what: str, beat: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let one process at a time compile a group of kernels; those that waited find them in the folder.

    One lock for all groups, as they share functions: numba's index of a function is not made for two writers. `beat` is
    called all along: on a busy machine this takes minutes, and a process that compiles is not one that hangs.
    """
    if CACHE is not None and (CACHE / f"{what}.done").exists() and _is_whole(CACHE):
        yield
        return
    LOGGER.info("compiles the kernels of %s for this processor, some seconds%s", what, ", once" if CACHE else "")
    with ExitStack() as stack:
        if CACHE is not None:
            _wait_for_lock(CACHE / "lock", stack, beat)
        stack.enter_context(numba_events.install_listener("numba:compile", _Progress(beat)))
        yield
        if CACHE is not None:
            with suppress(OSError):
                (CACHE / f"{what}.done").touch()


def _wait_for_lock(path: Path, stack: ExitStack, beat: Callable[[], None]) -> None:
    """Without the lock it goes too: its holder may have been stopped, and not every file system has locks."""
    given_up = time.monotonic() + WAIT_S
    while time.monotonic() < given_up:
        try:
            stack.enter_context(FileLock(path).acquire(timeout=LOCK_BEAT_S))
            return
        except Timeout:
            beat()
        except (OSError, NotImplementedError):
            return


def _is_whole(folder: Path) -> bool:
    """Whether no file is empty, as a power cut leaves them; if one is, all machine code is thrown away."""
    kept = list(folder.rglob("*.nb[ci]"))
    if all(path.stat().st_size for path in kept):
        return True
    for path in [*kept, *folder.glob("*.done")]:
        path.unlink(missing_ok=True)
    return False


def kernel(function: F) -> F:
    """Compile a function that works on arrays, without Python's lock; dividing by 0 gives infinity, as in NumPy."""
    return _compile(function, {"contract"})


def inlined(function: F) -> F:
    """As `kernel`, for what several kernels call: a part of each of them, never a function of its own.

    LLVM optimises a function's copy in a kernel once more than the function itself, and which of them a call reaches
    depends on what was loaded first. So a process that compiles would round otherwise than one that finds the code.
    """
    return _compile(function, {"contract"}, forceinline=True)


def reduction(function: F) -> F:
    """The same for a sum whose order may be changed: without that LLVM adds one number after the other."""
    return _compile(function, {"contract", "reassoc", "nsz"})


def _compile(function: F, freedoms: set[str], **further: Any) -> F:
    """numba decides here where it keeps the machine code; the setting belongs to the whole process, so it is put back."""
    before = numba_settings.CACHE_DIR
    numba_settings.CACHE_DIR = before if CACHE is None else str(CACHE)
    try:
        compiled: F = njit(**OPTIONS, **further, fastmath=freedoms)(function)
    finally:
        numba_settings.CACHE_DIR = before
    return compiled
