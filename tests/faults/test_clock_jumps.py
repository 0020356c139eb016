"""A clock that jumps by a day, also backwards: nothing is taken for hung, late or dead."""

from __future__ import annotations

import ast

import pytest
from chaos import STEPS
from faults_support import ROOT

from gwt_ib.runs.jsonl import read_records

pytestmark = pytest.mark.processes


def test_a_clock_that_jumps_by_days_in_every_process_disturbs_nothing(toy):
    toy.launch(hook="clock", hang_timeout_s=5.0, learner_timeout_s=10.0, total_timesteps=300 * STEPS, snapshot_every=50)
    assert toy.ends() == 0
    assert toy.events("actor_died") == [] == toy.events("learner_died") == toy.events("warning")
    rows = read_records(toy.run.metrics)
    assert len(rows) == 300
    assert all(0 <= row["elapsed_s"] < 120 and row["steps_per_s"] > 0 for row in rows), "durations are of another clock"


@pytest.mark.side_by_side
def test_deadlines_and_durations_are_of_the_monotonic_clock():
    forbidden = {"time", "time_ns"}
    for package in ("gwt_ib", "gwt_ib_tui"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            called = {
                node.attr
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time"
            }
            assert not called & forbidden, f"{path} asks for the time of day"
