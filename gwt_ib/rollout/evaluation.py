"""Evaluation: whole episodes on seeds of their own, all at once or in waves where only so many environments can exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.model.arrays import F32, Bool
from gwt_ib.rollout.env_loop import EnvLoop, action_noise
from gwt_ib.rollout.policy import Policy, Stepper
from gwt_ib.seeding import Stream, generator

NOISE_STEPS = 256  # steps of action noise that an evaluation draws at once
STOP_STEPS = 16  # steps between two looks at whether it should stop
OVERHEAD_ROWS = 4  # a step takes as long as if there were so many rows more: measured with 2 to 20 rows of a fast task

Returns = list[float | None]
"""The return of each episode; None for one in which its environment failed."""


class EvaluationStopped(Exception):
    """The caller wanted an evaluation no more."""


class TooLong(Exception):
    """The episodes would take more steps than they may."""


def evaluation_envs(
    config: Config,
    *,
    on_failure: Callable[[EpisodeError], None] = lambda error: None,
    beat: memoryview | None = None,
    spec: EnvironmentSpec | None = None,
) -> EnvBatch:
    """The environments of `evaluate`: one for each episode, or as many as can be made. `EnvBatch` has the arguments.

    Raises `UserError` when not even one can be made. Close them when no more is to be evaluated.
    """
    episodes = range(config.eval_episodes)
    return EnvBatch(
        config, stream=Stream.EVALUATION_EPISODE, env_numbers=episodes, first_episodes=[0] * len(episodes),
        on_failure=on_failure, beat=beat, spec=spec, fewer=True,
    )  # fmt: skip


@dataclass(frozen=True)
class Played:
    """What some episodes came to, in their order, and what playing them cost."""

    returns: Returns
    lengths: list[int]
    """Steps of each episode; of one that failed, those before."""
    steps: int
    """Steps that were computed: those of the longest, times all rows, since a row that has ended is computed on.

    Each step costs something however few rows there are: `OVERHEAD_ROWS`.
    """

    @property
    def longest(self) -> int:
        """Steps of the longest episode."""
        return max(self.lengths)


class Gate(Protocol):
    """What is done to the gate of the episodes that are played, or noted of it."""

    def begin(self, episodes: Sequence[int]) -> None:
        """The rows are these episodes from now on."""

    def force(self, t: int, forced_c: F32) -> None:
        """Set what the gate of step t is in each row [B]; a negative number leaves it to the agent."""

    def before(self, t: int, td_prev: F32) -> None:
        """Step t is about to be decided on with `td_prev` [B], which may be changed."""

    def after(self, t: int, c: F32, td_prev: F32, running: Bool) -> None:
        """Step t was decided on, with this gate [B]."""


class _OwnGate:
    """The agent's own gate, of which nothing is noted."""

    def begin(self, episodes: Sequence[int]) -> None: ...
    def force(self, t: int, forced_c: F32) -> None: ...
    def before(self, t: int, td_prev: F32) -> None: ...
    def after(self, t: int, c: F32, td_prev: F32, running: Bool) -> None: ...


def evaluate(
    policy: Policy,
    td_mean: float,
    td_std: float,
    config: Config,
    envs: EnvBatch,
    should_stop: Callable[[], bool] = lambda: False,
) -> Returns:
    """The returns of `eval_episodes` whole episodes, in the order of their seeds, acted by sampling as in training.

    `envs` comes from `evaluation_envs`. Episodes, seeds and action noise are the same in every evaluation of a run, so
    evaluations can be compared seed by seed; training's random numbers are not touched. An episode is cut off after
    `eval_max_steps` steps with the return that it has. With fewer environments than episodes they are played in waves,
    with the same returns. `should_stop` is asked every few steps.

    Raises `EpisodeError` when an environment fails too often, or every episode failed, and `EvaluationStopped`.
    """
    return play(policy, (td_mean, td_std), config, envs, range(config.eval_episodes), should_stop=should_stop).returns


