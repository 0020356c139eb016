"""The initial states of sequences, computed again by the newest weights: kernels, torch, and one unroll of the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support import small_config

from gwt_ib.channel.serial import SerialChannel
from gwt_ib.config import Config
from gwt_ib.envs.make import check_environment
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.learn.gradient import AutogradGradient, GraphGradient, make_gradient
from gwt_ib.learn.learner import Learner
from gwt_ib.learn.sequences import Rollout, cut, join
from gwt_ib.model.agent import Agent, FlatParameters
from gwt_ib.model.cell import TdScale
from gwt_ib.model.experience import Sequences
from gwt_ib.model.weights import state_size
from gwt_ib.rollout.open_episodes import OpenEpisodes
from gwt_ib.rollout.policy import make_policy
from gwt_ib.sections import Sections

PARTS, T, SIZE = 3, 5, 4  # sequences of each environment, their length, numbers in an observation


def configuration(envs: int, **changes: Any) -> Config:
    sizes = {"num_envs": envs, "seq_len": T, "rollout_steps": PARTS * T, "hidden_size": 10, "minibatches": 3}
    return small_config(**{**sizes, "num_actors": 1, **changes})


def made_up(config: Config, actions: ActionLayout) -> Sequences[Any]:
    """Sequences with resets inside and at their beginnings, and other statistics of TD errors for each environment."""
    rng = np.random.default_rng(7)
    count, envs, steps = config.sequences, config.num_envs, config.seq_len

    def random(*shape: int) -> Any:
        return rng.standard_normal(shape, dtype=np.float32)

    return Sequences(
        observation=random(steps, count, SIZE),
        h0=random(count, state_size(config)),
        td_prev=random(steps, count),
        is_first=(rng.random((steps, count)) < 0.2).astype(np.float32),
        td_mean=np.tile(random(envs), PARTS),
        td_std=np.tile(0.5 + rng.random(envs, np.float32), PARTS),
        action=rng.integers(0, 3, (steps, count, 1)).astype(actions.dtype),
        log_prob=random(steps, count),
        advantage=random(steps, count),
        returns=random(steps, count),
    )


def as_one(agent: Agent, sequences: Sequences[Any], envs: int) -> Any:
    """The states [PARTS - 1, B, S] after each sequence but the last, by one unroll over all steps of the rollout."""

    def joined(array: Any) -> torch.Tensor:
        parts = [array[:, s * envs : (s + 1) * envs] for s in range(PARTS)]
        return torch.from_numpy(np.concatenate(parts))

    td = TdScale(torch.from_numpy(sequences.td_mean[:envs]), torch.from_numpy(sequences.td_std[:envs]))
    with torch.no_grad():
        h = agent.unroll_cell(
            joined(sequences.observation), torch.from_numpy(sequences.h0[:envs]), joined(sequences.td_prev),
            joined(sequences.is_first), td,
        ).state  # fmt: skip
    return h[T - 1 :: T][:-1].numpy()


@pytest.mark.parametrize("changes", [{}, {"memory": False}, {"cell": "lstm"}], ids=["gru", "no memory", "lstm"])
@pytest.mark.parametrize(("envs", "minibatches", "threads"), [(7, 3, 2), (6, 9, 1), (5, 1, 3), (6, 18, 4), (2, 1, 5)])
def test_kernels_and_torch_carry_h_through_the_whole_rollout(
    envs: int, minibatches: int, threads: int, changes: dict[str, Any]
) -> None:
    config = configuration(envs, minibatches=minibatches, learner_threads=threads, **changes)
    agent = Agent(SIZE, ActionLayout("discrete", (3,), 1), config)
    flat = FlatParameters(agent)
    torch.manual_seed(1)
    with torch.no_grad():
        flat.vector.add_(0.2 * torch.randn_like(flat.vector))
    given = made_up(config, agent.actions)
    expected = as_one(agent, given, envs)
    kernels, autograd = make_gradient(agent, flat, config, Sections()), AutogradGradient(agent, flat, Sections())
    for gradient in (kernels, autograd, GraphGradient(agent, flat, config, Sections())):
        sequences = given._replace(h0=given.h0.copy())
        gradient.begin(sequences, config, 0.1)
        gradient.refresh_h0()
        found = gradient._sequences.h0 if gradient is kernels else gradient._sequences.h0.numpy()
        assert np.array_equal(found[:envs], given.h0[:envs]), "what came before the rollout is not known"
        np.testing.assert_allclose(found[envs:].reshape(expected.shape), expected, atol=2e-6)
        assert np.abs(found[envs:] - given.h0[envs:]).max() > 0.1, "the test would show nothing"


def a_rollout(config: Config) -> tuple[Learner, Rollout]:
    facts = check_environment(config)
    learner = Learner(Agent(facts.observation_size, facts.actions, config), config)
    policy = make_policy(facts.observation_size, facts.actions, config)
    channel = SerialChannel(config, policy, OpenEpisodes(config.num_envs), 0)
    for _ in range(2):  # so that h is not 0 where the rollout begins
        channel.publish(learner.weights())
        rollout = join(channel.take(), config)
        learner.update(rollout)
    return learner, rollout


@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_with_the_weights_that_acted_the_initial_states_are_the_stored_ones(kernels: str) -> None:
    config = small_config(lr=0.0, kernels=kernels, num_actors=2)
    learner, rollout = a_rollout(config)
    sequences = cut(rollout, config.seq_len)
    stored = sequences.h0.copy()
    learner._gradient.begin(sequences, config, 0.0)
    sequences.h0[config.num_envs :] = np.nan
    learner._gradient.refresh_h0()
    np.testing.assert_allclose(sequences.h0, stored, atol=1e-6)


@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_an_update_computes_them_again_before_every_pass_but_the_first(kernels: str) -> None:
    results = {}
    for epochs in (1, 2, 3):
        for refresh in (False, True):
            config = small_config(epochs=epochs, refresh_h0=refresh, kernels=kernels, lr=1e-2)
            learner, rollout = a_rollout(config.model_copy(update={"refresh_h0": False}))
            learner.reconfigure(config)
            stored, calls, carried = rollout.block.h0.copy(), [], learner._gradient.refresh_h0
            learner._gradient.refresh_h0 = lambda calls=calls, carried=carried: calls.append(carried())
            learner.update(rollout)
            assert np.array_equal(rollout.block.h0, stored), "a rollout stays what it was"
            assert len(calls) == (epochs - 1 if refresh else 0)
            results[epochs, refresh] = learner.flat.read().copy()
    assert np.array_equal(results[1, True], results[1, False])
    assert not np.array_equal(results[2, True], results[2, False])


def test_both_learn_the_same_from_them() -> None:
    rows = []
    for kernels in ("numba", "torch"):
        config = small_config(epochs=3, refresh_h0=True, kernels=kernels)
        learner, rollout = a_rollout(config.model_copy(update={"lr": 0.0}))
        learner.reconfigure(config)
        rows.append((learner.update(rollout), learner.flat.read().copy()))
    for name, value in rows[1][0].items():
        assert rows[0][0][name] == pytest.approx(value, rel=1e-3, abs=1e-5), name
    np.testing.assert_allclose(rows[0][1], rows[1][1], atol=2e-5)
