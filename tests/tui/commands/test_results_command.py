"""`results` as a user meets it: a sweep's table with its runs evaluated, its forms, other runs, and mistakes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support import SMALL
from training_here import training_here

from gwt_ib.config import Config
from gwt_ib.runs.create import create_run
from gwt_ib.runs.jsonl import RecordWriter
from gwt_ib.sweeps.directory import SweepDirectory

Command = Callable[..., "subprocess.CompletedProcess[str]"]
SETTINGS = {**SMALL, "total_timesteps": 3 * 32_768, "num_envs": 16, "rollout_steps": 2048}
BASE = "\n".join(f"{name} = {json.dumps(value)}" for name, value in SETTINGS.items() if name != "env_id")
SWEEP = f"""
[base]
{BASE}
[grid]
env_id = ["{SMALL["env_id"]}"]
seed = [1, 2]
[[arm]]
name = "budget"
[[arm]]
name = "free"
lambda_c = 0.0
"""


def finished_run(path: Path, config: Config, best: float) -> None:
    """A run as a trainer leaves it: three updates, of which the first two are an epoch, and a snapshot."""
    run = create_run(config, path, [])
    training_here(run, config)[0].last_snapshot()
    rows = RecordWriter(run.metrics)
    for update, mean in enumerate((best, best - 0.5, 9.0), start=1):
        steps = update * 32_768
        rows.append(
            {"update": update, "env_steps": steps, "episodes": 10 * update, "ep_return": mean, "ep100": mean}
            | {"elapsed_s": steps / 50_000}
        )
    rows.close()
    record = run.read_run()
    run.write_run(replace(record, state="finished", started=record.created, exit_code=0))


@pytest.fixture
def sweep(tmp_path: Path) -> SweepDirectory:
    """Four planned runs, of which three are finished."""
    made = SweepDirectory(tmp_path / "sweeps" / "small")
    made.runs.mkdir(parents=True)
    made.definition.write_text(SWEEP)
    for place, member in enumerate(made.read_definition().members[:3]):
        finished_run(made.member_path(member), member.config, 0.1 * place)
    return made


def test_a_sweep_s_runs_are_evaluated_once_and_come_in_every_form(command: Command, sweep: SweepDirectory) -> None:
    first = command("results", "small", "--json")
    assert first.returncode == 0, first.stderr
    assert [line.split(":")[0] for line in first.stderr.splitlines()] == [f"evaluation {n} of 3" for n in (1, 2, 3)]
    found = json.loads(first.stdout)
    assert found["runs"]["finished"] == 3 and found["runs"]["waiting"] == 1
    budget, free = found["rows"]
    assert (budget["arm"], budget["seeds"], free["seeds"]) == ("budget", [1, 2], [1])
    assert budget["mmer"]["values"] == pytest.approx([-0.25, -0.05]) and budget["steps_per_s"] == pytest.approx(5e4)
    assert len(budget["evaluation"]["values"]) == 2 and budget["mmer"]["mean"]["low"] is not None
    evaluated = {each["run"]: each["evaluation"] for each in found["members"]}
    assert len(evaluated) == 4 and sum(value is not None for value in evaluated.values()) == 3

    table = command("results", str(sweep.path))
    assert table.returncode == 0 and table.stderr == "", "they are there already"
    assert "RepeatPreviousEasy" in table.stdout and "3 of 4 runs are finished, 1 waiting" in table.stdout
    (row, _) = csv.DictReader(io.StringIO(command("results", "small", "--csv").stdout))
    assert float(row["evaluation_mean"]) == pytest.approx(budget["evaluation"]["mean"]["value"])
    assert "| RepeatPreviousEasy | budget | 2 of 2 |" in command("results", "small", "--markdown").stdout


def test_runs_that_are_in_no_sweep_have_their_differing_settings_as_arms(
    command: Command, sweep: SweepDirectory
) -> None:
    result = command("results", str(sweep.runs), "--csv", "--no-evaluate")
    assert result.returncode == 0, result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["arm"], row["finished"], row["evaluation_mean"]) for row in rows] == [
        ("lambda_c=0.05", "2", ""),
        ("lambda_c=0", "1", ""),
    ]
    assert "no evaluation of its last snapshot" in result.stderr


def test_a_mistake_gets_a_sentence(command: Command, tmp_path: Path, sweep: SweepDirectory) -> None:
    (tmp_path / "empty").mkdir()
    for arguments, words in (
        (["smal"], "There is no sweep and no run 'smal'. Did you mean small?"),
        (["empty"], "empty is neither a sweep nor a run"),
        (["small", "--csv", "--json"], "Choose one of"),
    ):
        result = command("results", *arguments)
        assert result.returncode == 2 and words in result.stderr and len(result.stderr.splitlines()) == 1
