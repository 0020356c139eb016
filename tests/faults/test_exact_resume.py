"""A run that is killed with -9 at seeded moments and resumed ends as one that nobody touched, to the bit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from chaos import STEPS, TOY, Chaos
from exact import killed_and_resumed, undisturbed
from outcome import outcome
from support import ARMS

pytestmark = [pytest.mark.processes, pytest.mark.side_by_side]
TASKS = {
    "popgym-RepeatPreviousEasy-v0": 2,
    "popgym-CountRecallEasy-v0": 1,
    "popgym-PositionOnlyPendulumEasy-v0": 1,
    "popgym-BattleshipEasy-v0": 1,
    "popgym-LabyrinthEscapeEasy-v0": 1,
}
"""And how often each is killed here; `benchmarks/exact_resume.py --kills 20` is the longer way."""
UPDATES = 100
SETTINGS = {
    "lr": 1e-3, "eval_every": 20, "eval_episodes": 2, "eval_max_steps": 20, "eval_gate_share": 1.0, "snapshot_every": 10,
}  # fmt: skip


@pytest.mark.parametrize(("env_id", "kills"), TASKS.items(), ids=[name.split("-")[1] for name in TASKS])
def test_a_run_that_was_killed_and_resumed_is_bitwise_the_undisturbed_one(
    tmp_path: Path, env_id: str, kills: int
) -> None:
    pytest.importorskip("mazelib") if "Labyrinth" in env_id else None
    kills = int(os.environ.get("GWT_IB_KILLS", kills))
    settings = {**TOY, **SETTINGS, "env_id": env_id, "total_timesteps": UPDATES * STEPS}
    wanted = undisturbed(tmp_path / "undisturbed", settings)
    found, report = killed_and_resumed(tmp_path / "killed", settings, kills=kills, seed=f"exact:{env_id}")
    assert report.kills == kills
    assert sum(row["eval_replaced"] is not None for row in wanted.rows) > 1, (
        "the schedule of replaced gates is tried, too"
    )
    assert found == wanted, found.first_difference(wanted)
    assert report.exact, "run.json says so, too"


@pytest.mark.parametrize("arm", ["lstm-td", "gru-open"])
def test_so_is_one_with_another_cell_and_gate(tmp_path: Path, arm: str) -> None:
    settings = {**TOY, **SETTINGS, **ARMS[arm], "env_id": "popgym-RepeatPreviousEasy-v0", "total_timesteps": 40 * STEPS}
    wanted = undisturbed(tmp_path / "undisturbed", settings)
    found, report = killed_and_resumed(tmp_path / "killed", settings, kills=1, seed=f"exact:{arm}")
    assert found == wanted, found.first_difference(wanted)
    assert report.exact


def test_a_run_that_is_resumed_with_other_numbers_of_actors_is_the_same_run(toy: Chaos, tmp_path: Path) -> None:
    settings = {**TOY, **SETTINGS, "total_timesteps": 90 * STEPS, "eval_every": 0, "lr": 1e-3}
    wanted = undisturbed(tmp_path / "undisturbed", settings)
    toy.launch(**settings)
    for update, actors in ((30, 1), (60, 4)):
        toy.wait_for_update(update)
        toy.kill_everything()
        toy.resume("--set", f"num_actors={actors}")
    assert toy.ends() == 0
    assert toy.run.read_config().num_actors == 4
    found = outcome(toy.run)
    assert found.rows == wanted.rows and found.model == wanted.model, found.first_difference(wanted)


@pytest.mark.soak
@pytest.mark.parametrize("actors", [1, 4])
def test_the_same_run_with_another_number_of_actors_is_exact_too(tmp_path: Path, actors: int) -> None:
    settings = {**TOY, **SETTINGS, "num_actors": actors, "total_timesteps": 60 * STEPS, "eval_every": 0}
    wanted = undisturbed(tmp_path / "undisturbed", settings)
    found, _ = killed_and_resumed(tmp_path / "killed", settings, kills=1, seed=f"actors:{actors}")
    assert found == wanted, found.first_difference(wanted)
