"""An environment that behaves well until a fault is put in its way; `faulty_env:Faulty-v0` is launched by that id.

A fault is an empty file `NUMBER-KIND` in the folder that `FAULTY_ENV` names: the first environment that sees it takes it
away and does what it says, once. So whoever tests chooses kind and moment, and a replacement does not meet it again.
A file `always-KIND` is met by every environment, again and again, `evaluator-KIND` by those of evaluations.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

FLOOD_BYTES = 30 << 20
Step = tuple[Any, Any, bool, bool, dict[str, Any]]


class Faulty(gym.Env[Any, Any]):
    """Observes three numbers of the seed's own; episodes of 8 to 15 steps."""

    observation_space = spaces.Box(-1, 1, (3,), np.float32)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.left = int(self.np_random.integers(8, 16))
        return self._observe(), {}

    def step(self, action: Any) -> Step:
        self.left -= 1
        result: Step = self._observe(), float(action), self.left <= 0, False, {}
        kind = fault_here(self.left)
        return result if kind is None else FAULTS[kind](result)

    def _observe(self) -> Any:
        return self.np_random.uniform(-1, 1, 3).astype(np.float32)


def fault_here(left: int) -> str | None:
    """The kind of the fault that is in the way of this step, taken away; none where the way is free.

    An environment takes one only where its episode has a certain number of steps left, so that not all meet the first one.
    """
    folder = os.environ.get("FAULTY_ENV")
    if not folder:
        return None
    for path in sorted(Path(folder).iterdir()):
        number, _, kind = path.name.partition("-")
        if number == "always":
            return kind
        if number == "evaluator" and "evaluator" in sys.argv[0]:
            return kind
        if number.isdigit() and left % 4 == int(number) % 4:
            with suppress(FileNotFoundError):  # another environment was first
                path.rename(path.with_name(f"taken-{path.name}-{os.getpid()}"))
                return kind
    return None


def put_fault(folder: Path, number: int, kind: str) -> Path:
    """Put a fault in the way; returns its file, which goes when an environment has met it."""
    assert kind in FAULTS, kind
    path = folder / f"{number:06d}-{kind}"
    path.touch()
    return path


def _raises(result: Step) -> Step:
    raise RuntimeError("the faulty environment broke \x1b[31mred[/red]")


def _leaves(result: Step) -> Step:
    raise SystemExit("the faulty environment wants to leave")


def _exits(result: Step) -> Step:
    os._exit(3)


def _dies(result: Step) -> Step:
    os.kill(os.getpid(), signal.SIGSEGV)
    return result


def _sleeps(result: Step) -> Step:
    while True:
        time.sleep(60)


def _spins(result: Step) -> Step:
    while True:
        pass


def _floods(result: Step) -> Step:
    line = "a line that nobody reads " * 40 + "\n"
    for _ in range(FLOOD_BYTES // len(line)):
        sys.stderr.write(line)
    return result


def _greedy(result: Step) -> Step:
    return (bytearray(1 << 56), *result[1:])  # more than any machine has


def _slow(result: Step) -> Step:
    time.sleep(0.5)
    return result


def _with_observation(make: Callable[[Any], Any]) -> Callable[[Step], Step]:
    return lambda result: (make(result[0]), *result[1:])


def _with_reward(value: Any) -> Callable[[Step], Step]:
    return lambda result: (result[0], value, *result[2:])


def _put(value: float) -> Callable[[Step], Step]:
    return _with_observation(lambda seen: np.array([seen[0], value, seen[2]], np.float32))


FAULTS: dict[str, Callable[[Step], Step]] = {
    "raise": _raises,
    "leave": _leaves,
    "greedy": _greedy,
    "exit": _exits,
    "segv": _dies,
    "sleep": _sleeps,
    "spin": _spins,
    "flood": _floods,
    "slow": _slow,
    "nan": _put(np.nan),
    "inf": _put(np.inf),
    "outside": _put(7.0),
    "shape": _with_observation(lambda seen: seen[:2]),
    "more": _with_observation(lambda seen: np.zeros((2, 3), np.float32)),
    "dtype": _with_observation(lambda seen: np.array([0.0, 1e300, 0.0])),
    "text": _with_observation(lambda seen: "three numbers"),
    "nothing": _with_observation(lambda seen: None),
    "nan_reward": _with_reward(float("nan")),
    "inf_reward": _with_reward(float("inf")),
    "huge_reward": _with_reward(1e300),
    "no_reward": _with_reward(None),
    "four": lambda result: result[:4],  # type: ignore[dict-item, return-value]
}

gym.register("Faulty-v0", Faulty)
