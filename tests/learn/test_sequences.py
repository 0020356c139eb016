"""GAE in closed form, with termination and truncation."""

import numpy as np
import pytest

from gwt_ib.learn.sequences import explained_variance, gae
from gwt_ib.model.td import td_error

GAMMA, LAMBDA = 0.9, 0.8


def test_a_termination_bootstraps_nothing_and_a_truncation_from_the_final_observation():
    reward = np.array([[1.0, 1.0]], np.float32)
    value, next_value = np.array([[0.5, 0.5]], np.float32), np.array([[2.0, 2.0]], np.float32)
    td = td_error(reward, value, next_value, np.array([[True, False]]), GAMMA)
    assert td.tolist() == [[pytest.approx(1.0 - 0.5), pytest.approx(1.0 + 0.9 * 2.0 - 0.5)]]


def test_advantages_of_three_environments_written_out():
    """Environment 0 runs on, 1 terminates after step 1, 2 is truncated after step 0."""
    reward = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9], [1, 1, 1]], np.float32)
    value = np.arange(12, dtype=np.float32).reshape(4, 3) / 10
    next_value = np.arange(12, 24, dtype=np.float32).reshape(4, 3) / 10
    terminated, truncated = np.zeros((4, 3), bool), np.zeros((4, 3), bool)
    terminated[1, 1] = True
    truncated[0, 2] = True
    td = td_error(reward, value, next_value, terminated, GAMMA)
    targets = gae(td, value, terminated, truncated, GAMMA, LAMBDA)
    decay = GAMMA * LAMBDA
    delta = reward + GAMMA * next_value * ~terminated - value
    d = delta.T
    expected_0 = [sum(decay**k * d[0, t + k] for k in range(4 - t)) for t in range(4)]
    expected_1 = [d[1, 0] + decay * d[1, 1], d[1, 1], d[1, 2] + decay * d[1, 3], d[1, 3]]
    expected_2 = [d[2, 0], d[2, 1] + decay * (d[2, 2] + decay * d[2, 3]), d[2, 2] + decay * d[2, 3], d[2, 3]]
    expected = np.array([expected_0, expected_1, expected_2]).T
    np.testing.assert_allclose(targets.advantage, expected, rtol=1e-5)
    np.testing.assert_allclose(targets.returns, expected + value, rtol=1e-5)


def test_with_lambda_1_and_exact_values_the_return_is_the_discounted_sum_of_rewards():
    reward = np.array([[1.0], [2.0], [3.0]], np.float32)
    value = np.array([[0.3], [-0.2], [0.9]], np.float32)
    next_value = np.array([[-0.2], [0.9], [0.0]], np.float32)
    terminated = np.array([[False], [False], [True]])
    td = td_error(reward, value, next_value, terminated, GAMMA)
    targets = gae(td, value, terminated, np.zeros_like(terminated), GAMMA, 1.0)
    assert targets.returns[0, 0] == pytest.approx(1 + GAMMA * 2 + GAMMA**2 * 3)


def test_explained_variance_at_its_marks():
    returns = np.array([[1.0, 2.0], [3.0, 6.0]], np.float32)
    assert explained_variance(returns, returns) == 1.0
    assert explained_variance(np.full_like(returns, 3.0), returns) == pytest.approx(0.0)
    assert explained_variance(-returns, returns) < 0
    assert np.isnan(explained_variance(returns, np.ones_like(returns)))
