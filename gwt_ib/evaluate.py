"""Evaluation: whole episodes on environments of their own, with the same seeds every time."""

from __future__ import annotations

import numpy as np
import torch

from gwt_ib.config import Config
from gwt_ib.envs.batch import EnvBatch
from gwt_ib.model.agent import Agent
from gwt_ib.model.cell import TdScale
from gwt_ib.rollout.collect import td_error
from gwt_ib.seeding import Stream, generator

NOISE_STEPS = 256  # steps of action noise that are drawn at once


@torch.inference_mode()
def evaluate(agent: Agent, td_mean: float, td_std: float, config: Config, envs: EnvBatch) -> list[float]:
    """The returns of `eval_episodes` episodes, in the order of their seeds, acted by sampling as in training.

    `envs` comes from `evaluation_envs`. Episodes, seeds and action noise are the same in every evaluation of a run, so
    evaluations can be compared seed by seed; training's random numbers are not touched. An episode is cut off after
    `eval_max_steps` steps with the return that it has.
    """
    size = config.eval_episodes
    device = config.device
    obs = np.zeros((size, envs.observation_size), np.float32)
    next_obs = np.zeros_like(obs)
    rewards, terminated, truncated = np.zeros(size, np.float32), np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    returns, running = np.zeros(size), np.ones(size, np.bool_)
    td = TdScale(torch.tensor(td_mean, device=device), torch.tensor(td_std, device=device))
    h = torch.zeros(size, agent.hidden_size, device=device)
    td_prev, is_first = np.zeros(size, np.float32), np.ones(size, np.float32)
    noises = [generator(config.seed, Stream.EVALUATION_NOISE, episode) for episode in range(size)]
    envs.reset(obs)
    for t in range(config.eval_max_steps):
        if t % NOISE_STEPS == 0:
            noise = np.stack([agent.head.draw_noise(stream, NOISE_STEPS) for stream in noises], axis=1)
        inputs = (torch.from_numpy(array).to(device) for array in (td_prev, is_first, noise[t % NOISE_STEPS]))
        td_prev_t, is_first_t, noise_t = inputs
        out = agent.act(torch.from_numpy(obs).to(device), h, td_prev_t, is_first_t, td, noise_t)
        h = out.h
        envs.step(
            out.action.cpu().numpy(),
            observations=obs,
            next_observations=next_obs,
            rewards=rewards,
            terminated=terminated,
            truncated=truncated,
        )
        returns += rewards * running
        ended = terminated | truncated
        running &= ~ended
        if not running.any():
            break
        next_value = agent.bootstrap_value(torch.from_numpy(next_obs).to(device), h, td).cpu().numpy()
        error = td_error(rewards, out.value.cpu().numpy(), next_value, terminated, config.gamma)
        td_prev = np.where(ended, np.float32(0), error)
        is_first = ended.astype(np.float32)
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
