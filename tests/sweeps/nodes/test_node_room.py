"""What is said where no node of a cluster can train a run: what all of them lack, and not what they have."""

from __future__ import annotations

import pytest
from cluster_here import WITH_RAY
from support import small_config

from gwt_ib.sweeps.nodes import node_room
from gwt_ib.sweeps.nodes.node_room import NodeRoom, _Node, need_of, no_room
from gwt_ib.sweeps.places import Place


def room_of(**nodes: dict[str, float]) -> NodeRoom:
    """Nodes that have said their versions, by what they have."""
    made = NodeRoom()
    made._nodes = {name: _Node(name, total, total) for name, total in nodes.items()}
    return made


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"device": "cuda"}, "1 CPUs, 1 GPU: none has 1 GPU."),
        ({"ray_resources": "fast=1"}, "none has 1 fast."),
        ({"num_actors": 4}, "the largest node, two, has 1 CPUs. Use fewer actors"),
    ],
    ids=["a GPU", "a resource", "CPUs"],
)
def test_what_no_node_has_is_named(settings: dict[str, object], words: str) -> None:
    nodes, need = room_of(one={"CPU": 0.5}, two={"CPU": 1.0}), need_of(small_config(**settings))
    assert not nodes.could(need)
    assert words in no_room(need, nodes.lacks(need)).message


def test_nodes_that_have_not_answered_are_not_said_to_lack_anything() -> None:
    nodes = room_of(slow={"CPU": 8.0})
    nodes._nodes["slow"].question = object()
    assert nodes.lacks({"CPU": 1.0}) == "of 1 node(s) none that may be used has said its versions yet"


def test_the_devices_of_this_machine_count_where_runs_are_trained_on_it() -> None:
    assert Place("ray", "10.0.0.1:6379").is_elsewhere
    assert not Place("ray").is_elsewhere and not Place().is_elsewhere


@WITH_RAY
def test_a_node_is_asked_for_its_versions_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray
    from ray._private import state

    asked: list[str] = []
    known = [
        {"NodeID": "one", "NodeManagerHostname": "host", "NodeManagerAddress": "::1", "Alive": True, "Resources": {}}
    ]
    monkeypatch.setattr(ray, "nodes", lambda: known)
    monkeypatch.setattr(ray, "wait", lambda questions, **options: ([], questions))
    monkeypatch.setattr(state, "available_resources_per_node", dict)
    monkeypatch.setattr(node_room, "_ask", asked.append)
    monkeypatch.setattr(node_room, "_scales", bool)
    monkeypatch.setattr(node_room, "LOOK_S", 0.0)
    nodes = NodeRoom()
    for _ in range(3):
        nodes.refresh()
    assert asked == ["one"]
