"""How much memory the processes of a run take, with what they share counted once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import psutil

_KIB = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_MODULE = re.compile(r"gwt_ib\.\w+\.\w*(learner|actor)")


@dataclass(frozen=True)
class ProcessMemory:
    """One process: its part of the memory now, and at its largest; bytes."""

    name: str
    now: int
    peak: int


def run_memory(trainer: int) -> list[ProcessMemory]:
    """The process `trainer` and its children; one that ends meanwhile is left out."""
    parent = psutil.Process(trainer)
    found = []
    for process in (parent, *parent.children()):
        try:
            name = "trainer" if process is parent else _name(process)
            found.append(ProcessMemory(name, *_memory(process)))
        except (psutil.Error, OSError):
            continue
    return found


def _name(process: psutil.Process) -> str:
    """`learner` and `actor`, by the module that the process runs."""
    module = _MODULE.search(" ".join(process.cmdline()))
    return module.group(1) if module else str(process.name())


def _memory(process: psutil.Process) -> tuple[int, int]:
    """A page that n processes map counts as an n-th of a page; where the system does not say, it counts in full.

    What a process once had and gave back (its high-water mark above what it has now) was its own.
    """
    proc = Path(f"/proc/{process.pid}")
    if not (proc / "smaps_rollup").exists():
        resident = int(process.memory_info().rss)
        return resident, resident
    share = _kib(proc / "smaps_rollup")["Pss"]
    status = _kib(proc / "status")
    return share * 1024, (share + max(0, status["VmHWM"] - status["VmRSS"])) * 1024


def _kib(path: Path) -> dict[str, int]:
    return {name: int(number) for name, number in _KIB.findall(path.read_text())}
