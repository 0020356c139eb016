"""Evaluation: whole episodes on environments of their own, with the same seeds every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gwt_ib.config import Config
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.model.noise import action_noise
from gwt_ib.rollout.collect import td_error
from gwt_ib.rollout.policy import Policy, stepper_of
from gwt_ib.seeding import Stream, generator

if TYPE_CHECKING:
    from gwt_ib.model.agent import Agent

NOISE_STEPS = 256  # steps of action noise that are drawn at once


def evaluate(agent: Agent | Policy, td_mean: float, td_std: float, config: Config, envs: EnvBatch) -> list[float]:
    """The returns of `eval_episodes` episodes, in the order of their seeds, acted by sampling as in training.

    `envs` comes from `evaluation_envs`. Episodes, seeds and action noise are the same in every evaluation of a run, so
    evaluations can be compared seed by seed; training's random numbers are not touched. An episode is cut off after
    `eval_max_steps` steps with the return that it has.
    """
    size = config.eval_episodes
    obs = np.zeros((size, envs.observation_size), np.float32)
    next_obs = np.zeros_like(obs)
    rewards, terminated, truncated = np.zeros(size, np.float32), np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    returns, running = np.zeros(size), np.ones(size, np.bool_)
    td_prev, is_first = np.zeros(size, np.float32), np.ones(size, np.bool_)
    noises = [generator(config.seed, Stream.EVALUATION_NOISE, episode) for episode in range(size)]
    stepper = stepper_of(agent, size)
    stepper.begin(td_mean, td_std)
    envs.reset(obs)
    for t in range(config.eval_max_steps):
        if t % NOISE_STEPS == 0:
            noise = np.stack([action_noise(envs.actions, stream, NOISE_STEPS) for stream in noises], axis=1)
        stepper.act(obs, td_prev, is_first, noise[t % NOISE_STEPS])
        envs.step(
            stepper.action,
            observations=obs,
            next_observations=next_obs,
            rewards=rewards,
            terminated=terminated,
            truncated=truncated,
        )
        returns += rewards * running
        is_first = terminated | truncated
        running &= ~is_first
        if not running.any():
            break
        stepper.bootstrap(next_obs)
        td_prev = td_error(rewards, stepper.value, stepper.next_value, terminated, config.gamma)
        td_prev[is_first] = 0.0
    return [float(value) for value in returns]


def evaluation_envs(config: Config) -> EnvBatch:
    """The environments of `evaluate`, one for each episode."""
    return EnvBatch(
        config.env_id,
        prev_action=config.prev_action,
        seed=config.seed,
        stream=Stream.EVALUATION_EPISODE,
        env_numbers=range(config.eval_episodes),
        first_episodes=[0] * config.eval_episodes,
    )
