"""The machines of a cluster, and whether they have the same versions as this one."""

from __future__ import annotations

import platform
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from gwt_ib.machine import installed_versions

SAME = ("gwt-ib", "numba", "numpy", "gymnasium", "popgym")
"""Packages of which all machines must have the same version: what an actor computes depends on them."""


@dataclass(frozen=True)
class Node:
    """One machine of a cluster as Ray knows it."""

    id: str
    name: str
    address: str
    alive: bool
    cpus: float
    free_cpus: float
    labels: Mapping[str, str]


def list_nodes() -> list[Node]:
    """Every node that the cluster has or had, living ones first; an empty list where it does not answer."""
    import ray
    from ray._private.state import available_resources_per_node

    free: Mapping[str, Mapping[str, float]] = available_resources_per_node()  # type: ignore[no-untyped-call] # Ray's
    found = [
        Node(
            str(each["NodeID"]), str(each["NodeManagerHostname"]), str(each["NodeManagerAddress"]), bool(each["Alive"]),
            float(each["Resources"].get("CPU", 0.0)), float(free.get(each["NodeID"], {}).get("CPU", 0.0)),
            dict(each.get("Labels") or {}),
        )
        for each in ray.nodes()  # type: ignore[no-untyped-call] # Ray's
    ]  # fmt: skip
    return sorted(found, key=lambda node: not node.alive)


def this_machine() -> dict[str, str]:
    """What a process of a cluster says of the machine that it is on: its name, and the versions of what computes there."""
    versions = {name: version or "none" for name, version in installed_versions(SAME).items()}
    return {"host": socket.gethostname(), "Python": platform.python_version(), **versions}


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """A clause that names each version that differs, with both; empty where none does."""
    names = [name for name in here if name != "host" and here[name] != there.get(name, "none")]
    return ", ".join(f"{name} {there.get(name, 'none')} instead of {here[name]}" for name in names)
