"""`--detach` and `--seeds`: runs that go on by themselves, are found as all others, and whose snapshots are evaluated."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support import SMALL, assignments, wait_until

from gwt_ib.errors import UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.sweeps.directory import SweepDirectory, is_running
from gwt_ib_tui.commands.detaching import refuse_with
from gwt_ib_tui.commands.evaluating import evaluate

Command = Callable[..., "subprocess.CompletedProcess[str]"]
SETTINGS = assignments(**{**SMALL, "channel": "serial", "total_timesteps": 512, "snapshot_every": 1, "eval_every": 0})


@pytest.mark.processes
@pytest.mark.side_by_side
def test_seeds_are_trained_by_themselves_and_are_ordinary_runs(command: Command, tmp_path: Path) -> None:
    said = json.loads(command("launch", *SETTINGS, "--seeds", "1,3", "--detach", "--json").stdout)
    assert said["kind"] == "detached" and len(said["runs"]) == 2
    sweep = SweepDirectory(tmp_path / said["sweep"])
    wait_until(lambda: not is_running(sweep), 120, "both runs are trained")
    runs = [RunDirectory(tmp_path / "runs" / name) for name in said["runs"]]
    assert [(run.state(), run.read_config().seed) for run in runs] == [("finished", 1), ("finished", 3)]
    evaluated = command("evaluate", said["runs"][0], "--snapshot", "256", "--episodes", "1", "--json")
    assert Path(json.loads(evaluated.stdout)["snapshot"]).name == "000000000256", evaluated.stderr


@pytest.mark.processes
@pytest.mark.side_by_side
def test_a_detached_run_says_its_name_and_goes_on(command: Command, tmp_path: Path) -> None:
    result = command("launch", *SETTINGS, "--detach")
    run = RunDirectory(tmp_path / "runs" / result.stdout.strip())
    assert result.returncode == 0 and f"gwt-ib-tui attach runs/{run.name}" in result.stderr
    wait_until(lambda: run.state() == "finished", 60, "it is trained")


def test_options_that_say_nothing_together_are_refused() -> None:
    refuse_with("--seeds", seed=None, run_dir=None)
    with pytest.raises(UserError, match=r"--seeds does not go with --seed and --run-dir: leave one of them out\."):
        refuse_with("--seeds", seed=0, run_dir=Path("x"), require_gatecheck=None)
    with pytest.raises(UserError, match="leave --snapshot out"):
        evaluate("latest", snapshot="best", now=True)
