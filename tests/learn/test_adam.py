"""Adam without torch's class is torch's Adam and does not import its compiler."""

import subprocess
import sys

import pytest
import torch

from gwt_ib.learn.adam import Adam


@pytest.mark.parametrize("kernels", [False, True])
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_every_step_is_that_of_torch(size, kernels):
    generator = torch.Generator().manual_seed(size)
    ours = torch.nn.Parameter(torch.randn(size, generator=generator))
    theirs = torch.nn.Parameter(ours.detach().clone())
    adam, twin = Adam(ours, lr=1e-2, eps=1e-5, kernels=kernels), torch.optim.Adam([theirs], lr=1e-2, eps=1e-5)
    for number in range(20):
        ours.grad = torch.randn(size, generator=generator)
        theirs.grad = 0.5 * ours.grad
        assert adam.gradient_norm() == pytest.approx(ours.grad.norm().item())
        if number == 10:
            adam.lr = twin.param_groups[0]["lr"] = 3e-4
        adam.step(0.5)
        twin.step()
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-7)
    assert set(adam.state) == set(twin.state[theirs])
    for name, value in twin.state[theirs].items():
        torch.testing.assert_close(adam.state[name], value, rtol=1e-6, atol=0)


def test_a_learner_does_not_import_torchs_compiler():
    code = (
        "import sys\n"
        "from gwt_ib.config import Config\n"
        "from gwt_ib.envs.make import check_environment\n"
        "from gwt_ib.learn.learner import Learner\n"
        "from gwt_ib.model.agent import Agent\n"
        "config = Config(hidden_size=8)\n"
        "facts = check_environment(config)\n"
        "learner = Learner(Agent(facts.observation_size, facts.actions, config), config)\n"
        "learner.optimizer.step()\n"
        "assert not {'torch._dynamo', 'torch._inductor'} & set(sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
