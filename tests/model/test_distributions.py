"""Action heads against torch's own distributions, and their sampling against frequencies."""

import numpy as np
import torch
from gymnasium import spaces
from torch.distributions import Categorical, Normal

from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.model.distributions import CategoricalHead, GaussianHead
from gwt_ib.rollout.env_loop import action_noise

T, B = 5, 3


def noise_for(space: spaces.Space, count: int) -> torch.Tensor:
    return torch.from_numpy(action_noise(ActionCodec(space), [np.random.default_rng(0)], count)[:, 0])


def test_choices_agree_with_torch():
    head = CategoricalHead((4, 2))
    policy = torch.randn(T, B, 6)
    actions = torch.stack((torch.randint(4, (T, B)), torch.randint(2, (T, B))), dim=-1).to(torch.int32)
    first, second = Categorical(logits=policy[..., :4]), Categorical(logits=policy[..., 4:])
    log_prob, entropy = head.log_prob_and_entropy(policy, actions)
    torch.testing.assert_close(log_prob, first.log_prob(actions[..., 0]) + second.log_prob(actions[..., 1]))
    torch.testing.assert_close(entropy, first.entropy() + second.entropy())
    torch.testing.assert_close(head.log_prob(policy, actions), log_prob)


def test_choices_come_with_their_probabilities():
    head = CategoricalHead((3,))
    probabilities = torch.tensor([0.2, 0.5, 0.3])
    noise = noise_for(spaces.Discrete(3), 20_000)
    actions = head.sample(probabilities.log().expand(20_000, 3), noise)
    counts = torch.bincount(actions[:, 0], minlength=3) / 20_000
    assert (counts - probabilities).abs().max() < 0.015


def test_extreme_noise_gives_a_choice_that_exists():
    head = CategoricalHead((3,))
    largest = np.nextafter(np.float32(1), np.float32(0))
    noise = torch.tensor([[0.0], [float(largest)]])
    policy = torch.tensor([[0.0, 0.0, -1e9], [1e9, 0.0, 0.0]])
    assert head.sample(policy, noise)[:, 0].tolist()[0] == 0
    assert head.sample(policy, noise).max() <= 2


def test_gaussian_agrees_with_torch():
    head = GaussianHead(2)
    with torch.no_grad():
        head.log_std.copy_(torch.tensor([0.3, -0.7]))
    policy, actions = torch.randn(T, B, 2), torch.randn(T, B, 2)
    normal = Normal(policy, head.log_std.exp())
    log_prob, entropy = head.log_prob_and_entropy(policy, actions)
    torch.testing.assert_close(log_prob, normal.log_prob(actions).sum(-1))
    torch.testing.assert_close(entropy, normal.entropy().sum(-1))
    noise = noise_for(spaces.Box(-1, 1, (2,)), B)
    torch.testing.assert_close(head.sample(policy, noise), policy + head.log_std.exp() * noise)
