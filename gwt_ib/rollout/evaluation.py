"""Evaluation: whole episodes on seeds of their own, all at once or in waves where only so many environments can exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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

Returns = list[float | None]
"""The return of each episode; None for one in which its environment failed."""


class EvaluationStopped(Exception):
    """The caller wanted an evaluation no more."""


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
    total, returns = config.eval_episodes, Returns()
    for first in range(0, total, envs.made):
        wave = range(first, min(first + envs.made, total))
        envs.take(wave, [0] * len(wave))
        acting = policy if len(wave) == total else _InItsPlace(policy, total, slice(wave.start, wave.stop))
        loop = EnvLoop(envs, acting, config.gamma)
        loop.stepper.begin(td_mean, td_std)
        returns += _play(loop, wave, config, should_stop)
    if envs.last_failure is not None and not any(value is not None for value in returns):
        raise envs.last_failure
    return returns


def mean_return(returns: Sequence[float | None]) -> float:
    """The mean over the episodes that did not fail: at least one."""
    return float(np.mean([value for value in returns if value is not None]))


def _play(loop: EnvLoop, episodes: range, config: Config, should_stop: Callable[[], bool]) -> Returns:
    """The returns of one wave."""
    envs, size = loop.envs, len(episodes)
    rewards, terminated, truncated = np.zeros(size, np.float32), np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    failed = envs.episodes != 0  # the first one did not even begin
    returns, running = np.zeros(size), ~failed
    streams = [generator(config.seed, Stream.EVALUATION_NOISE, episode) for episode in episodes]
    for t in range(config.eval_max_steps):
        if t % STOP_STEPS == 0 and should_stop():
            raise EvaluationStopped
        if t % NOISE_STEPS == 0:
            noise = action_noise(envs.actions, streams, NOISE_STEPS)
        if not running.any():
            break
        loop.act(noise[t % NOISE_STEPS])
        loop.step(rewards, terminated, truncated)
        returns += rewards * running
        for i in np.flatnonzero(loop.is_first & running):  # what it would do from now on does not count
            failed[i], running[i] = envs.failed[i], False
            envs.rest(int(i))
    return [None if broken else float(value) for broken, value in zip(failed, returns, strict=True)]


class _InItsPlace:
    """A policy for some of `size` environments that computes for all of them, each in the row that it would have.

    A matrix product may round a row in another way in a smaller matrix, and one choice of an action makes another game.
    """

    def __init__(self, policy: Policy, size: int, rows: slice) -> None:
        self._policy, self._size, self._rows = policy, size, rows

    def write(self, weights: F32) -> None:
        self._policy.write(weights)

    def prepare(self) -> None:
        self._policy.prepare()

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
