"""Tasks of GateCheck's benchmark, launched as `gatecheck_tasks:NAME-v0`: what can be learnt of each is known beforehand.

Streams of symbols, one each step, an answer each step, and 1/length gained for a right answer and lost for a wrong one, so a
return lies in [-1, 1] as POPGym's. Symbols are drawn independently, so nothing but what a task says tells the answer.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

SYMBOLS = 4


class Stream(gym.Env[Any, int]):
    """Shows one of `symbols` each step for `length` steps; `due` says which answer is right."""

    def __init__(self, length: int = 16, symbols: int = SYMBOLS, marks: int = 0) -> None:
        self._length, self._symbols = length, symbols
        self.observation_space = spaces.Box(0.0, 1.0, (symbols + marks,), np.float32)
        self.action_space = spaces.Discrete(symbols)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Draw the episode's symbols."""
        super().reset(seed=seed)
        self._steps = 0
        self._shown = self.np_random.integers(0, self._symbols, self._length + 1)
        self.draw()
        return self.observe(0), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Pay for the answer to what was shown last, and show the next."""
        due = self.due(self._steps)
        reward = 0.0 if due is None else (1.0 if action == due else -1.0) / self._length
        self._steps += 1
        return self.observe(self._steps), reward, self._steps >= self._length, False, {}

    def draw(self) -> None:
        """Draw what else an episode has."""

    def observe(self, step: int) -> Any:
        """The row of one step: its symbol, one-hot."""
        row = np.zeros(self.observation_space.shape or (), np.float32)
        row[self._shown[step]] = 1.0
        return row

    def due(self, step: int) -> int | None:
        """The right answer of a step; None where none is paid for."""
        raise NotImplementedError


class Now(Stream):
    """Asks for the symbol that is shown: needs no memory."""

    def due(self, step: int) -> int:
        return int(self._shown[step])


class Before(Stream):
    """Asks for the symbol of the step before: without memory every answer is as good as any other."""

    def due(self, step: int) -> int | None:
        return int(self._shown[step - 1]) if step else None


class First(Stream):
    """Asks, from the second step on, for the symbol of the first: without memory every answer is as good as any other."""

    def due(self, step: int) -> int | None:
        return int(self._shown[0]) if step else None


class Coin(Stream):
    """Asks for the symbol that comes next: nobody can know it."""

    def due(self, step: int) -> int:
        return int(self._shown[step + 1])


class Marked(Stream):
    """Asks for the newest symbol that was shown with a mark, which few are: all others are there to distract."""

    share = 0.15

    def __init__(self, length: int = 24, symbols: int = SYMBOLS) -> None:
        super().__init__(length, symbols, marks=1)

    def draw(self) -> None:
        self._marked = self.np_random.random(self._length + 1) < self.share
        self._marked[0] = True

    def observe(self, step: int) -> Any:
        row = super().observe(step)
        row[-1] = float(self._marked[step])
        return row

    def due(self, step: int) -> int:
        newest = int(np.flatnonzero(self._marked[: step + 1])[-1])
        return int(self._shown[newest])


class Late(Stream):
    """Shows one symbol and then none for three steps, and asks for it in the last two."""

    def __init__(self) -> None:
        super().__init__(length=4)

    def observe(self, step: int) -> Any:
        """The row of one step."""
        return super().observe(step) * np.float32(step == 0)

    def due(self, step: int) -> int | None:
        """The first symbol."""
        return int(self._shown[0]) if step >= 2 else None


class Level(Stream):
    """Shows a number between 0 and 1, and asks in which quarter it lies: needs no memory, but the number as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = spaces.Box(0.0, 1.0, (1,), np.float32)

    def observe(self, step: int) -> Any:
        """The number of one step."""
        return np.array([(self._shown[step] + 0.5) / self._symbols], np.float32)

    def due(self, step: int) -> int:
        """The quarter in which it lies."""
        return int(self._shown[step])


class Reach(gym.Env[Any, Any]):
    """Asks for the number that is shown, by an action that is a number: needs no memory."""

    observation_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
    action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._steps = 0
        return self._observe(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        reward = -float(abs(action[0] - self._number)) / 16
        self._steps += 1
        return self._observe(), reward, self._steps >= 16, False, {}

    def _observe(self) -> Any:
        self._number = float(self.np_random.uniform(-1, 1))
        return np.array([self._number], np.float32)


class Shuffled(gym.Wrapper[Any, Any, Any, Any]):
    """Pays for a step what some step among the last thousand has earned: as much in sum, and never for the step itself.

    The first thousand are those of random play.
    """

    kept = 1000

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self._random = np.random.default_rng(0)
        self._earned: list[float] = []
        env.action_space.seed(0)
        over = True
        while len(self._earned) < self.kept:
            if over:
                env.reset(seed=len(self._earned))
            _, reward, terminated, truncated, _ = env.step(env.action_space.sample())
            self._earned.append(float(reward))
            over = terminated or truncated

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, whose seed also says which rewards are paid."""
        self._random = np.random.default_rng(seed)
        return super().reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Pay a reward out of the purse, and put the earned one in."""
        observation, reward, terminated, truncated, info = super().step(action)
        drawn = int(self._random.integers(self.kept))
        paid, self._earned[drawn] = self._earned[drawn], float(reward)
        return observation, paid, terminated, truncated, info


class Tiny(gym.RewardWrapper[Any, Any]):
    """Pays a millionth of the reward: the scale of the TD errors falls to its floor."""

    def reward(self, reward: Any) -> float:
        return float(reward) * 1e-6


TASKS = {"Now": Now, "Before": Before, "First": First, "Coin": Coin, "Marked": Marked, "Reach": Reach}
TASKS |= {"Late": Late, "Level": Level}
WRAPPERS = {"Shuffled": Shuffled, "Tiny": Tiny}
WRAPPED = ("RepeatPreviousEasy", "RepeatFirstEasy", "HigherLowerEasy", "MultiarmedBanditEasy", "CountRecallEasy")


def _wrapped(wrapper: type[gym.Wrapper[Any, Any, Any, Any]], inner: str) -> gym.Env[Any, Any]:
    return wrapper(gym.make(inner, disable_env_checker=True))


def register() -> None:
    """Let Gymnasium know the tasks; POPGym's too, which the wrapped ones are made of."""
    import popgym  # noqa: F401 - registers its environments

    for name, task in TASKS.items():
        gym.register(f"{name}-v0", task)
    inner = {name: f"{name}-v0" for name in TASKS} | {name: f"popgym-{name}-v0" for name in WRAPPED}
    for prefix, wrapper in WRAPPERS.items():
        for name, env_id in inner.items():
            gym.register(f"{prefix}{name}-v0", _wrapped, kwargs={"wrapper": wrapper, "inner": env_id})


register()
