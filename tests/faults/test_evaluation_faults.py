"""What happens to evaluations: their process is killed or stopped, or an environment breaks there and nowhere else."""

from __future__ import annotations

import signal

import psutil
import pytest
from chaos import Chaos
from outcome import Outcome, outcome
from undisturbed import SETTINGS

pytestmark = pytest.mark.processes
EVALUATED = {**SETTINGS, "eval_every": 5, "eval_episodes": 4, "eval_gate_share": 1.0}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What a run with evaluations comes to that nobody disturbs."""
    run = Chaos(tmp_path_factory.mktemp("evaluated"))
    run.launch(**EVALUATED)
    assert run.ends() == 0
    return outcome(run.run)


def evaluator(run: Chaos) -> psutil.Process | None:
    """The evaluator's process."""
    return next(iter(run.processes("gwt_ib.processes.evaluator")), None)


def test_an_evaluator_that_is_killed_again_and_again_costs_no_evaluation(toy: Chaos, evaluated: Outcome) -> None:
    toy.launch(**EVALUATED)
    for update in (6, 14, 22):
        toy.wait_for_update(update)
        toy.wait(lambda: evaluator(toy) is not None, "an evaluator")
        if (process := evaluator(toy)) is not None:
            process.kill()
    assert toy.ends() == 0
    assert outcome(toy.run) == evaluated


def test_a_stopped_evaluator_is_replaced(toy: Chaos, evaluated: Outcome) -> None:
    toy.launch(**EVALUATED, start_timeout_s=20.0, hang_timeout_s=2.0)
    toy.wait_for_update(6)
    toy.wait(lambda: evaluator(toy) is not None, "an evaluator")
    if (process := evaluator(toy)) is not None:
        process.send_signal(signal.SIGSTOP)
    assert toy.ends() == 0
    ended = outcome(toy.run)
    assert (ended.rows, ended.model) == (evaluated.rows, evaluated.model)


@pytest.mark.parametrize(
    "kind", ["sleep", "exit", *(pytest.param(kind, marks=pytest.mark.soak) for kind in ("raise", "leave"))]
)
def test_an_environment_that_breaks_in_evaluations_alone_costs_evaluations_and_not_the_run(
    toy: Chaos, kind: str
) -> None:
    (toy.faults / f"evaluator-{kind}").touch()
    settings = {"env_id": "faulty_env:Faulty-v0", "eval_every": 4, "eval_episodes": 3, "max_restarts": 1}
    toy.launch(**{**SETTINGS, **settings}, start_timeout_s=6.0, hang_timeout_s=4.0)
    assert toy.ends() == 0
    warnings = [event["message"] for event in toy.events("warning")]
    assert any(message.startswith("no evaluation: ") for message in warnings), warnings
    assert toy.events("actor_died") == [] == toy.events("learner_died")
