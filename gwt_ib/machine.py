"""Facts of the machine and of the libraries that figures depend on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import psutil

# OpenMP reads these when torch is first imported. A second thread in a process made it 3 to 30 times slower whenever
# the other core was busy, as it is here: processes side by side are the parallelism.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
LIBRARIES = ("torch", "numba", "numpy", "gymnasium", "popgym")


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_facts() -> dict[str, Any]:
    """Cores, processor, memory in bytes, load averages of the last 1, 5 and 15 minutes, versions; null where unknown."""
    return {
        "cores": usable_cores(),
        "cpu": cpu_model(),
        "memory_bytes": int(psutil.virtual_memory().total),
        "load_average": [round(load, 2) for load in psutil.getloadavg()],
        "python": platform.python_version(),
        **installed_versions(LIBRARIES),
    }


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name, or its architecture where the system does not name it."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(filter(None, names), platform.machine())


def own_folder(kind: Literal["cache", "config", "state"]) -> Path | None:
    """This user's folder for our files of one kind, which need not exist; None for a user without a home."""
    import platformdirs  # some commands need no such folder

    find = {
        "cache": platformdirs.user_cache_path,
        "config": platformdirs.user_config_path,
        "state": platformdirs.user_state_path,
    }[kind]
    try:
        folder = find("gwt-ib")
    except (RuntimeError, KeyError, OSError):  # no HOME, and a user that the system does not know
        return None
    return folder if folder.is_absolute() else None


def installed_versions(packages: Iterable[str]) -> dict[str, str | None]:
    """The versions of packages; None where one is not installed."""
    versions: dict[str, str | None] = dict.fromkeys(packages)
    for name in versions:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions
