"""A trained agent that acts in any Gymnasium environment, one decision at a time, exactly as it does in its evaluations."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.limits import checked_reward
from gwt_ib.envs.observer import Observer
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.model import weights as layout
from gwt_ib.model.arrays import F32
from gwt_ib.model.td import td_error
from gwt_ib.rollout import policy as acting
from gwt_ib.rollout.env_loop import action_noise
from gwt_ib.seeding import Stream, derived_seed, generator

if TYPE_CHECKING:
    from gwt_ib.model.agent import Agent

NOISE_STEPS = 256
NOT_ENDED: Final = np.zeros(1, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class PolicyState:
    """What one episode has left in the agent: hand it back to `Policy.act` with what the environment answered.

    It does not change: a state that is kept can be gone on from several times, each time with the same result.
    """

    gate: float
    """c of this decision: how far the memory was written."""
    prior: float
    """The part of c that the TD error drives; c itself also has the router's word."""
    value: float
    """The critic's value, in units of return."""
    td: float
    """The TD error of the step before, which drove the gate, in units of reward; 0 at the first step."""
    step: int
    """Decisions of this episode before this one."""
    _action: Any = field(repr=False)
    _decision: _Decision = field(repr=False)
    _noise: _Noise = field(repr=False)
    _thread: _Thread = field(repr=False)


