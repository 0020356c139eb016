"""A trainer that is killed, alone or with everything: nothing of it stays, and the run goes on with `resume`."""

from __future__ import annotations

import time

import psutil
import pytest
from chaos import STEPS
from faults_support import measured
from support import hidden, wait_until

pytestmark = pytest.mark.processes


def test_a_killed_trainer_takes_every_process_with_it_and_the_run_is_resumed(toy):
    toy.launch(eval_every=20, eval_episodes=2)
    toy.wait_for_update(25)
    others = [process for process in toy.processes() if process.pid != toy.trainer]
    assert len(others) >= 4, "learner, two actors, evaluator"
    began = time.monotonic()
    toy.kill(toy.trainer)
    psutil.wait_procs(others, timeout=5.0)
    wait_until(lambda: not toy.processes(), 5.0, "a process outlived its trainer")
    gone = time.monotonic() - began
    measured("F6: after the death of the trainer nothing is left after", f"{gone:.2f} s")
    assert gone < 15.0
    toy.assert_invariants()
    last = toy.newest_update()
    toy.resume("--total-timesteps", str((last + 20) * STEPS))
    assert toy.ends() == 0
    assert toy.update == last + 20


@pytest.mark.side_by_side
def test_a_machine_that_is_switched_off_leaves_nothing_that_hinders_the_next_start(toy):
    toy.launch(snapshot_every=1)
    toy.wait_for_update(10)
    toy.wait(toy.in_a_save, "a save")
    toy.kill_everything()
    toy.assert_invariants()
    (toy.run.snapshots / ".000000000001.tmp-1").mkdir(exist_ok=True)  # where the kill came between two saves
    last = toy.newest_update()
    toy.resume("--total-timesteps", str((last + 20) * STEPS))
    assert toy.ends() == 0
    assert toy.update == last + 20
    assert hidden(toy.run.snapshots) == []
    assert [path.name for path in toy.run.path.iterdir() if ".tmp-" in path.name] == []
