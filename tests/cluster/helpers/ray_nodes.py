"""A Ray cluster of several nodes on this machine, in a process of its own: `python ray_nodes.py CPUS CPUS ...`.

It prints the cluster's address, then obeys lines: `add CPUS [SITE]`, `kill N`, `stop`; and answers each with a line. A node
is a raylet and its workers; killed means by SIGKILL, all at once, as a machine that loses its power. SITE is a folder that
comes first where that node's processes look for modules.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

STORE_BYTES = 80 << 20


def main(cpus: list[str]) -> None:
    """Serve until `stop` or the end of the input."""
    folder = tempfile.mkdtemp(prefix="gwt-ib-nodes-")
    Path("/tmp/ray").mkdir(exist_ok=True)  # where Ray notes the newest cluster
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE_BYTES, "temp_dir": folder}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes = [cluster.add_node(num_cpus=int(each), object_store_memory=STORE_BYTES) for each in cpus]
    _say(cluster.address)
    for line in sys.stdin:
        command, *words = line.split()
        if command == "add":
            if len(words) > 1:
                os.environ["PYTHONPATH"] = os.pathsep.join([words[1], os.environ.get("PYTHONPATH", "")])
            nodes.append(cluster.add_node(num_cpus=int(words[0]), object_store_memory=STORE_BYTES))
        elif command == "kill":
            _kill(nodes[int(words[0])].all_processes["raylet"][0].process.pid)
        elif command == "stop":
            break
        _say("done")
    cluster.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _kill(raylet: int) -> None:
    process = psutil.Process(raylet)
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            each.kill()


if __name__ == "__main__":
    main(sys.argv[1:])
