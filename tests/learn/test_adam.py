"""Adam without torch's class is torch's Adam, bit by bit, and does not import its compiler."""

import subprocess
import sys

import pytest
import torch

from gwt_ib.learn.adam import Adam


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_every_step_is_that_of_torch(size):
    generator = torch.Generator().manual_seed(size)
    ours = torch.nn.Parameter(torch.randn(size, generator=generator))
    theirs = torch.nn.Parameter(ours.detach().clone())
    adam, twin = Adam(ours, lr=1e-2, eps=1e-5), torch.optim.Adam([theirs], lr=1e-2, eps=1e-5, fused=True)
    for number in range(20):
        ours.grad = torch.randn(size, generator=generator)
        theirs.grad = ours.grad.clone()
        if number == 10:
            adam.param_groups[0]["lr"] = twin.param_groups[0]["lr"] = 3e-4
        adam.step()
        twin.step()
        assert torch.equal(ours, theirs)
    assert set(adam.state[ours]) == set(twin.state[theirs])
    for name, value in twin.state[theirs].items():
        assert torch.equal(adam.state[ours][name], value) and adam.state[ours][name].dtype == value.dtype


def test_a_learner_does_not_import_torchs_compiler():
    code = (
        "import sys\n"
        "from gwt_ib.config import Config\n"
        "from gwt_ib.envs.make import check_environment\n"
        "from gwt_ib.learn.learner import Learner\n"
        "from gwt_ib.model.agent import Agent\n"
        "config = Config(hidden_size=8)\n"
        "facts = check_environment(config.env_id, False)\n"
        "learner = Learner(Agent(facts.observation_size, facts.actions, config), config)\n"
        "learner.optimizer.step()\n"
        "assert not {'torch._dynamo', 'torch._inductor'} & set(sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
