"""The gradient that a GPU runs: computed over its fixed memory on the CPU, and as a captured graph where there is a GPU."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from gymnasium import spaces
from support import ARMS, SMALL, assignments, small_config

from gwt_ib.channel.serial import SerialChannel
from gwt_ib.config import Config
from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.envs.make import check_environment
from gwt_ib.kernels.gradient import KernelGradient
from gwt_ib.learn.gradient import AutogradGradient, GraphGradient, make_gradient
from gwt_ib.learn.learner import Learner
from gwt_ib.learn.losses import LiveCoefficients, minibatch_loss
from gwt_ib.learn.sequences import cut, join, pick, to_device
from gwt_ib.model.agent import Agent, FlatParameters
from gwt_ib.model.experience import Sequences, blank_minibatch
from gwt_ib.rollout.open_episodes import OpenEpisodes
from gwt_ib.rollout.policy import make_policy
from gwt_ib.sections import Sections

on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

SPACES = {
    "discrete": spaces.Discrete(3),
    "multi-discrete": spaces.MultiDiscrete([3, 2, 4]),
    "box": spaces.Box(-1, 1, (2,)),
}
TIMES = {"elapsed_s", "steps_per_s", "rollout_s", "learn_s"}


def agent_on(device: str, kind: str, config: Config) -> tuple[Agent, FlatParameters]:
    """An agent of five observations whose weights are away from their first values; equal on all devices."""
    agent = Agent(5, ActionCodec(SPACES[kind]), config)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in agent.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    agent.to(device)
    return agent, FlatParameters(agent, device)


def blank(agent: Agent, config: Config) -> Sequences[torch.Tensor]:
    return Sequences(*map(torch.from_numpy, blank_minibatch(5, agent.actions, config)))


def made_up(agent: Agent, config: Config, seed: int) -> Sequences[np.ndarray]:
    """A rollout's sequences with resets inside and ratios on both sides of the clipping range; equal on all devices."""
    torch.manual_seed(seed)
    host = blank(agent, config.model_copy(update={"minibatches": 1}))
    for tensor in (host.observation, host.h0, host.advantage, host.returns):
        tensor.normal_()
    host.td_prev.normal_(std=0.05)
    host.is_first.bernoulli_(0.2)
    host.td_mean.uniform_(-0.02, 0.02)
    host.td_std.uniform_(0.02, 0.1)
    host.log_prob.uniform_(-2, -1).mul_(len(agent.actions.sizes or (1, 1, 1)))
    if agent.actions.kind == "discrete":
        for component, size in enumerate(agent.actions.sizes):
            host.action[..., component].random_(size)
    else:
        host.action.normal_()
    return Sequences(*(tensor.numpy() for tensor in host))


