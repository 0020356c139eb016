"""temporary"""

import numpy as np

from gwt_ib.config import Config
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.rollout.env_loop import NOISE_STEPS, EnvLoop, action_noise
from gwt_ib.rollout.policy import Policy
from gwt_ib.seeding import Stream, generator


class EvaluationStopped(Exception):
    pass


def evaluate(
    policy: Policy, td_mean: float, td_std: float, config: Config, envs: EnvBatch, should_stop=lambda: False
) -> list[float]:
    """The returns of `eval_episodes` whole episodes, in the order of their seeds, acted by sampling as in training.

    `envs` comes from `evaluation_envs`. Episodes, seeds and action noise are the same in every evaluation of a run, so
    evaluations can be compared seed by seed; training's random numbers are not touched. An episode is cut off after
    `eval_max_steps` steps with the return that it has. Raises `EpisodeError` when an environment fails.
    """
    size = envs.size
    rewards, terminated, truncated = np.zeros(size, np.float32), np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    returns, running = np.zeros(size), np.ones(size, np.bool_)
    streams = [generator(config.seed, Stream.EVALUATION_NOISE, episode) for episode in range(size)]
    loop = EnvLoop(envs, policy, config.gamma)
    loop.stepper.begin(td_mean, td_std)
    for t in range(config.eval_max_steps):
        if t % NOISE_STEPS == 0:
            noise = action_noise(envs.actions, streams, NOISE_STEPS)
        if t % 16 == 0 and should_stop():
            raise EvaluationStopped
        loop.act(noise[t % NOISE_STEPS])
        loop.step(rewards, terminated, truncated)
        returns += rewards * running
        running &= ~loop.is_first
        if not running.any():
            break
    return [float(total) for total in returns]


def evaluation_envs(config: Config, beat=None) -> EnvBatch:
    """The environments of `evaluate`, one for each episode. Raises `UserError` when they cannot be made."""
    episodes = range(config.eval_episodes)
    return EnvBatch(
        config, stream=Stream.EVALUATION_EPISODE, env_numbers=episodes, first_episodes=[0] * len(episodes), beat=beat
    )