def play(
    policy: Policy,
    td: tuple[float, float],
    config: Config,
    envs: EnvBatch,
    episodes: Sequence[int],
    gate: Gate | None = None,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    most_steps: float = inf,
) -> Played:
    """Play some of the episodes of `evaluate` under the TD statistics `td` (mean, std), with a gate of another kind.

    Raises what `evaluate` does, and `TooLong` where it would cost more than `most_steps` computed steps.
    """
    total, found = len(episodes), Played([], [], 0)
    cost = total + OVERHEAD_ROWS
    for first in range(0, total, envs.made):
        wave = episodes[first : first + envs.made]
        envs.take(wave, [0] * len(wave))
        acting = policy if len(wave) == total else InItsPlace(policy, total, slice(first, first + len(wave)))
        loop = EnvLoop(envs, acting, config.gamma)
        loop.stepper.begin(*td)
        most = (most_steps - found.steps) / cost
        returns, lengths = _play(loop, wave, config, gate or _OwnGate(), should_stop, most)
        found = Played(found.returns + returns, found.lengths + lengths, found.steps + cost * max(lengths))
    if envs.last_failure is not None and not any(value is not None for value in found.returns):
        raise envs.last_failure
    return found


def mean_return(returns: Sequence[float | None]) -> float:
    """The mean over the episodes that did not fail: at least one."""
    return float(np.mean([value for value in returns if value is not None]))


def _play(
    loop: EnvLoop, episodes: Sequence[int], config: Config, gate: Gate, should_stop: Callable[[], bool], most: float
) -> tuple[Returns, list[int]]:
    """The returns and lengths of one wave, of at most so many steps."""
    envs, stepper, size = loop.envs, loop.stepper, len(episodes)
    rewards, terminated, truncated = np.zeros(size, np.float32), np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    failed = envs.episodes != 0  # the first one did not even begin
    returns, lengths, running = np.zeros(size), np.zeros(size, np.int64), ~failed
    streams = [generator(config.seed, Stream.EVALUATION_NOISE, episode) for episode in episodes]
    gate.begin(episodes)
    gate.force(0, stepper.forced_c)
    for t in range(config.eval_max_steps):
        if t % STOP_STEPS == 0 and should_stop():
            raise EvaluationStopped
        if t % NOISE_STEPS == 0:
            noise = action_noise(envs.actions, streams, NOISE_STEPS)
        if not running.any():
            break
        if t + 1 > most:
            raise TooLong
        gate.before(t, loop.td_prev)
        loop.act(noise[t % NOISE_STEPS])
        gate.after(t, stepper.c, loop.td_prev, running)
        gate.force(t + 1, stepper.forced_c)  # the value of the next observation is that of a step with the next gate
        loop.step(rewards, terminated, truncated)
        returns += rewards * running
        lengths += running
        for i in np.flatnonzero(loop.is_first & running):  # what it would do from now on does not count
            failed[i], running[i] = envs.failed[i], False
            envs.rest(int(i))
    found = [None if broken else float(value) for broken, value in zip(failed, returns, strict=True)]
    return found, lengths.tolist()


class InItsPlace:
    """A policy for some of `size` environments that computes for all of them, each in the row that it would have.

    A matrix product may round a row in another way in a smaller matrix, and one choice of an action makes another game.
    """

    def __init__(self, policy: Policy, size: int, rows: slice) -> None:
        self._policy, self._size, self._rows = policy, size, rows

    def write(self, weights: F32) -> None:
        self._policy.write(weights)

    def prepare(self, beat: Callable[[], None] = lambda: None) -> None:
        self._policy.prepare(beat)

    def stepper(self, size: int) -> Stepper:
        return _StepperInItsPlace(self._policy.stepper(self._size), self._size, self._rows)


class _StepperInItsPlace:
    h: F32
    action: NDArray[Any]
    log_prob: F32
    value: F32
    c: F32
    prior: F32
    next_value: F32
    forced_c: F32

    def __init__(self, inner: Stepper, size: int, rows: slice) -> None:
        self._inner, self._size, self._rows = inner, size, rows
        self.h, self.forced_c = inner.h[rows], inner.forced_c[rows]

    def begin(self, td_mean: float, td_std: float) -> None:
        self._inner.begin(td_mean, td_std)

    def act(self, obs: F32, td_prev: F32, is_first: Bool, noise: F32) -> None:
        inner, rows = self._inner, self._rows
        inner.act(self._wide(obs), self._wide(td_prev), self._wide(is_first), self._wide(noise))
        self.h, self.action, self.log_prob = inner.h[rows], inner.action[rows], inner.log_prob[rows]
        self.value, self.c, self.prior = inner.value[rows], inner.c[rows], inner.prior[rows]

    def bootstrap(self, next_obs: F32) -> None:
        self._inner.bootstrap(self._wide(next_obs))
        self.next_value = self._inner.next_value[self._rows]

    def _wide(self, narrow: NDArray[Any]) -> NDArray[Any]:
        """All rows; those of the others are zero."""
        wide = np.zeros((self._size, *narrow.shape[1:]), narrow.dtype)
        wide[self._rows] = narrow
        return wide
