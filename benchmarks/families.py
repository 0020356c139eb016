"""The slowest families of POPGym: the speed of a whole run against what its environments allow.

    .venv/bin/python benchmarks/families.py [ENV_ID]… [--updates 20] [--rounds 3] [--set FIELD=VALUE]…

What the environments allow is measured without any agent: as many processes as a run has actors step as many environments as
an actor has with random valid actions, all at once, through the same `EnvBatch`. In a strict run actors wait while the
learner learns, so environments stand still then: "and the learner" is what would be left with its seconds in the same
run added, and no inference, writing or waiting. They take turns with a run with `max_policy_lag=1`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
import time
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

import numpy as np
from benched import bench, parse_settings, table_head, table_row

from gwt_ib.config import Config
from gwt_ib.config_sources import build
from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.machine import usable_cores
from gwt_ib.seeding import Stream

SLOW = (
    "popgym-LabyrinthExploreEasy-v0",
    "popgym-LabyrinthEscapeEasy-v0",
    "popgym-MineSweeperEasy-v0",
    "popgym-PositionOnlyPendulumEasy-v0",
    "popgym-NoisyPositionOnlyPendulumEasy-v0",
)
COLUMNS = [
    "environment",
    "environments alone",
    "and the learner",
    "strict run",
    "of the first",
    "of the second",
    "lag 1",
]
DRAWN = 256  # action rows of each environment; they are used again


def random_actions(codec: ActionCodec, envs: int, seed: int) -> np.ndarray:
    """Valid actions [DRAWN, envs, width]."""
    random = np.random.default_rng(seed)
    if codec.kind == "discrete":
        return random.integers(0, codec.sizes, (DRAWN, envs, codec.width)).astype(codec.dtype)
    return random.uniform(-1.0, 1.0, (DRAWN, envs, codec.width)).astype(codec.dtype)


def step_environments(config: Config, actor: int, seconds: float, begin: Barrier, answers: Queue[float]) -> None:
    """Step an actor's environments for so long, from when all processes have come to `begin`; answers steps/s."""
    size = config.envs_per_actor
    numbers = range(actor * size, (actor + 1) * size)
    envs = EnvBatch(config, stream=Stream.EPISODE, env_numbers=numbers, first_episodes=[0] * size)
    actions = random_actions(envs.actions, size, actor)
    observations = np.zeros((size, envs.observation_size), np.float32)
    results: dict[str, Any] = {"observations": observations, "next_observations": np.zeros_like(observations)}
    results |= {"rewards": np.zeros(size, np.float32)}
    results |= {"terminated": np.zeros(size, np.bool_), "truncated": np.zeros(size, np.bool_)}
    envs.reset(observations)
    begin.wait()
    began, steps = time.monotonic(), 0
    while (now := time.monotonic()) - began < seconds:
        for action in actions:
            envs.step(action, **results)
        steps += DRAWN * size
    answers.put(steps / (now - began))


def alone(config: Config, seconds: float) -> float:
    """Steps/s of all environments with no agent, in as many processes as there are actors."""
    context = multiprocessing.get_context("spawn")
    begin, answers = context.Barrier(config.num_actors), context.Queue()
    processes = [
        context.Process(target=step_environments, args=(config, actor, seconds, begin, answers), daemon=True)
        for actor in range(config.num_actors)
    ]
    for process in processes:
        process.start()
    total = sum(answers.get(timeout=60 + seconds) for _ in processes)
    for process in processes:
        process.join()
    return total


def learner_s(found: dict[str, Any]) -> float:
    """Seconds of an update in which the learner does not wait for a rollout: on these cores no environment moves then."""
    sections = (part for part in found["sections"] if part["process"] == "learner" and part["section"] != "wait")
    return sum(part["mean_ms"] for part in sections if part["section"] != "all") / 1000


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("env_ids", nargs="*", metavar="ENV_ID")
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of the environments alone")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    given = parser.parse_args()
    common = {"eval_every": 0, **parse_settings(given.set)}
    write = sys.stdout.write
    write(f"{usable_cores()} cores, load {os.getloadavg()[0]:.1f}, {common}; steps/s\n\n{table_head(COLUMNS)}")
    for env_id in given.env_ids or SLOW:
        config = build({**common, "env_id": env_id})
        speeds: dict[str, list[float]] = {"alone": [], "beside": [], "strict": [], "lag": []}
        for _ in range(given.rounds):
            allowed = alone(config, given.seconds)
            strict, lag = (bench({**common, "env_id": env_id, "max_policy_lag": lag}, given.updates) for lag in (0, 1))
            steps = config.steps_per_update
            speeds["alone"].append(allowed)
            speeds["beside"].append(steps / (steps / allowed + learner_s(strict)))
            speeds["strict"].append(strict["steps_per_s"]["median"])
            speeds["lag"].append(lag["steps_per_s"]["median"])
        alone_, beside, strict_, lag_ = (statistics.median(values) for values in speeds.values())
        shares = [f"{strict_ / alone_:.2f}", f"{strict_ / beside:.2f}"]
        write(table_row([env_id, f"{alone_:,.0f}", f"{beside:,.0f}", f"{strict_:,.0f}", *shares, f"{lag_:,.0f}"]))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
