"""The nodes of a cluster on the screen of processes and log; a run without one has neither column nor panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from driving import both_sizes, dashboard, ready, screen_text, until
from recorded_run import RecordedRun

from gwt_ib.runs.record import ClusterRecord
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.widgets.nodes import NodesPanel, _sums
from gwt_ib_tui.widgets.processes import WAITS, process_rows

NODES: list[dict[str, Any]] = [
    {"name": "head", "address": "10.0.0.1", "alive": True, "cpus": 16.0, "free_cpus": 14.5, "actors": 1},
    {"name": "gone", "address": "10.0.0.3", "alive": False, "cpus": 8.0, "free_cpus": 8.0, "actors": 0},
    {"name": "worker-1", "address": "10.0.0.2", "alive": True, "cpus": 8.0, "free_cpus": 7.0, "actors": 1},
]
CLUSTER = {
    "address": "10.0.0.1:6379",
    "weights_bytes": 479_000,
    "blocks_bytes": 292_000,
    "wait_s": 0.0123,
    "nodes": NODES,
}
ACTORS: list[dict[str, Any]] = [
    {"actor": 0, "pid": 1, "alive": True, "steps_per_s": 4000.0, "node": "head"},
    {"actor": 1, "pid": 1, "alive": True, "steps_per_s": 4100.0, "node": "worker-1"},
    {"actor": 2, "alive": False},
]


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(3)
    return run


@both_sizes
async def test_nodes_and_the_actors_on_them_are_shown(recorded: RecordedRun, size: tuple[int, int]) -> None:
    recorded.beat(actors=ACTORS, cluster=CLUSTER | {"waiting": 1, "waiting_s": 42.5})
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("4", *("n" if size == (80, 24) else ""))
        await until(pilot, lambda: "▍nodes" in screen_text(app))
        lines = screen_text(app).splitlines()
        (title,) = [line for line in lines if "▍nodes" in line]
        assert "▲ 1 actor waits for a place, 0:42  479 kB out, 292 kB in, wait 0.0123 s" in title
        rows = [line.split() for line in lines[lines.index(title) + 1 :]]
        assert rows[0] == ["node", "address", "CPUs", "free", "actors"]
        assert rows[1] == ["head", "10.0.0.1", "●", "alive", "16", "14.5", "1"]
        assert rows[2][:4] == ["worker-1", "10.0.0.2", "●", "alive"] and rows[3][:4] == [
            "gone",
            "10.0.0.3",
            "✗",
            "dead",
        ]
        (actor,) = [line for line in lines if " actor 2" in line]
        assert WAITS in actor and "dead" not in actor
        assert any(line.split()[-1:] == ["worker-1"] or " worker-1 " in line for line in lines if " actor 1" in line)
        recorded.beat(actors=ACTORS, cluster=None)
        await until(pilot, lambda: "▍nodes" not in screen_text(app) and " node" not in screen_text(app))


def test_a_dead_actor_without_a_cluster_and_one_that_had_a_place_are_dead(recorded: RecordedRun) -> None:
    recorded.beat(actors=ACTORS)
    assert [row["state"] for row in process_rows(Feed(recorded.directory).read_everything())][2] == "✗ dead"
    recorded.beat(actors=[*ACTORS[:2], ACTORS[1] | {"actor": 2, "alive": False}], cluster=CLUSTER)
    assert [row["state"] for row in process_rows(Feed(recorded.directory).read_everything())][2] == "✗ dead"


def test_a_process_of_another_machine_has_no_figures_of_ours(recorded: RecordedRun) -> None:
    feed = Feed(recorded.directory)
    host = recorded.directory.read_run().host
    recorded.beat(actors=[ACTORS[0] | {"node": "elsewhere"}, ACTORS[1] | {"node": host}], trainer=None, learner=None)
    seen: list[list[int]] = []
    feed._usage_reader.read = lambda host, pids, heartbeat: seen.append(list(pids)) or {}  # type: ignore[method-assign,assignment,func-returns-value]
    feed.poll()
    assert seen[-1].count(1) == 1


def test_a_run_that_has_ended_and_a_local_one_have_no_nodes(recorded: RecordedRun) -> None:
    assert NodesPanel.lines(_panel(), Feed(recorded.directory).read_everything(), 80, 5) == []
    recorded.beat(cluster=CLUSTER)
    assert Feed(recorded.directory).read_everything().cluster is not None
    recorded.finish()
    assert Feed(recorded.directory).read_everything().cluster is None


def test_the_title_has_what_there_is_room_for_the_most_urgent_first() -> None:
    cluster = ClusterRecord.from_dict(CLUSTER | {"waiting": 2, "waiting_s": 61.0})
    words = [[str(part) for part in _sums(cluster, DARK, width)] for width in (200, 80, 20)]
    assert words[0] == [
        "▲ 2 actors wait for a place, 1:01",
        "479 kB out, 292 kB in, wait 0.0123 s",
        "2 of 3 alive",
        "10.0.0.1:6379",
    ]
    assert words[1] == words[0][:2] and words[2] == words[0][:1]
    begins = ClusterRecord.from_dict(CLUSTER | {"waiting": 2, "waiting_s": 1.0})
    assert _sums(begins, DARK, 80)[0] == "2 actors wait for a place, 0:01"
    assert [str(part) for part in _sums(ClusterRecord(), DARK, 80)] == ["0 of 0 alive"]


def test_damaged_and_foreign_words_of_a_cluster_do_no_harm(recorded: RecordedRun) -> None:
    evil = "[red]x[/red] \x1b[2J"
    recorded.beat(
        cluster={"address": evil, "nodes": [{"name": evil, "cpus": "x", "actors": None}, 3], "weights_bytes": -1}
    )
    words = "\n".join(
        line.plain for line in NodesPanel.lines(_panel(), Feed(recorded.directory).read_everything(), 90, 9)
    )
    assert "[red]x[/red]" in words and "\x1b" not in words and "None" not in words


def _panel() -> NodesPanel:
    class Dark(NodesPanel):
        @property
        def palette(self) -> Any:
            return DARK

    return Dark()
