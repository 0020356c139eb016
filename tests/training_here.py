"""A training in the test's own process, for tests that look inside."""

from __future__ import annotations

from collections.abc import Callable

from gwt_ib.channel.serial import SerialChannel
from gwt_ib.config import Config
from gwt_ib.envs.make import check_environment
from gwt_ib.learn.learner import Learner
from gwt_ib.model.agent import Agent
from gwt_ib.rollout.policy import make_policy
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import Record
from gwt_ib.training.evaluator import LocalEvaluator
from gwt_ib.training.loop import Training


def training_here(
    run: RunDirectory, config: Config, report: Callable[[Record], None] = lambda event: None
) -> tuple[Training, Callable[[], SerialChannel]]:
    """A training in the test's own process, and what makes its channel once it is where it should begin."""
    spec = check_environment(config)
    learner = Learner(Agent(spec.observation_size, spec.actions, config), config)
    training = Training(run, config, learner, report, LocalEvaluator(config))
    policy = make_policy(spec.observation_size, spec.actions, config)
    return training, lambda: SerialChannel(config, policy, training.open_episodes, training.update)
