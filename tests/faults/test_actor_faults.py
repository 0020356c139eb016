"""Actors that are killed or stopped: replaced, and the run is bit by bit the one that it would have been."""

from __future__ import annotations

import signal
import time

import pytest
from chaos import Chaos
from faults_support import chance, measured
from outcome import outcome
from support import WITH_ACTORS_HERE
from undisturbed import SETTINGS

pytestmark = [pytest.mark.processes, WITH_ACTORS_HERE]


def replaced(run: Chaos, actor: int, killed: int) -> int:
    """Wait until another process has an actor's place; its id."""
    run.wait(lambda: run.actor(actor) != killed, f"actor {actor} replaced")
    return run.actor(actor)


def test_actors_killed_at_seeded_moments_cost_a_moment_and_change_nothing(toy, undisturbed):
    random = chance("actors")
    toy.launch(**SETTINGS)
    seen, again = [], []
    for count in range(4):
        toy.wait_for_update(20 + 60 * count + random.randrange(20))
        actor = random.randrange(2)
        began = time.monotonic()
        killed = toy.kill(toy.actor(actor))
        toy.wait(lambda count=count: len(toy.events("actor_died")) > count, "the death is seen")
        seen.append(time.monotonic() - began)
        replaced(toy, actor, killed)
        toy.more_updates(2)
        again.append(time.monotonic() - began)
    assert toy.ends() == 0
    assert len(toy.events("actor_replaced")) == 4
    assert all("SIGKILL" in event["message"] for event in toy.events("actor_died"))
    measured("F1: a killed actor is seen after", f"{max(seen):.2f} s at most")
    measured("F1: the run goes on after", f"{max(again):.1f} s at most")
    assert max(seen) < 10.0
    assert outcome(toy.run) == undisturbed


def test_actors_killed_again_and_again_use_up_their_budget_and_the_run_ends_with_a_snapshot(toy):
    toy.launch(max_restarts=2)
    toy.wait_for_update(5)
    began = time.monotonic()
    while toy.alive() and time.monotonic() - began < 60.0:
        for actor in toy.run.read_run().actors:
            if actor.alive and actor.pid is not None and toy.alive():
                toy.kill(actor.pid)
        time.sleep(0.05)
    assert toy.ends() == 69
    record = toy.run.read_run()
    assert record.state == "failed" and "SIGKILL" in record.message and "Actor" in record.message
    assert toy.newest_update() == toy.update, "the last snapshot is of the last row"
    assert "resume" in toy.output, "the next step is said"


def test_a_stopped_actor_is_replaced_and_a_run_with_a_stopped_actor_ends(toy):
    toy.launch(hang_timeout_s=2.0)
    toy.wait_for_update(10)
    stopped = toy.kill(toy.actor(0), signal.SIGSTOP)
    began = time.monotonic()
    replaced(toy, 0, stopped)
    toy.more_updates(5)
    measured("F8: a stopped actor is replaced after", f"{time.monotonic() - began:.1f} s with a limit of 2 s")
    assert "hung" in toy.events("actor_died")[0]["message"]
    toy.kill(toy.actor(1), signal.SIGSTOP)
    began = time.monotonic()
    toy.signal(signal.SIGINT)
    assert toy.ends() == 130
    measured("F8: a run with a stopped actor ends after", f"{time.monotonic() - began:.1f} s")
    assert time.monotonic() - began < 30.0
