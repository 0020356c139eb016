"""A policy of torch and one of kernels with the same weights; for tests."""

import torch

from gwt_ib.config import Config
from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.kernels.act import KernelPolicy
from gwt_ib.rollout.torch_policy import TorchPolicy

TD = (0.01, 0.05)


def make_pair(observation_size: int, actions: ActionCodec, config: Config) -> tuple[TorchPolicy, KernelPolicy]:
    """Torch and kernels with the same weights, of an agent whose router and heads are not at their small start."""
    pair = TorchPolicy(observation_size, actions, config), KernelPolicy(observation_size, actions, config)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in pair[0].agent.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    vector = torch.nn.utils.parameters_to_vector(pair[0].agent.parameters())
    pair[1].write(vector.detach().numpy())
    return pair
