"""Private mounts for tests of full, small and read-only disks; where they are not allowed, a skip that is counted."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Mounted:
    """A mount namespace that a process of ours holds open; what is started with `prefix` lives in it."""

    def __init__(self, holder: subprocess.Popen[str]) -> None:
        self._holder = holder

    @property
    def prefix(self) -> list[str]:
        """A command that starts another one in here, in the present directory."""
        return ["nsenter", "-t", str(self._holder.pid), "-m", f"--wd={Path.cwd()}", "--"]

    def at(self, path: Path) -> Path:
        """The same path as seen from in here, for whoever is outside."""
        return Path(f"/proc/{self._holder.pid}/root{path}")

    def run(self, *words: str) -> None:
        """Run a command in here."""
        subprocess.run([*self.prefix, *words], check=True, timeout=20)


@contextmanager
def mounted(*commands: str) -> Iterator[Mounted]:
    """A private mount namespace in which shell commands, such as `mount -t tmpfs …`, have been run."""
    for tool in ("unshare", "nsenter", "mount"):
        if shutil.which(tool) is None:
            pytest.skip(f"there is no {tool}: no private mount for a full or read-only disk")
    script = " && ".join([*commands, "echo ready", "exec sleep 600"])
    holder = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None and holder.stderr is not None
        if holder.stdout.readline() != "ready\n":
            pytest.skip(f"private mounts are not allowed here: {holder.stderr.read().strip()[:200]}")
        yield Mounted(holder)
    finally:
        holder.kill()
        holder.wait()


def fill(folder: Path) -> Path:
    """Fill a small disk to the last byte; returns the file to be deleted."""
    path = folder / "filler"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        for size in (1 << 16, 1):
            while True:
                os.write(descriptor, b"x" * size)
    except OSError:
        pass
    finally:
        os.close(descriptor)
    return path
