"""Ctrl-C once, twice, three times, in every phase of a run: it ends in time, without a traceback, with its snapshot."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest
from chaos import Chaos
from faults_support import measured

pytestmark = pytest.mark.processes
FIRST_S, SECOND_S = 10.0, 1.0
SLACK_S = 20.0  # of a machine that does other things too: what is measured stands in docs/reliability.md


def starting(run: Chaos) -> None:
    run.launch()
    run.wait(lambda: run.run.run.exists() and run.run.read_run().learner is not None, "a learner")


def training(run: Chaos) -> None:
    run.launch()
    run.wait_for_update(20)


def saving(run: Chaos) -> None:
    run.launch(snapshot_every=1)
    run.wait_for_update(5)
    run.wait(run.in_a_save, "a save")


def learning(run: Chaos) -> None:
    run.launch(hook="slow:5:1000")
    run.wait_for_update(4)


def evaluating(run: Chaos) -> None:
    # Episodes of 52 steps, so many of them that the evaluation lasts for minutes.
    run.launch(eval_every=5, eval_episodes=10_000, learner_timeout_s=60.0)
    run.wait_for_update(4)
    run.wait(lambda: _stays(run), "an evaluation")


def paused(run: Chaos) -> None:
    run.launch()
    run.wait_for_update(5)
    assert run.command("pause", "run").returncode == 0


def _stays(run: Chaos) -> bool:
    """Whether the run does not get on although nobody asked it to wait."""
    before = run.run.read_run().heartbeat
    update = run.update
    run.wait(lambda: (run.run.read_run().heartbeat or 0) > (before or 0) + 1.0, "heartbeats")
    return update == run.update


PHASES = (starting, training, saving, learning, evaluating, paused)


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.__name__)
def test_one_ctrl_c_ends_the_run_in_time(toy: Chaos, phase: Callable[[Chaos], None]) -> None:
    phase(toy)
    began = time.monotonic()
    toy.signal(signal.SIGINT)
    assert toy.ends() == 130
    took = time.monotonic() - began
    measured(f"F29: one Ctrl-C while {phase.__name__} ends the run after", f"{took:.1f} s")
    assert took < FIRST_S + SLACK_S
    assert toy.run.read_run().state == "stopped"
    if phase in (training, saving, paused):
        assert toy.newest_update() == toy.update, "the last snapshot is of the last row"


def often(phase: Callable[[Chaos], None], count: int, *marks: pytest.MarkDecorator) -> object:
    """A phase and how many times Ctrl-C is pressed in it."""
    return pytest.param(phase, count, id=f"{phase.__name__}-{count}", marks=marks)


@pytest.mark.parametrize(
    ("phase", "count"),
    [often(starting, 2), often(learning, 3), often(evaluating, 2)]
    + [
        often(*both, pytest.mark.soak)
        for both in ((starting, 3), (learning, 2), (evaluating, 3), (saving, 2), (paused, 2))
    ],
)
def test_further_ones_end_it_at_once(toy: Chaos, phase: Callable[[Chaos], None], count: int) -> None:
    phase(toy)
    toy.signal(signal.SIGINT)
    toy.wait(lambda: _asked_to_end(toy), "the first one is obeyed") if phase is not starting else None
    began = time.monotonic()
    for _ in range(count - 1):
        if toy.alive():
            toy.signal(signal.SIGINT)
    assert toy.ends() == 130
    took = time.monotonic() - began
    measured(f"F29: {count} times Ctrl-C while {phase.__name__} ends it after", f"{took:.1f} s")
    assert took < SECOND_S + SLACK_S


def _asked_to_end(run: Chaos) -> bool:
    log = run.run.logs / "trainer.log"
    return "will end" in log.read_text(errors="replace")
