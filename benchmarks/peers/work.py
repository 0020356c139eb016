"""The work that every project is given: its settings, the environment, and how speed is counted.

Adapters import this in an environment of their own, so it needs nothing but gymnasium, numpy and popgym, and those in any
version that a peer asks for.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections import deque
from dataclasses import dataclass, fields
from importlib.metadata import version
from typing import Any

import gymnasium
import numpy as np

WARM_UP = 0.1
"""The share of a run's updates that is left out, at the beginning."""
EPISODES = 100
"""The newest episodes whose mean return is reported."""


@dataclass(frozen=True)
class Work:
    """One piece of work, and how many threads and processes it may take. The defaults are the configuration's."""

    env_id: str = "popgym-CountRecallEasy-v0"
    steps: int = 200_000
    envs: int = 16
    rollout: int = 256
    bptt: int = 64
    epochs: int = 4
    minibatches: int = 4
    hidden: int = 128
    seed: int = 1
    threads: int = 1
    workers: int = 0
    variant: str = ""
    lr: float = 2.5e-4
    gamma: float = 0.99
    gae_lambda: float = 0.95
    clip: float = 0.2
    vf_coef: float = 0.5
    ent_coef: float = 0.01
    max_grad_norm: float = 0.5

    @property
    def batch(self) -> int:
        """Environment steps of one update."""
        return self.envs * self.rollout

    @property
    def updates(self) -> int:
        """Whole updates; the last, incomplete rollout is not made."""
        return self.steps // self.batch

    def words(self) -> list[str]:
        """The command line that `asked` reads back."""
        return [f"--{field.name.replace('_', '-')}={getattr(self, field.name)}" for field in fields(self)]


def asked(description: str) -> Work:
    """The work that the command line asks for."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    for field in fields(Work):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default)
    return Work(**vars(parser.parse_args()))


class RowEnv(gymnasium.Env[Any, Any]):
    """The environment with flat float32 rows for observations, the same that ours get; discrete ones from a table.

    The last `info` of an episode holds `episode`, in the form that the libraries look for; all others are empty.
    """

    def __init__(self, env_id: str) -> None:
        """Make the environment without Gymnasium's checker, which is for developing one."""
        import popgym  # noqa: F401  (registers its ids)

        self.env = gymnasium.make(env_id, disable_env_checker=True)
        self.action_space = self.env.action_space
        self.observation_space = gymnasium.spaces.flatten_space(self.env.observation_space)
        self._discrete = isinstance(
            self.env.observation_space, gymnasium.spaces.Discrete | gymnasium.spaces.MultiDiscrete
        )
        self.observation_space = gymnasium.spaces.Box(0.0, 1.0, (self.observation_space.shape[0],), np.float32)
        self._rows: dict[bytes, np.ndarray] = {}
        self._return, self._length = 0.0, 0

    def _row(self, observation: Any) -> np.ndarray:
        if not self._discrete:
            return np.asarray(gymnasium.spaces.flatten(self.env.observation_space, observation), np.float32)
        key = np.asarray(observation).tobytes()
        row = self._rows.get(key)
        if row is None:
            flat = gymnasium.spaces.flatten(self.env.observation_space, observation)
            row = self._rows[key] = np.asarray(flat, np.float32)
        return row

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """Begin an episode."""
        observation, _ = self.env.reset(seed=seed)
        self._return, self._length = 0.0, 0
        return self._row(observation), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """One step; the action is a whole number, Python's or NumPy's."""
        observation, reward, terminated, truncated, _ = self.env.step(int(action))
        self._return += reward
        self._length += 1
        info = {}
        if terminated or truncated:
            info["episode"] = {"r": self._return, "l": self._length}
        return self._row(observation), float(reward), terminated, truncated, info


class Meter:
    """Notes when each update was finished, and the returns of the newest episodes."""

    def __init__(self) -> None:
        """The clock starts when the first environment step is about to be made."""
        self.marks: list[tuple[float, int]] = [(time.monotonic(), 0)]
        self.returns: deque[float] = deque(maxlen=EPISODES)
        self.episodes = 0

    def update(self, env_steps: int) -> None:
        """An update is done; `env_steps` are counted from the start of the run."""
        self.marks.append((time.monotonic(), env_steps))

    def episode(self, total: float) -> None:
        """An episode ended with this return."""
        self.returns.append(total)
        self.episodes += 1

    def report(self, work: Work, library: str = "") -> None:
        """Write the result as the last line of the standard output."""
        names = ["torch", "numpy", "gymnasium", "popgym", *([library] if library else [])]
        result = {
            **steady(self.marks),
            "env_steps": self.marks[-1][1],
            "return": float(np.mean(self.returns)) if self.returns else None,
            "episodes": self.episodes,
            "threads": work.threads,
            "versions": {name: version(name) for name in names},
        }
        sys.stdout.write("\n" + json.dumps(result) + "\n")
        sys.stdout.flush()


def steady(marks: list[tuple[float, int]]) -> dict[str, float]:
    """Steps per second over the whole run but its warm-up, from (seconds, env steps) at the start and after each update.

    At least one update is left out and one is measured; raises `ValueError` when there are fewer than two.
    """
    updates = len(marks) - 1
    if updates < 2:
        raise ValueError(f"{updates} updates are too few to measure a speed: at least 2 are needed")
    warm_up = min(max(math.ceil(WARM_UP * updates), 1), updates - 1)
    seconds = marks[-1][0] - marks[warm_up][0]
    steps = marks[-1][1] - marks[warm_up][1]
    return {"steps_per_s": steps / seconds, "updates": updates, "warm_up": warm_up, "measured_s": seconds}


def limit_threads(work: Work) -> None:
    """Set torch's threads for this process, and for those that it starts."""
    import torch

    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(work.threads)
    torch.set_num_threads(work.threads)
