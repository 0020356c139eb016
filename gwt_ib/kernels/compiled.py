"""How the kernels are compiled, and where the machine code is kept for the next process.

numba notices a change of the file that a function stands in, and not of the functions that it calls. So the code lies in
a folder that is named after all sources of this package: whatever changes, everything is compiled anew.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from filelock import FileLock
from numba import njit
from numpy.typing import NDArray
from platformdirs import user_cache_path


def _cache_folder() -> Path | None:
    """The folder for these sources, made if need be; None where nothing can be written."""
    content = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        content.update(source.read_bytes())
    parent = os.environ.get("NUMBA_CACHE_DIR")
    folder = (Path(parent) if parent else user_cache_path("gwt-ib") / "kernels") / content.hexdigest()[:16]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


CACHE = _cache_folder()
"""Where compiled kernels are kept; None: every process compiles them for itself."""
if CACHE is not None:
    numba.config.CACHE_DIR = str(CACHE)  # type: ignore[attr-defined]

OPTIONS: dict[str, Any] = {"nogil": True, "cache": CACHE is not None, "error_model": "numpy"}
F32 = NDArray[np.float32]
F = TypeVar("F", bound=Callable[..., Any])


@contextmanager
def compiling(what: str) -> Iterator[None]:
    """Let one process at a time compile a group of kernels; those that waited find them in the folder."""
    if CACHE is None or (CACHE / f"{what}.done").exists():
        yield
        return
    with FileLock(CACHE / f"{what}.lock"):
        yield
        (CACHE / f"{what}.done").touch()


def kernel(function: F) -> F:
    """Compile a function that works on arrays, without Python's lock; dividing by 0 gives infinity, as in NumPy."""
    compiled: F = njit(**OPTIONS, fastmath={"contract"})(function)
    return compiled


def reduction(function: F) -> F:
    """The same for a sum whose order may be changed: without that LLVM adds one number after the other."""
    compiled: F = njit(**OPTIONS, fastmath={"contract", "reassoc", "nsz"})(function)
    return compiled
