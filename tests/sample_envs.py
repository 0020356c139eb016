"""Environments made up for tests; `sample_envs:Nested-v0` is launched by that id."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces


class Nested(gym.Env[Any, Any]):
    """A nested Dict and Tuple to see, a Box to act in, and a complaint about any action outside it."""

    observation_space = spaces.Dict(
        {
            "what": spaces.Tuple((spaces.Discrete(3, start=1), spaces.Box(-np.inf, np.inf, (2, 2), np.float64))),
            "flags": spaces.MultiBinary(3),
            "when": spaces.Dict({"step": spaces.Box(0, 255, (), np.uint8)}),
        }
    )
    action_space = spaces.Box(np.array([-1.0, 0.0], np.float32), np.array([2.0, 0.5], np.float32))

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps = 0
        return self._observe(), {"answer": 42}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if not self.action_space.contains(action):
            raise ValueError(f"{action} is outside {self.action_space}")
        self.steps += 1
        return self._observe(), float(-np.abs(action).sum()), False, self.steps == 20, {"answer": 42}

    def _observe(self) -> dict[str, Any]:
        what = (int(self.np_random.integers(1, 4)), self.np_random.normal(size=(2, 2)))
        flags = self.np_random.integers(0, 2, 3, dtype=np.int8)
        return {"what": what, "flags": flags, "when": {"step": np.array(self.steps, np.uint8)}}


class Ends(gym.Env[Any, Any]):
    """Observes the step number; episodes with an even seed terminate after 5 steps, the others are truncated after 7."""

    observation_space = spaces.Box(0, 100, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps = 0
        self.terminates = (seed or 0) % 2 == 0
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        obs = np.full(1, self.steps, np.float32)
        return obs, 1.0, self.terminates and self.steps == 5, not self.terminates and self.steps == 7, {}


class Breaks(Ends):
    """Raises in every step of an instance from its 30th on."""

    total = 0

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.total += 1
        if self.total >= 30:
            raise RuntimeError("[bold]the sample environment broke[/bold]")
        return super().step(action)


class Fragile(Ends):
    """Breaks where action 1 meets the third coin of an episode, which the seed throws."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        coin = self.np_random.integers(0, 2)
        if self.steps == 2 and coin == 1 and action == 1:
            raise RuntimeError("the glass broke")
        return super().step(action)


class Pictured(gym.Env[Any, Any]):
    """Draws a white square on blue, 40 pixels high and 60 wide, that moves right by 4 pixels each step; 12 steps long."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array", "ansi"]}
    observation_space = spaces.Box(-1, 1, (3,), np.float32)
    action_space = spaces.Discrete(4)

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps = 0
        return self._observe(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        return self._observe(), float(action) - 1.0, self.steps == 12, False, {}

    def render(self) -> Any:
        if self.render_mode == "ansi":
            return f"\n\x1b[41m{'.' * self.steps}@\x1b[0m\n"
        frame = np.zeros((40, 60, 3), np.uint8)
        frame[:, :, 2] = 200
        frame[16:24, 4 * self.steps : 4 * self.steps + 8] = 255
        return frame

    def _observe(self) -> Any:
        return self.np_random.uniform(-1, 1, 3).astype(np.float32)


class InText(Pictured):
    """Draws itself in characters alone."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["ansi"]}


class Undrawn(Pictured):
    """Says that it can be drawn, and cannot."""

    def render(self) -> Any:
        raise RuntimeError("no screen")


class Quits(Pictured):
    """Ends its process in the third step."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.steps == 2:
            sys.stdout.write("the licence has run out\n")
            sys.stdout.flush()
            os._exit(7)
        return super().step(action)


class Hangs(Pictured):
    """Does not come back from the third step."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.steps == 2:
            time.sleep(1000)
        return super().step(action)


gym.register("Pictured-v0", Pictured)
gym.register("InText-v0", InText)
gym.register("Undrawn-v0", Undrawn)
gym.register("PicturedQuits-v0", Quits)
gym.register("PicturedHangs-v0", Hangs)
gym.register("Nested-v0", Nested)
gym.register("Fragile-v0", Fragile)
gym.register("Ends-v0", Ends)
gym.register("Breaks-v0", Breaks)
