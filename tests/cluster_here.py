"""A Ray cluster of several nodes on this machine, in a process of its own, and what a test does with it.

As a program it is that process: `add` and `kill N` come as lines, the end of its input ends the cluster.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest

WITH_RAY = pytest.mark.skipif(not find_spec("ray"), reason="ray is an extra")
ADDRESS = "GWT_IB_TEST_ADDRESS="
BEGUN_S = 180.0  # a daemon is there within seconds, where nobody else wants the processor


class ClusterHere:
    """A head without CPUs and so many nodes of one CPU; Ray's variables are in `environment`, and in no other process."""

    def __init__(self, nodes: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gwt-ib-nodes-"))
        """Temporary files of all nodes, but for Ray's own."""
        here = {
            "TMPDIR": str(self.folder),
            "RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32), "PYTHONPATH": os.pathsep.join(sys.path),
        }  # fmt: skip
        self.environment = {**os.environ, **here}
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(nodes)], env=self.environment, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.address = self._answer()

    def add(self, resource: str = "-", folder: str = "") -> None:
        """Another node of one CPU, with one of a `resource`; `folder` is first where its processes look for modules."""
        self._ask(f"add {resource} {folder}")

    def kill(self, number: int) -> None:
        """Kill a node and all that runs on it, as if the machine were gone."""
        self._ask(f"kill {number}")

    def end(self) -> None:
        """End everything of it, and delete its folder."""
        with suppress(OSError, ValueError):
            self._process.communicate(timeout=30)
        for process in self.left():
            with suppress(psutil.Error):
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def left(self) -> list[psutil.Process]:
        """Its processes: they have its token in their environment variables."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("RAY_AUTH_TOKEN") == self.environment["RAY_AUTH_TOKEN"]:
                    found.append(process)
        return found

    def _ask(self, words: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()
        self._answer()

    def _answer(self) -> str:
        assert self._process.stdout
        for line in self._process.stdout:  # Ray prints there, too
            if line.startswith(ADDRESS):
                return line.removeprefix(ADDRESS).strip()
        raise AssertionError("the cluster has ended")


def kill(daemon: int) -> None:
    """Kill a node's daemon and its children, all at once."""
    process = psutil.Process(daemon)
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.Error):
            each.kill()


def serve(nodes: int) -> None:
    """The process itself."""
    from ray.cluster_utils import Cluster

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Path("/tmp/ray").mkdir(exist_ok=True)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    started: list[Any] = []

    def add(**resources: float) -> None:
        started.append(cluster.add_node(wait=False, num_cpus=1, resources=resources))
        cluster._wait_for_node(started[-1], BEGUN_S)  # Ray itself waits for 30 s

    for _ in range(nodes):
        add()
    sys.stdout.write(f"{ADDRESS}{cluster.address}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        words: Sequence[str] = line.split()
        if words[0] == "add":
            os.environ["PYTHONPATH"] = os.pathsep.join([*words[2:], *sys.path])
            add(**({} if words[1] == "-" else {words[1]: 1}))
        else:
            kill(started[int(words[1])].all_processes["raylet"][0].process.pid)
        sys.stdout.write(f"{ADDRESS}\n")
        sys.stdout.flush()
    cluster.shutdown()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
