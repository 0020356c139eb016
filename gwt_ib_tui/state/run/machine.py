"""The machine that a dashboard runs on: cores, load, memory, GPUs, the run's disk, and what the dashboard itself takes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from gwt_ib.machine import usable_cores

PERIOD_S = 2.0
LARGEST_SHARE = 0.002  # of the time of one core that reading may take
NVIDIA = Path("/dev/nvidiactl")
"""Where it is absent there is no driver of NVIDIA's, and its library need not be asked."""


class Gpu(NamedTuple):
    """One GPU: how busy it is in percent, and its memory in bytes."""

    name: str
    busy_percent: float | None
    used: int | None
    total: int | None


@dataclass(frozen=True)
class Machine:
    """The machine at one moment; memory and disk in bytes, CPU in percent of all cores, the dashboard's of one core."""

    cores: int
    load: float | None = None
    busy_percent: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    disk_free: int | None = None
    disk_total: int | None = None
    gpus: tuple[Gpu, ...] = ()
    own_percent: float | None = None
    own_memory: int | None = None


class MachineReader:
    """Reads at most every two seconds, and more rarely where that is expensive, as a slow driver or file system makes it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._own = psutil.Process()
        self._machine: Machine | None = None
        self._next = clock()
        self._gpus: Callable[[], tuple[Gpu, ...]] | None = None
        with suppress(psutil.Error, OSError):
            psutil.cpu_percent()
            self._own.cpu_percent()

    def read(self, folder: Path) -> Machine | None:
        """The machine, with the disk on which `folder` lies; the same object until it is read again."""
        started = self._clock()
        if started < self._next:
            return self._machine
        first = self._machine is None
        self._machine = self._read(folder, first)
        self._next = started + max(PERIOD_S, (self._clock() - started) / LARGEST_SHARE)
        return self._machine

    def _read(self, folder: Path, first: bool) -> Machine:
        if self._gpus is None:
            self._gpus = gpu_reader()
        values: dict[str, Any] = {}
        with suppress(psutil.Error, OSError):
            values["load"] = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        with suppress(psutil.Error, OSError):
            memory = psutil.virtual_memory()
            values |= {"memory_used": int(memory.total - memory.available), "memory_total": int(memory.total)}
        with suppress(psutil.Error, OSError):
            values["own_memory"] = int(self._own.memory_info().rss)
            if not first:  # since the reading before; there was none
                values |= {"busy_percent": psutil.cpu_percent(), "own_percent": self._own.cpu_percent()}
        with suppress(OSError):
            disk = shutil.disk_usage(folder)
            values |= {"disk_free": disk.free, "disk_total": disk.total}
        return Machine(usable_cores(), gpus=self._gpus(), **values)


def gpu_reader(device: Path = NVIDIA) -> Callable[[], tuple[Gpu, ...]]:
    """What reads the GPUs of NVIDIA's; where there is no driver or no `pynvml`, there are none. It never raises."""
    if not device.exists():
        return lambda: ()
    try:
        import pynvml

        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(place) for place in range(pynvml.nvmlDeviceGetCount())]
        names = [_text(pynvml.nvmlDeviceGetName(handle)) for handle in handles]
    except Exception:  # noqa: BLE001 - a missing library and a broken driver raise what they like: there is no panel for them
        return lambda: ()

    def read() -> tuple[Gpu, ...]:
        return tuple(_gpu(pynvml, name, handle) for name, handle in zip(names, handles, strict=True))

    return read


def _gpu(nvml: Any, name: str, handle: Any) -> Gpu:
    busy = used = total = None
    with suppress(Exception):  # a card in parts (MIG) does not say how busy it is
        busy = float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    with suppress(Exception):
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        used, total = int(memory.used), int(memory.total)
    return Gpu(name, busy, used, total)


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name
