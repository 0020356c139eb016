"""What evaluates the weights of a run, and the kind that does it in the caller's own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from gwt_ib.config import Config
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import UserError
from gwt_ib.model.weights import Weights
from gwt_ib.replacements import sensible
from gwt_ib.rollout.evaluation import EvaluationStopped, Played, evaluation_envs
from gwt_ib.rollout.memory_use import gate_record
from gwt_ib.rollout.policy import Policy, make_policy
from gwt_ib.rollout.replaced_gate import GatePlayer, Replaced
from gwt_ib.training.gate_budget import Look


class EvaluationError(Exception):
    """There is no evaluation; the text says why."""


class Evaluator(Protocol):
    """Plays the evaluation episodes of a run."""

    def evaluate(self, weights: Weights) -> Played:
        """What `eval_episodes` episodes came to. Raises `EvaluationError`."""

    def replaced(self, weights: Weights, look: Look) -> Replaced:
        """What some of them come to with the gate replaced. Raises `EvaluationError`."""

    def gate_record(self, weights: Weights) -> dict[str, Any]:
        """All of them with every replacement and in windows of steps (`rollout.memory_use`). Raises `EvaluationError`."""


class LocalEvaluator:
    """An evaluator without a process of its own: what the evaluator's process does, and what tests do without one.

    The learned gate of the newest weights is kept, so that a look at its replacements plays it no second time.
    """

    def __init__(
        self,
        config: Config,
        policy: Policy | None = None,
        spec: EnvironmentSpec | None = None,
        *,
        on_failure: Callable[[EpisodeError], None] = lambda error: None,
        beat: memoryview | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """`on_failure` gets each failure of an environment, also the one that ends an evaluation."""
        self._config, self._policy, self._spec = config, policy, spec
        self._on_failure, self._beat, self._should_stop = on_failure, beat, should_stop
        self._envs: EnvBatch | None = None
        self._player: GatePlayer | None = None

    def evaluate(self, weights: Weights) -> Played:
        """What `eval_episodes` episodes came to. Raises `EvaluationError`; the next one then gets new environments."""
        with self._playing():
            self._player = None
            return self._player_of(weights).learned

    def replaced(self, weights: Weights, look: Look) -> Replaced:
        """What some of them come to with the gate replaced. Raises `EvaluationError`."""
        with self._playing():
            return self._player_of(weights).replaced(look.words, look.episodes, look.most_steps)

    def gate_record(self, weights: Weights) -> dict[str, Any]:
        """All of them with every replacement and in windows of steps. Raises `EvaluationError`."""
        words = sensible(self._config.gate)
        with self._playing():
            return gate_record(self._player_of(weights), words, steps=words)

    def close(self) -> None:
        """Close the environments."""
        self._player = None
        if self._envs is not None:
            self._envs.close()
        self._envs = None

    @contextmanager
    def _playing(self) -> Iterator[None]:
        try:
            yield
        except EvaluationStopped:
            raise EvaluationError("it was stopped") from None
        except EpisodeError as error:
            self._on_failure(error)
            self.close()
            raise EvaluationError(str(error)) from error
        except UserError as error:
            self.close()
            raise EvaluationError(error.message) from error

    def _player_of(self, weights: Weights) -> GatePlayer:
        if self._envs is None:
            self._envs = evaluation_envs(self._config, on_failure=self._on_failure, beat=self._beat, spec=self._spec)
        if self._policy is None:
            self._policy = make_policy(self._envs.observation_size, self._envs.actions, self._config)
            self._policy.write(weights.vector)
            self._policy.prepare()
        if self._player is None or self._player.weights.version != weights.version:
            self._player = GatePlayer(self._policy, self._config, self._envs, weights, self._should_stop)
        return self._player