def shuffles(config: Config, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.permutation(config.sequences)[: config.sequences // config.minibatches] for _ in range(count)]


def compare(device: str, kind: str, config: Config, rtol: float = 0.0, atol: float = 0.0) -> None:
    """Graph against autograd over rollouts, live settings and weights that change; bit by bit without a tolerance."""
    agent, flat = agent_on(device, kind, config)
    graph, autograd = GraphGradient(agent, flat, config, Sections()), AutogradGradient(agent, flat, Sections())
    graph.prepare()
    seen = []
    for update, (lambda_c, ent_coef, target_c) in enumerate([(0.1, 0.01, 0.35), (0.7, 0.3, 0.35), (0.7, 0.0, 0.9)]):
        live = config.model_copy(update={"ent_coef": ent_coef, "target_c": target_c})
        sequences = made_up(agent, config, update)
        for gradient in (graph, autograd):
            gradient.begin(sequences, live, lambda_c)
        for which in shuffles(config, 2):
            expected_metrics, expected = autograd.minibatch(which), flat.grad.clone()
            flat.grad.fill_(torch.nan)
            metrics = graph.minibatch(which)
            assert flat.grad.isfinite().all()
            np.testing.assert_allclose(metrics, expected_metrics, rtol=rtol, atol=atol)
            torch.testing.assert_close(flat.grad, expected, rtol=rtol, atol=atol)
            seen.append(expected)
            with torch.no_grad():
                flat.vector.sub_(0.01 * flat.grad)
    assert not any(torch.equal(a, b) for a, b in pairwise(seen)), "the test would show nothing"


@pytest.mark.parametrize("kind", SPACES)
@pytest.mark.parametrize("memory", [True, False])
def test_over_fixed_memory_the_gradient_is_autograds_bit_by_bit(kind: str, memory: bool) -> None:
    compare("cpu", kind, small_config(memory=memory))


@pytest.mark.parametrize("arm", ARMS)
def test_over_fixed_memory_so_is_that_of_every_cell_and_gate(arm: str) -> None:
    compare("cpu", "discrete", small_config(**ARMS[arm]))


@pytest.mark.parametrize(
    ("kind", "arm"), [*((kind, "gru-td") for kind in SPACES), *(("discrete", arm) for arm in ARMS)]
)
def test_what_is_captured_never_waits_and_stays_on_its_device(kind: str, arm: str) -> None:
    """Tensors without data refuse to be read, to decide anything, and to be mixed with those of the CPU."""
    agent, flat = agent_on("meta", kind, small_config(**ARMS[arm]))
    graph = GraphGradient(agent, flat, small_config(**ARMS[arm]), Sections())
    graph.compute()
    assert {parameter.grad.device.type for parameter in agent.parameters()} == {"meta"}
    with pytest.raises(RuntimeError, match="meta"):
        graph._metrics.sum().item()
    with pytest.raises(RuntimeError, match="device"):
        minibatch_loss(
            agent,
            to_device(made_up(agent, small_config(), 0), "cpu"),
            small_config(),
            LiveCoefficients(0.1, 0.1, 0.1, 0.1),
        )


def test_memory_that_a_graph_knows_by_its_address_never_moves() -> None:
    config = small_config()
    agent, flat = agent_on("cpu", "discrete", config)
    graph = GraphGradient(agent, flat, config, Sections())

    def addresses() -> list[int]:
        static = [*graph._batch, *graph._coefficients, graph._which, graph._metrics, flat.grad]
        return [tensor.data_ptr() for parameter in agent.parameters() for tensor in (parameter, parameter.grad)] + [
            tensor.data_ptr() for tensor in static
        ]

    before = addresses()
    optimizer = torch.optim.Adam([flat.vector])
    for seed in range(3):
        graph.begin(made_up(agent, config, seed), config.model_copy(update={"target_c": 0.1 * seed}), 0.1)
        for which in shuffles(config, 2):
            graph.minibatch(which)
            optimizer.step()
            flat.write(flat.read() * np.float32(0.9))
    assert addresses() == before


def test_a_blank_minibatch_is_laid_out_as_one_of_a_rollout() -> None:
    config = small_config()
    learner, channel = make(config)
    picked = pick(to_device(cut(join(channel.take(), config), config.seq_len), "cpu"), torch.arange(8))
    blank = blank_minibatch(learner.agent.encoder.in_features, learner.agent.actions, config)
    for name, array in blank._asdict().items():
        tensor = torch.from_numpy(array)
        expected = getattr(picked, name)
        assert (name, tensor.shape, tensor.dtype) == (name, expected.shape, expected.dtype)
        assert tensor.stride() == expected.stride()


def make(config: Config, graph: bool = False) -> tuple[Learner, SerialChannel]:
    """A learner that uses torch, and a channel whose rollouts do not depend on the learner's device."""
    facts = check_environment(config)
    learner = Learner(Agent(facts.observation_size, facts.actions, config), config)
    if graph:
        learner._gradient = GraphGradient(learner.agent, learner.flat, config, learner.sections)
    policy = make_policy(facts.observation_size, facts.actions, config)
    channel = SerialChannel(config, policy, OpenEpisodes(config.num_envs), 0)
    channel.publish(learner.weights())
    return learner, channel


def learn(learner: Learner, channel: SerialChannel, changes: list[dict[str, float]]) -> list[dict[str, float]]:
    """One update after each change of live settings."""
    rows = []
    for change in changes:
        learner.reconfigure(learner._config.model_copy(update=change))
        rows.append(learner.update(join(channel.take(), learner._config)))
        channel.publish(learner.weights())
    return rows


CHANGES = [{}, {"ent_coef": 0.2}, {"target_c": 0.9}, {"lambda_c": 3.0, "lr": 1e-3}]


def test_a_learner_that_uses_it_learns_the_same_bit_by_bit() -> None:
    config = small_config(kernels="torch")
    (learner, channel), (other, other_channel) = make(config, graph=True), make(config)
    assert learn(learner, channel, CHANGES) == learn(other, other_channel, CHANGES)
    assert np.array_equal(learner.flat.read(), other.flat.read())


def test_the_device_chooses() -> None:
    agent, flat = agent_on("cpu", "discrete", small_config())
    for device, kind in (("cpu", KernelGradient), ("cuda", GraphGradient), ("cuda:1", GraphGradient)):
        assert type(make_gradient(agent, flat, small_config(device=device), Sections())) is kind


def test_what_is_cut_is_contiguous_and_on_the_cpu_its_memory_is_shared() -> None:
    config = small_config()
    _, channel = make(config)
    arrays = cut(join(channel.take(), config), config.seq_len)
    for array, tensor in zip(arrays, to_device(arrays, "cpu"), strict=True):
        assert array.flags.c_contiguous and tensor.data_ptr() == array.ctypes.data


@on_a_gpu
@pytest.mark.parametrize(
    ("kind", "arm"), [*((kind, "gru-td") for kind in SPACES), *(("discrete", arm) for arm in ARMS)]
)
def test_the_captured_graph_agrees_with_autograd_on_the_gpu(kind: str, arm: str) -> None:
    # A product may be summed in another order: cuBLAS chooses by the workspace that it finds.
    compare("cuda", kind, small_config(**ARMS[arm]), rtol=1e-4, atol=1e-5)


@on_a_gpu
def test_the_gpus_gradient_is_the_processors_up_to_rounding() -> None:
    config = small_config()
    found = []
    for device in ("cpu", "cuda"):
        agent, flat = agent_on(device, "multi-discrete", config)
        gradient = GraphGradient(agent, flat, config, Sections())
        gradient.begin(made_up(agent, config, 0), config, 0.5)
        metrics = gradient.minibatch(shuffles(config, 1)[0])
        found.append((metrics, flat.grad.cpu()))
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-3, atol=1e-5)


@on_a_gpu
def test_a_replayed_graph_repeats_itself_bit_by_bit() -> None:
    config = small_config()
    agent, flat = agent_on("cuda", "discrete", config)
    gradient = GraphGradient(agent, flat, config, Sections())
    gradient.begin(made_up(agent, config, 0), config, 0.5)
    which = shuffles(config, 1)[0]
    seen = {(gradient.minibatch(which).tobytes(), flat.grad.cpu().numpy().tobytes()) for _ in range(20)}
    assert len(seen) == 1


@on_a_gpu
def test_sequences_reach_the_gpu_as_they_were_although_the_rollout_is_overwritten_at_once() -> None:
    config = small_config()
    _, channel = make(config)
    blocks = channel.take()
    for turn in range(4):  # later rollouts reuse the pinned memory of earlier ones
        rollout = join(blocks, config)
        arrays = (rollout.block.observation, rollout.block.h0, rollout.targets.advantage, rollout.td_std)
        for array in arrays:
            array += turn
        expected = {
            name: tensor.clone() for name, tensor in to_device(cut(rollout, config.seq_len), "cpu")._asdict().items()
        }
        found = to_device(cut(rollout, config.seq_len), "cuda")
        for array in arrays:
            array.fill(-1)
        for name, tensor in found._asdict().items():
            assert torch.equal(tensor.cpu(), expected[name]), name


@on_a_gpu
def test_a_learner_on_a_gpu_repeats_itself_and_goes_on_from_a_snapshot_bit_by_bit() -> None:
    config = small_config(device="cuda")
    (learner, channel), (other, other_channel) = make(config), make(config)
    assert learn(learner, channel, CHANGES) == learn(other, other_channel, CHANGES)
    assert np.array_equal(learner.flat.read(), other.flat.read())
    restored, _ = make(config)
    restored.restore(*learner.state_tensors(), learner.td.mean, learner.td.std, learner.version)
    restored.reconfigure(learner._config)
    rollout = join(channel.take(), config)
    assert restored.update(rollout) == learner.update(rollout)
    assert np.array_equal(restored.flat.read(), learner.flat.read())


@on_a_gpu
@pytest.mark.processes
@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("kernels", ["auto", "torch"])
def test_a_run_trains_on_a_gpu_and_repeats(command, kernels: str) -> None:
    def train(name: str, *more: str, **changes: object) -> list[dict[str, object]]:
        settings = {**SMALL, "num_actors": 2, "device": "cuda", "kernels": kernels, **changes}
        result = command("launch", "--headless", "--json", "--run-dir", name, *assignments(**settings), timeout=240)
        assert result.returncode == 0, result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    def without_times(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        return [{name: value for name, value in row.items() if name not in TIMES} for row in rows]

    first = train("first")
    assert [row["update"] for row in first] == [1, 2, 3, 4]
    assert without_times(train("again")) == without_times(first)
    still = train("still", lr=0.0)
    # The GPU replays what the processor acted: equal up to rounding, and so are the ratios to 1.
    assert all(row["approx_kl"] < 1e-6 and row["clip_fraction"] == 0 for row in still)
    evaluated = command("evaluate", "first", timeout=240)
    assert evaluated.returncode == 0, evaluated.stderr
