"""What holds of an update holds of it by kernels and by torch, and both make the same one."""

from typing import Any

import numpy as np
import pytest
from support import ARMS, small_config

from gwt_ib.channel.serial import SerialChannel
from gwt_ib.config import Config
from gwt_ib.envs.make import check_environment
from gwt_ib.learn.learner import Learner
from gwt_ib.learn.sequences import join
from gwt_ib.model.agent import Agent
from gwt_ib.rollout.open_episodes import OpenEpisodes
from gwt_ib.rollout.policy import make_policy

ENVIRONMENTS = ["popgym-RepeatPreviousEasy-v0", "popgym-MineSweeperEasy-v0", "popgym-PositionOnlyPendulumEasy-v0"]


def train(config: Config, updates: int) -> tuple[list[dict[str, float]], np.ndarray]:
    """The metrics of the first updates, and the weights after them; acting and learning both as configured."""
    facts = check_environment(config)
    learner = Learner(Agent(facts.observation_size, facts.actions, config), config)
    policy = make_policy(facts.observation_size, facts.actions, config)
    channel = SerialChannel(config, policy, OpenEpisodes(config.num_envs), 0)
    rows = []
    for _ in range(updates):
        channel.publish(learner.weights())
        rows.append(learner.update(join(channel.take(), config)))
    channel.close()
    return rows, learner.flat.read().copy()


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_with_a_learning_rate_of_0_every_ratio_is_1(env_id: str, kernels: str) -> None:
    rows, _ = train(small_config(env_id=env_id, lr=0.0, num_actors=2, kernels=kernels), updates=3)
    for row in rows:
        assert abs(row["approx_kl"]) < 1e-9 and row["clip_fraction"] == 0


@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_with_further_layers_every_ratio_is_1_too(kernels: str) -> None:
    layers = {"encoder_layers": 2, "head_layers": 2, "refresh_h0": True}
    for env_id in ENVIRONMENTS[::2]:
        rows, _ = train(small_config(env_id=env_id, lr=0.0, kernels=kernels, **layers), updates=2)
        for row in rows:
            assert abs(row["approx_kl"]) < 1e-9 and row["clip_fraction"] == 0


@pytest.mark.parametrize("kernels", ["numba", "torch"])
@pytest.mark.parametrize("arm", ARMS)
def test_with_every_cell_and_gate_every_ratio_is_1(arm: str, kernels: str) -> None:
    rows, _ = train(small_config(**ARMS[arm], lr=0.0, kernels=kernels), updates=2)
    for row in rows:
        assert abs(row["approx_kl"]) < 1e-9 and row["clip_fraction"] == 0


@pytest.mark.parametrize("arm", ARMS)
def test_both_make_the_same_update_and_again_with_every_cell_and_gate(arm: str) -> None:
    config = small_config(**ARMS[arm], lr=1e-3)
    (rows, weights), (again, same) = train(config, updates=1), train(config, updates=1)
    assert rows == again and np.array_equal(weights, same)
    (expected_rows,), expected = train(config.model_copy(update={"kernels": "torch"}), updates=1)
    for name, value in expected_rows.items():
        assert rows[0][name] == pytest.approx(value, rel=1e-3, abs=1e-5), name
    np.testing.assert_allclose(weights, expected, atol=1e-4)
    assert (rows[0]["bias"] == config.bias_init) == (config.gate not in ("td", "prior"))


@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_a_seed_repeats_itself_bit_by_bit(kernels: str) -> None:
    (rows, weights), (again, same) = (train(small_config(kernels=kernels), updates=3) for _ in range(2))
    assert rows == again
    assert np.array_equal(weights, same)


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
@pytest.mark.parametrize(
    "changes", [{}, {"memory": False}, {"encoder_layers": 3, "head_layers": 2}], ids=["memory", "none", "layers"]
)
def test_both_make_the_same_update(env_id: str, changes: dict[str, Any]) -> None:
    results = [
        train(small_config(env_id=env_id, kernels=kernels, **changes), updates=1) for kernels in ("numba", "torch")
    ]
    (rows, weights), (expected_rows, expected) = results
    for name, value in expected_rows[0].items():
        assert rows[0][name] == pytest.approx(value, rel=1e-3, abs=1e-5), name
    np.testing.assert_allclose(weights, expected, atol=2e-5)
