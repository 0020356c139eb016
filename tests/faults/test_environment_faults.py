"""Environments that raise, give what is no number, leave, die, hang or flood the log, while the run trains."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pytest
from chaos import BEGUN_S, Chaos
from faults_support import measured
from faulty_env import FAULTS, put_fault
from support import CHANNEL, read_incidents

from gwt_ib.runs.jsonl import read_records

pytestmark = pytest.mark.processes
FAULTY = {"env_id": "faulty_env:Faulty-v0", "max_restarts": 40}
MILD = ("raise", "leave", "greedy", "nan", "inf", "shape", "more", "dtype", "text", "nothing", "nan_reward",
        "inf_reward", "huge_reward", "no_reward", "four")  # fmt: skip
"""What is found at once, in the step that does it."""
LET_THROUGH = ("outside",)
"""Finite and beyond the bounds of its space: the check refuses it, a run lets it pass."""
ENDING = ("exit", "segv")
HANGING = ("sleep", "spin")
CAUSES = {
    "raise": "broke",
    "leave": "leave",
    "greedy": "MemoryError",
    "nan": " nan,",
    "dtype": "1e+300",
    "nan_reward": "reward",
    "shape": "(2,)",
}


def meet(run: Chaos, number: int, kind: str, limit_s: float = BEGUN_S) -> None:
    """Put a fault in the way, wait until it was met, and until the run goes on."""
    fault = put_fault(run.faults, number, kind)
    run.wait(lambda: not fault.exists(), f"{kind} was met", limit_s)
    run.more_updates(3, limit_s)


@pytest.mark.side_by_side
def test_every_kind_of_wrong_answer_costs_an_episode_and_is_kept_with_its_cause(toy):
    # Many environments, so that few of them fail three times and cost their process.
    toy.launch(**FAULTY, num_envs=32, rollout_steps=8, seq_len=8)
    toy.wait_for_update(5)
    for number, kind in enumerate((*LET_THROUGH, *MILD)):
        meet(toy, number, kind)
    assert toy.stop() == 143
    failures = toy.events("environment_failed")
    assert len(failures) == len(MILD)
    incidents = read_incidents(toy.run)
    assert len(incidents) >= len(MILD)
    texts = [json.dumps(incident) for incident in incidents]
    for kind, words in CAUSES.items():
        assert any(words in text for text in texts), f"no incident tells of {kind}: {words}"
    assert all(incident["seed"] >= 0 and isinstance(incident["actions"], list) for incident in incidents)
    rows = read_records(toy.run.metrics)
    numbers = [value for row in rows for value in row.values() if isinstance(value, float)]
    assert all(map(math.isfinite, numbers))
    assert not [event for event in toy.events("warning") if "not finite" in event["message"]], (
        "nothing reached the learner"
    )
    assert "\x1b[31m" not in toy.output, "what an environment says is not drawn as it is"


@pytest.mark.side_by_side
def test_an_environment_that_ends_its_process_is_as_an_actor_that_died(toy):
    toy.launch(**FAULTY)
    toy.wait_for_update(5)
    for number, kind in enumerate(ENDING):
        meet(toy, number, kind)
    assert toy.stop() == 143
    assert len(toy.events("actor_died")) == len(ENDING) == len(toy.events("actor_replaced"))
    said = " ".join(event["message"] for event in toy.events("actor_died"))
    assert CHANNEL != "local" or ("exit code 3" in said and "SIGSEGV" in said), "Ray knows no more than that it ended"


def test_an_environment_that_hangs_is_killed_and_replaced(toy):
    toy.launch(**FAULTY, hang_timeout_s=2.0)
    toy.wait_for_update(5)
    for number, kind in enumerate(HANGING):
        began = time.monotonic()
        meet(toy, number, kind)
        measured(
            f"F13: an environment that hangs ({kind}) is replaced after", f"{time.monotonic() - began:.1f} s of 2 s"
        )
    assert toy.stop() == 143
    assert len(toy.events("actor_died")) == len(HANGING)
    assert all("hung" in event["message"] for event in toy.events("actor_died"))


def test_an_environment_that_floods_its_log_fills_no_disk(toy):
    toy.launch(**FAULTY)
    toy.wait_for_update(5)
    for number in range(2):
        meet(toy, number, "flood")
    toy.wait(lambda: is_cut_back(toy.run.logs), "the log is cut back")
    measured("F13: the logs after 60 MB of prints have", f"{size_of(toy.run.logs) / 1e6:.1f} MB")
    assert toy.stop() == 143
    assert toy.events("actor_died") == []


def is_cut_back(folder: Path) -> bool:
    """Whether a log has lost its beginning, and all are of a moderate size."""
    beginnings = [path.read_bytes()[:100] for path in folder.iterdir()]
    return any(b"are left out" in beginning for beginning in beginnings) and size_of(folder) < 15 << 20


def size_of(folder: Path) -> int:
    """The bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.iterdir())


@pytest.mark.side_by_side
def test_an_environment_that_always_fails_ends_the_run_with_its_reason(toy):
    toy.launch(env_id="faulty_env:Faulty-v0", max_restarts=1)
    toy.wait_for_update(5)
    (toy.faults / "always-raise").touch()
    assert toy.ends() == 69
    assert "the faulty environment broke" in toy.run.read_run().message
    assert "the faulty environment broke" in toy.output
    assert toy.newest_update() == toy.update


@pytest.mark.side_by_side
@pytest.mark.parametrize(
    "kind", ["raise", "leave", "exit", "nan", "outside", "shape", "dtype", "text", "four", "nan_reward", "sleep"]
)
def test_an_environment_that_is_wrong_from_the_start_is_refused_with_a_sentence(toy, kind):
    (toy.faults / f"always-{kind}").touch()
    toy.launch(env_id="faulty_env:Faulty-v0", start_timeout_s=5.0 if kind == "sleep" else 60.0)
    assert toy.ends() == 78
    lines = [line for line in toy.output.splitlines() if line]
    assert len(lines) <= 3 and "faulty_env:Faulty-v0" in toy.output
    assert not toy.run.metrics.exists()


@pytest.mark.side_by_side
def test_every_kind_of_fault_is_tried():
    elsewhere = {"flood", "slow"}
    assert {*MILD, *LET_THROUGH, *ENDING, *HANGING, *elsewhere} == set(FAULTS)


def test_a_slow_environment_is_not_taken_for_one_that_hangs(toy):
    steps = 4
    toy.launch(
        **FAULTY, hang_timeout_s=3.0, num_envs=4, rollout_steps=steps, seq_len=steps, total_timesteps=2 * 4 * steps
    )
    toy.wait(lambda: toy.run.read_run().state == "running", "it runs")
    (
        toy.faults / "always-slow"
    ).touch()  # half a second for each step, and four seconds for a rollout of two environments
    assert toy.ends() == 0
    assert toy.events("actor_died") == []
