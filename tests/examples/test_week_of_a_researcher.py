"""The script of a researcher's week does all of it, at a small size."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import SMALL, assignments

from gwt_ib import Run

SCRIPT = Path(__file__).parents[2] / "examples" / "week_of_a_researcher.py"
SETTINGS = {**SMALL, "channel": "serial", "num_actors": 1, "learner_threads": 1}
for known in ("env_id", "total_timesteps"):
    del SETTINGS[known]


@pytest.mark.processes
@pytest.mark.side_by_side
def test_the_week_from_eight_runs_to_an_episode_that_is_watched(tmp_path, nothing_left):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--steps", "1024", *assignments(**SETTINGS)],
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    runs = Run.all(tmp_path / "runs")
    assert sorted((run.config.gate, run.config.seed) for run in runs) == [
        (gate, seed) for gate in ("open", "td") for seed in (1, 2, 3, 4)
    ]
    assert {run.state for run in runs} == {"finished"} and all("week" in run.tags for run in runs)
    (best,) = [run for run in runs if run.name == "the best"]
    assert best.metrics["ep100"][-1] == max(run.metrics["ep100"][-1] for run in runs)
    assert len(re.findall(r"^ gate=(?:td|open) +4 of 4 ", done.stdout, re.MULTILINE)) >= 4, "compared as two settings"
    assert "| gate=td" in (tmp_path / "results.md").read_text()
    assert (tmp_path / "curves.svg").read_bytes().startswith(b"<?xml")
    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8 * 4 and {row["run"] for row in rows} == {run.path.name for run in runs}
    evaluated = best.rows[-1]["eval_returns"]
    played = re.search(r"played in Python: (.*)", done.stdout)
    assert played and played[1].split(", ")[: len(evaluated)] == [f"{value:.2f}" for value in evaluated]
    watched = re.search(r"episode 0 of seed \d+, .*: return (\S+) in \d+ steps", done.stdout)
    assert watched and float(watched[1]) == pytest.approx(evaluated[0], rel=1e-3)
    assert (tmp_path / "episode.svg").read_text().startswith("<svg")