class Policy:
    """The agent of a snapshot. `gwt_ib.load` makes one; nothing of the environment is imported or made.

    `config`, `env_id`, `observation_space` and `action_space` say what it was trained in; `snapshot` is where it lies,
    after `update` updates and `env_steps` environment steps.
    """

    def __init__(
        self,
        config: Config,
        weights: layout.Weights,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        *,
        snapshot: Path,
        env_steps: int,
        seed: int | None = None,
    ) -> None:
        """Raises `UserError` for spaces that no agent acts in, and `ValueError` where the weights do not fit them."""
        self.config: Final = config
        self.env_id: Final = config.env_id
        self.observation_space: Final = observation_space
        self.action_space: Final = action_space
        self.snapshot: Final = snapshot
        self.update: Final = weights.version
        self.env_steps: Final = env_steps
        self.td_mean: Final = weights.td_mean
        self.td_std: Final = weights.td_std
        self._observer = Observer(config, observation_space, action_space)
        self._codec = self._observer.form.actions
        self._vector = weights.vector
        shapes = layout.parameter_shapes(self._observer.form.encoder.size, self._codec.layout, config)
        self._weights = layout.views(weights.vector, shapes)
        self._seed = config.seed if seed is None else seed
        self._episodes = 0

    def act(
        self,
        observation: Any,
        state: PolicyState | None = None,
        reward: float = 0.0,
        *,
        deterministic: bool = False,
        seed: int | None = None,
        evaluation: int | None = None,
    ) -> tuple[Any, PolicyState, float]:
        """Decide for one observation: the action as the environment takes it, the next state, and the gate c.

        - `observation`: what the environment's `reset` or `step` has returned, as it is.
        - `state`: what the decision before returned; `None` at the start of an episode.
        - `reward`: what the step between the two has paid. With the critic it makes the TD error that drives the gate.
        - `deterministic`: the likeliest action in place of a sampled one.
        - `seed`: at the start of an episode, of the noise by which its actions are sampled. Without it each episode has
          noise of its own, by `load`'s seed.
        - `evaluation`: at the start of an episode, the number of the evaluation episode that is played: the noise is that
          of the run's own evaluations. `evaluation_seed` is for the environment.

        Raises `ValueError` for an observation, a reward or a state that is not of this policy's kind.
        """
        if state is None:
            noise = _Noise.begin(self._codec.layout, self._stream(seed, evaluation))
            row = self._observer.row(observation, None, first=True)
            thread = _Thread(self._stepper(np.zeros((1, layout.state_size(self.config)), np.float32)))
            decision, step = _Decision(row, 0.0, True, noise.row, thread.stepper.h.copy()), 0
        else:
            before = state._thread.stepper
            if before.h.shape[1] != layout.state_size(self.config) or state._decision.row.shape[1] != self._rows:
                raise ValueError("the state is one of another agent's: begin an episode with state=None")
            row, paid = self._observer.row(observation, state._action, first=False), checked_reward(reward)
            noise, step = state._noise.next(self._codec.layout), state.step + 1
            thread = self._thread_of(state)
            stepper = thread.stepper
            stepper.bootstrap(row)
            td = td_error(np.array([paid], np.float32), stepper.value, stepper.next_value, NOT_ENDED, self.config.gamma)
            decision = _Decision(row, float(td[0]), False, noise.row, stepper.h.copy())
        decision.take(thread.stepper)
        thread.newest = decision
        found = thread.stepper
        action_row = self._likeliest(found.h) if deterministic else found.action[0]
        action = self._codec.to_env(action_row)
        gate = float(found.c[0])
        after = PolicyState(
            gate, float(found.prior[0]), float(found.value[0]), decision.td, step, action, decision, noise, thread
        )
        return action, after, gate

    def evaluation_seed(self, episode: int) -> int:
        """The seed with which the environment is reset for one of the run's evaluation episodes, counted from 0.

        `act(..., evaluation=episode)` then plays what the run's evaluation played, decision by decision.
        """
        return derived_seed(self.config.seed, Stream.EVALUATION_EPISODE, episode, 0)

    @cached_property
    def module(self) -> Agent:
        """The agent as a torch module with these weights: the readable twin of what acts here (`gwt_ib.model.agent`)."""
        import torch

        from gwt_ib.model.agent import Agent, FlatParameters

        with torch.random.fork_rng(devices=[]):  # torch's layers draw weights that are replaced at once
            agent = Agent(self._rows, self._codec.layout, self.config)
        FlatParameters(agent).write(self._vector)
        return agent

    def __repr__(self) -> str:
        return f"<Policy of {self.snapshot}: {self.env_id}, update {self.update:,}, {self.env_steps:,} env steps>"

    @property
    def _rows(self) -> int:
        """Numbers O of an observation's row."""
        return self._observer.form.encoder.size

    @cached_property
    def _acting(self) -> acting.Policy:
        """What computes: kernels, compiled or loaded at the first decision, or torch."""
        made = acting.make_policy(self._rows, self._codec.layout, self.config)
        made.write(self._vector)
        made.prepare()
        return made

    def _stepper(self, h: F32) -> acting.Stepper:
        """A stepper for one environment, in the state `h` [1, S]."""
        stepper = self._acting.stepper(1)
        stepper.h[:] = h
        stepper.begin(self.td_mean, self.td_std)
        return stepper

    def _thread_of(self, state: PolicyState) -> _Thread:
        """The thread of a state where nothing has come after it; else another one, brought to the same decision."""
        if state._thread.newest is state._decision:
            return state._thread
        other = _Thread(self._stepper(state._decision.h))
        state._decision.take(other.stepper)
        return other

    def _stream(self, seed: int | None, evaluation: int | None) -> np.random.Generator:
        if evaluation is not None:
            return generator(self.config.seed, Stream.EVALUATION_NOISE, evaluation)
        if seed is not None:
            return generator(seed, Stream.ACTING)
        self._episodes += 1
        return generator(self._seed, Stream.ACTING, self._episodes)

    def _likeliest(self, state: F32) -> NDArray[Any]:
        """The row of the likeliest action after the state [1, S]: the best choice of each component, or the means."""
        weights, x = self._weights, state[0, : self.config.hidden_size]
        for i in range(self.config.head_layers):
            x = np.maximum(weights["actor_layers.weight"][i] @ x + weights["actor_layers.bias"][i], 0.0)
        outputs = weights["actor.weight"] @ x + weights["actor.bias"]
        sizes = self._codec.sizes
        if not sizes:
            return np.asarray(outputs)
        return np.array([part.argmax() for part in np.split(outputs, np.cumsum(sizes)[:-1])], np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class _Decision:
    """What a decision was made of: enough to make it again, with the same bits."""

    row: F32
    """The observation [1, O]."""
    td: float
    first: bool
    noise: F32
    """[1, A]"""
    h: F32
    """The recurrent state [1, S] before it."""

    def take(self, stepper: acting.Stepper) -> None:
        """Let a stepper that is in the state `h` decide."""
        stepper.act(self.row, np.array([self.td], np.float32), np.array([self.first]), self.noise)


@dataclass(slots=True, eq=False)
class _Thread:
    """A stepper, and the decision that it made last: it keeps products that only the next decision can use."""

    stepper: acting.Stepper
    newest: _Decision | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Noise:
    """The noise of one decision, and where that of the next comes from: as an evaluation draws it, some steps at once."""

    rows: F32
    """[T, 1, A]"""
    at: int
    after: Any
    """The state of the generator after these rows."""

    @classmethod
    def begin(cls, actions: ActionLayout, stream: np.random.Generator) -> _Noise:
        """That of a stream's first decision."""
        rows = action_noise(actions, [stream], NOISE_STEPS)
        return cls(rows, 0, stream.bit_generator.state)

    @property
    def row(self) -> F32:
        """[1, A]"""
        row: F32 = self.rows[self.at]
        return row

    def next(self, actions: ActionLayout) -> _Noise:
        """That of the next decision."""
        if self.at + 1 < len(self.rows):
            return _Noise(self.rows, self.at + 1, self.after)
        bits = np.random.Philox(0)
        bits.state = self.after
        return _Noise.begin(actions, np.random.Generator(bits))
