"""Events on the x axis."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from recorded_run import RecordedRun
from rich.cells import cell_len
from rich.console import Console

from gwt_ib.runs.events import KINDS, MARKED, SEVERITIES
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.screens.help_screen import markers_table
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.timeline import placed_events


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    return RecordedRun(tmp_path / "a-run", eval_every=0)


def places(recorded: RecordedRun, axis: str = "update") -> list[tuple[str, float]]:
    run_view = Feed(recorded.directory).read_everything()
    return [(kind.kind, round(x, 3)) for x, kind in placed_events(run_view, axis)]


def at_time(recorded: RecordedRun, time: float, kind: str, **fields: object) -> None:
    recorded.events.append({"time": time, "kind": kind, **fields})


def test_each_kind_has_one_cell_and_an_ascii_letter() -> None:
    assert all(cell_len(kind.marker) == len(kind.ascii) == 1 and kind.ascii.isascii() for kind in MARKED)
    for markers in ([kind.marker for kind in MARKED], [kind.ascii for kind in MARKED]):
        assert len(set(markers)) == len(MARKED), "different without colour"
    assert {kind.kind for kind in MARKED} == {
        *("snapshot", "paused", "unpaused", "branched", "actor_died", "actor_replaced"),
        *(
            "evaluation",
            "gate_evaluation",
            "setting",
            "warning",
            "verdict",
            "gate_verdict",
            "resumed",
            "environment_failed",
            "learner_died",
        ),
    }


def test_events_lie_where_they_say_on_every_axis(recorded: RecordedRun) -> None:
    recorded.learn(10)
    recorded.save_snapshot()
    recorded.learn(10)
    steps = recorded.config.steps_per_update
    assert places(recorded) == [("snapshot", 10.0)]
    assert places(recorded, "env_steps") == [("snapshot", 10.0 * steps)]
    assert places(recorded, "elapsed_s") == [("snapshot", round(10 * steps / 9_000.0, 3))]


def test_the_gravest_comes_last(recorded: RecordedRun) -> None:
    recorded.learn(4)
    for marked in reversed(MARKED):
        recorded.event(marked.kind)
    ranks = [SEVERITIES.index(KINDS[kind].severity) for kind, _ in places(recorded)]
    assert len(ranks) == len(MARKED) and ranks == sorted(ranks)


def test_an_event_that_names_no_step_lies_between_its_neighbours(recorded: RecordedRun) -> None:
    recorded.learn(40)
    at_time(recorded, 1000.0, "paused", update=10)
    at_time(recorded, 1005.0, "actor_died", actor=1)
    at_time(recorded, 1010.0, "unpaused", update=20)
    assert dict(places(recorded))["actor_died"] == 15.0
    recorded.beat(heartbeat=1030.0)
    at_time(recorded, 1020.0, "actor_replaced", actor=1)
    assert dict(places(recorded))["actor_replaced"] == 30.0, "the newest row is where the run is now"


def test_after_the_end_the_end_is_the_newest_row(recorded: RecordedRun) -> None:
    recorded.learn(40)
    at_time(recorded, 1000.0, "setting", update=20)
    at_time(recorded, 1010.0, "warning", message="no snapshot was written")
    at_time(recorded, 1020.0, "stopped", message="")
    recorded.beat(heartbeat=5000.0)
    assert dict(places(recorded))["warning"] == 30.0


def test_what_a_resumed_run_made_again_is_forgotten(recorded: RecordedRun) -> None:
    recorded.learn(10)
    recorded.save_snapshot()
    recorded.learn(5)
    recorded.event("warning")
    recorded.resume(10)
    recorded.learn(3)
    assert sorted(places(recorded)) == [("resumed", 10.0), ("snapshot", 10.0)]


def test_damaged_events_do_no_harm(recorded: RecordedRun) -> None:
    recorded.event("snapshot")
    assert places(recorded) == [], "no row yet"
    recorded.learn(3)
    odd: Iterable[dict[str, object]] = (
        {"kind": "warning"},
        {"kind": ["warning"], "time": 3.0, "update": 1},
        {"kind": "warning", "time": "x", "update": "y"},
        {"time": 1.0},
        {"kind": "warning", "time": 1e300, "update": 1e300},
    )
    for event in odd:
        recorded.events.append(event)
    found = places(recorded)
    assert ("warning", 3.0) in found and all(np.isfinite(x) and 1.0 <= x <= 3.0 for _, x in found)


def test_the_help_explains_every_marker() -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(markers_table(DARK))
    text = console.export_text()
    for kind in MARKED:
        assert f"{kind.marker}  {kind.ascii}  {kind.meaning}" in text
