"""What evaluates the weights of a run, and the kind that does it in the caller's own process."""

from __future__ import annotations

from typing import Protocol

from gwt_ib.config import Config
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.errors import UserError
from gwt_ib.model.weights import Weights
from gwt_ib.rollout.evaluation import Returns, evaluate, evaluation_envs
from gwt_ib.rollout.policy import Policy, make_policy


class EvaluationError(Exception):
    """There is no evaluation; the text says why."""


class Evaluator(Protocol):
    """Plays the evaluation episodes of a run."""

    def evaluate(self, weights: Weights) -> Returns:
        """The returns of `eval_episodes` episodes. Raises `EvaluationError`."""


class LocalEvaluator:
    """An evaluator without a process of its own: for tests, and wherever a hanging environment would hurt nobody."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._envs: EnvBatch | None = None
        self._policy: Policy | None = None

    def evaluate(self, weights: Weights) -> Returns:
        """The returns of `eval_episodes` episodes. Raises `EvaluationError`; the next one then gets new environments."""
        try:
            if self._envs is None:
                self._envs = evaluation_envs(self._config)
            if self._policy is None:
                self._policy = make_policy(self._envs.observation_size, self._envs.actions, self._config)
                self._policy.prepare()
            self._policy.write(weights.vector)
            return evaluate(self._policy, weights.td_mean, weights.td_std, self._config, self._envs)
        except (EpisodeError, UserError) as error:
            self.close()
            raise EvaluationError(str(error)) from error

    def close(self) -> None:
        """Close the environments."""
        if self._envs is not None:
            self._envs.close()
        self._envs = None
