"""How fast an environment steps by itself, tried for a moment in a child: `python -m gwt_ib.sweeps.speed_process`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from gwt_ib.config import Config
from gwt_ib.errors import UserError
from gwt_ib.lenient import real
from gwt_ib.processes.child_answer import Stage, answer_call
from gwt_ib.processes.child_call import call_in_child

TRIED_S = 0.25
WARM_UP_STEPS = 5


def measure_step_s(config: Config, given_up: Callable[[], bool] = lambda: False) -> float | None:
    """Seconds that a step takes, resets included, with random actions; None where that could not be found out."""
    try:
        outcome = call_in_child(
            "gwt_ib.sweeps.speed_process",
            {"config": config.model_dump(mode="json")},
            timeout_s=config.start_timeout_s,
            given_up=given_up,
        )
    except UserError:
        return None
    return real((outcome.answer or {}).get("step_s"))


def step_for_a_moment(request: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    """The child's work."""
    from gwt_ib.envs.make import make_env

    config = Config(**request["config"])
    env = make_env(config, stage)
    env.action_space.seed(config.seed)
    env.reset(seed=config.seed)
    began, steps = time.perf_counter(), -WARM_UP_STEPS
    while time.perf_counter() - began < TRIED_S or steps < 1:
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()
        steps += 1
        if not steps:  # what the first calls load is not counted
            began = time.perf_counter()
    return {"step_s": (time.perf_counter() - began) / steps}


if __name__ == "__main__":
    answer_call(step_for_a_moment)
