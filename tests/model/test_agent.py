"""The agent at its start, the value that completes a TD error, and the flat vector under its weights."""

import numpy as np
import pytest
import torch
from gymnasium import spaces
from support import ARMS, small_config

from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.model.agent import Agent, FlatParameters, initialise
from gwt_ib.model.cell import TdScale

T, B, O = 6, 3, 4  # noqa: E741 - the alphabet of the project
TD = TdScale(torch.tensor(0.01), torch.tensor(0.05))


def make(**changes) -> Agent:
    return Agent(O, ActionCodec(spaces.Discrete(5)), small_config(**changes))


def act(agent: Agent, td_prev: torch.Tensor, is_first: torch.Tensor | None = None):
    torch.manual_seed(0)
    first = torch.zeros(B) if is_first is None else is_first
    return agent.act(torch.randn(B, O), torch.randn(B, agent.hidden_size), td_prev, first, TD, torch.rand(B, 1))


def test_the_gate_is_its_prior_at_step_0():
    agent = make()
    out = act(agent, torch.tensor([0.0, 0.1, -0.4]))
    assert torch.equal(out.c, out.prior)
    assert len(set(out.c.tolist())) == 3


def test_the_policy_starts_nearly_uniform():
    agent = make(hidden_size=64)
    policy = torch.softmax(agent.actor(torch.randn(100, 64).tanh()), dim=-1)
    assert (policy - 0.2).abs().max() < 0.02


def test_every_weight_is_a_function_of_the_seed():
    first, same, other = make(), make(), make(seed=7)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), same.parameters(), strict=True))
    assert not torch.equal(first.cell.gru.weight_hh, other.cell.gru.weight_hh)


@pytest.mark.parametrize("arm", ARMS)
def test_every_cell_and_gate_starts_as_it_should(arm):
    agent = make(**ARMS[arm])
    with torch.no_grad():
        for parameter in agent.parameters():
            parameter.fill_(7.0)
    initialise(agent, 1)
    cell = agent.cell.lstm or agent.cell.gru
    hidden = agent.hidden_size
    for weight in (cell.weight_ih, cell.weight_hh):
        for part in weight.split(hidden):
            torch.testing.assert_close(part @ part.T, torch.eye(hidden), atol=1e-5, rtol=0)
    forget = torch.zeros_like(cell.bias_ih)
    forget[hidden : 2 * hidden] = 1.0 if agent.cell.lstm is not None else 0.0
    assert torch.equal(cell.bias_ih, forget) and not cell.bias_hh.any()
    assert agent.cell.router is None or not agent.cell.router.out.weight.any()
    left = [name for name, parameter in agent.named_parameters() if (parameter == 7.0).any()]
    assert left == ([] if agent.bias is None else ["bias"])


def test_the_bootstrap_value_does_not_depend_on_the_td_error_that_it_defines():
    agent = make()
    torch.nn.init.normal_(agent.cell.router.out.weight)
    obs, h = torch.randn(B, O), torch.randn(B, agent.hidden_size)
    value = agent.bootstrap_value(obs, h, TD)
    zero = torch.zeros(B)
    expected = agent.act(obs, h, zero, zero, TD, torch.rand(B, 1)).value
    torch.testing.assert_close(value, expected)
    other = agent.act(obs, h, torch.ones(B), zero, TD, torch.rand(B, 1)).value
    assert not torch.allclose(value, other)  # the TD error does move the next step's value


def test_a_first_step_ignores_h_and_td_prev():
    agent = make()
    first = torch.tensor([1.0, 0.0, 1.0])
    torch.manual_seed(0)
    obs = torch.randn(B, O)
    given = agent.act(obs, torch.randn(B, agent.hidden_size), torch.randn(B), first, TD, torch.rand(B, 1))
    clean = agent.act(obs, torch.zeros(B, agent.hidden_size), torch.zeros(B), first, TD, torch.rand(B, 1))
    assert torch.equal(given.h[0], clean.h[0]) and torch.equal(given.h[2], clean.h[2])
    assert not torch.equal(given.h[1], clean.h[1])


def test_without_memory_h_starts_from_zero_at_every_step():
    agent = make(memory=False)
    torch.manual_seed(0)
    obs, td_prev = torch.randn(T, B, O), torch.randn(T, B)
    h, _ = agent.unroll_cell(obs, torch.randn(B, agent.hidden_size), td_prev, torch.zeros(T, B), TD)
    alone, _ = agent.unroll_cell(obs[3:4], torch.zeros(B, agent.hidden_size), td_prev[3:4], torch.zeros(1, B), TD)
    torch.testing.assert_close(h[3:4], alone)


def test_the_bias_stays_between_its_clamps():
    agent = make(bias_clamp_min=-2.0, bias_clamp_max=-1.0)
    with torch.no_grad():
        agent.bias.fill_(3.0)
    agent.clamp_bias()
    assert agent.bias.item() == -1.0


def test_flat_weights_and_gradients_are_the_parameters_own_memory():
    agent = make()
    flat = FlatParameters(agent)
    agent.critic(torch.ones(1, agent.hidden_size)).sum().backward()
    assert torch.equal(flat.split(flat.grad)["critic.weight"], torch.ones(1, agent.hidden_size))
    flat.write(np.arange(flat.vector.numel(), dtype=np.float32))
    assert agent.encoder.weight.flatten()[1] == flat.vector[agent_offset(flat, "encoder.weight") + 1]


def agent_offset(flat: FlatParameters, name: str) -> int:
    parts = flat.split(flat.vector.detach())
    return parts[name].storage_offset()


def test_restoring_another_shape_is_refused():
    flat = FlatParameters(make())
    arrays = flat.named_arrays(flat.vector)
    arrays["critic.bias"] = np.zeros(2, np.float32)
    with pytest.raises(ValueError, match=r"critic\.bias has shape \(1,\)"):
        flat.restore(flat.vector.detach(), arrays)
