"""The loss terms in closed form."""

import math

import pytest
import torch

from gwt_ib.learn.losses import ib_loss, normalised, policy_loss, value_loss
from gwt_ib.learn.schedules import lambda_c_at


def test_the_surrogate_clips_only_where_it_would_help_itself():
    old = torch.zeros(2, 2)
    ratio = torch.tensor([[1.5, 0.5], [1.5, 0.5]])
    advantage = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
    loss, approx_kl, clip_fraction = policy_loss(ratio.log(), old, advantage, 0.2)
    assert loss.item() == pytest.approx(-(1.2 + 0.5 - 1.5 - 0.8) / 4)
    assert clip_fraction.item() == 1.0
    kl = [(r - 1) - math.log(r) for r in (1.5, 0.5)]
    assert approx_kl.item() == pytest.approx(sum(kl) / 2)


def test_an_unchanged_policy_has_no_divergence_even_in_float32():
    log_prob = torch.randn(64, 16)
    moved = log_prob + 1e-7 * torch.randn_like(log_prob)
    _, approx_kl, clip_fraction = policy_loss(moved, log_prob, torch.randn(64, 16), 0.2)
    assert 0 <= approx_kl.item() < 1e-12
    assert clip_fraction.item() == 0


def test_the_bottleneck_is_a_mean_over_sequences_of_a_square_of_means_over_time():
    c = torch.tensor([[0.0, 1.0, 0.5], [0.5, 0.5, 0.5]])  # [T = 2, B = 3]
    means = (0.25, 0.75, 0.5)
    assert ib_loss(c, 0.35).item() == pytest.approx(sum((m - 0.35) ** 2 for m in means) / 3)
    assert ib_loss(c, 0.35).item() != pytest.approx((c.mean().item() - 0.35) ** 2)


def test_the_bottlenecks_weight_rises_linearly_and_stays():
    assert [lambda_c_at(u, 0.05, 25) for u in (1, 5, 25, 26)] == pytest.approx([0.002, 0.01, 0.05, 0.05])
    assert lambda_c_at(1, 0.05, 0) == 0.05


def test_the_value_loss_is_half_the_squared_error():
    value, returns = torch.tensor([[1.0], [3.0]]), torch.tensor([[2.0], [1.0]])
    assert value_loss(value, returns, torch.zeros(2, 1)).item() == pytest.approx(5 / 4)


def test_a_clipped_value_costs_its_own_error_or_that_of_the_farthest_allowed_whichever_is_larger():
    """The behaviour policy's value is 1, values may move by 0.5; returns above, below, and between."""
    value = torch.tensor([1.2, 2.0, 2.0, 0.2, 0.2], requires_grad=True)
    returns = torch.tensor([3.0, 3.0, 0.0, 0.0, 3.0])
    loss = value_loss(value, returns, torch.ones(5), 0.5)
    errors = [1.2 - 3.0, 1.5 - 3.0, 2.0 - 0.0, 0.5 - 0.0, 0.2 - 3.0]
    assert loss.item() == pytest.approx(sum(error**2 for error in errors) / 10)
    loss.backward()
    assert (5 * value.grad).tolist() == pytest.approx([1.2 - 3.0, 0.0, 2.0, 0.0, 0.2 - 3.0])


def test_normalised_advantages_have_mean_0_and_deviation_1():
    out = normalised(torch.randn(5, 3) * 7 + 2)
    assert out.mean().item() == pytest.approx(0, abs=1e-6)
    assert out.std(unbiased=False).item() == pytest.approx(1, abs=1e-5)
