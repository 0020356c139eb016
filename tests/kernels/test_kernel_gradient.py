"""The kernels' gradient of a minibatch against autograd's through the agent, weight by weight."""

import threading

import numpy as np
import pytest
import torch
from gymnasium import spaces
from support import ARMS

from gwt_ib.config import Config
from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.kernels import lstm
from gwt_ib.kernels.gradient import KernelGradient
from gwt_ib.kernels.gru import unroll
from gwt_ib.learn.gradient import AutogradGradient, make_gradient
from gwt_ib.learn.losses import LOSS_METRICS
from gwt_ib.model import weights as layout
from gwt_ib.model.agent import Agent, FlatParameters
from gwt_ib.model.experience import Sequences
from gwt_ib.model.weights import state_size
from gwt_ib.sections import Sections

T, ENVS = 7, 6  # with 4 rollouts of T steps a minibatch has 6 sequences

NOTHING_WITHOUT_MEMORY = ("cell.gru.weight_hh", "cell.lstm.weight_hh", "cell.router.from_h.weight")
SPACES = {
    "discrete": (spaces.Discrete(3), 8),
    "multi-discrete": (spaces.MultiDiscrete([3, 2, 4]), 5),
    "box": (spaces.Box(-1, 1, (2,)), 1),
}


def configuration(**changes: object) -> Config:
    sizes = {"num_envs": ENVS, "seq_len": T, "rollout_steps": 4 * T, "hidden_size": 20, "total_timesteps": 10_000}
    return Config(**{**sizes, "lambda_c": 0.7, "ent_coef": 0.3, "target_c": 0.2, **changes})


def made_up(config: Config, observation_size: int, actions: ActionCodec) -> Sequences[np.ndarray]:
    """Sequences with resets inside, ratios on both sides of the clipping range, advantages of both signs."""
    torch.manual_seed(4)
    steps, count, width = config.seq_len, config.sequences, actions.width
    action = torch.randn(steps, count, width)
    if actions.kind == "discrete":
        action = torch.stack([torch.randint(0, size, (steps, count)) for size in actions.sizes], -1).int()
    tensors = Sequences(
        observation=torch.randn(steps, count, observation_size),
        h0=torch.randn(count, state_size(config)),
        td_prev=0.05 * torch.randn(steps, count),
        is_first=(torch.rand(steps, count) < 0.2).float(),
        td_mean=torch.linspace(-0.02, 0.02, count),
        td_std=torch.linspace(0.02, 0.1, count),
        action=action,
        log_prob=-(1.0 + torch.rand(steps, count)) * len(actions.sizes or (1, 1, 1)),
        advantage=torch.randn(steps, count),
        returns=torch.randn(steps, count),
    )
    return Sequences(*(tensor.numpy() for tensor in tensors))


def both(
    kind: str, config: Config, away: float = 0.2
) -> tuple[FlatParameters, list[AutogradGradient | KernelGradient]]:
    space, size = SPACES[kind]
    agent = Agent(size, ActionCodec(space), config)
    flat = FlatParameters(agent)
    torch.manual_seed(5)
    with torch.no_grad():
        flat.vector.add_(away * torch.randn_like(flat.vector))
    gradients = [AutogradGradient(agent, flat, Sections()), make_gradient(agent, flat, config, Sections())]
    sequences = made_up(config, size, agent.actions)
    for gradient in gradients:
        gradient.begin(sequences, config, config.lambda_c)
    return flat, gradients


@pytest.mark.parametrize("kind", SPACES)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"memory": False, "learner_threads": 1},
        {"hidden_size": 64, "clip_vf": 0.8},
        {"hidden_size": 3, "seq_len": 1, "rollout_steps": 4},
        {"encoder_layers": 3, "head_layers": 2, "hidden_size": 19},
        {"encoder_layers": 2, "learner_threads": 4},
        {"head_layers": 1, "clip_eps": 1.5},
    ],
)
def test_every_weight_gets_autograds_gradient(kind: str, changes: dict[str, object]) -> None:
    config = configuration(**changes)
    flat, gradients = both(kind, config, 0.1 if config.head_layers else 0.2)
    which = np.array([5, 0, 17, 9, 2, 11])
    expected_metrics = gradients[0].minibatch(which)
    assert 0 < expected_metrics[LOSS_METRICS.index("clip_fraction")] < 1
    expected = {name: part.numpy().copy() for name, part in flat.split(flat.grad).items()}
    flat.grad.fill_(torch.nan)
    metrics = gradients[1].minibatch(which)
    np.testing.assert_allclose(metrics, expected_metrics, rtol=1e-5, atol=1e-7)
    for name, part in flat.split(flat.grad).items():
        scale = np.abs(expected[name]).max()
        assert scale > 0 or (name in NOTHING_WITHOUT_MEMORY and not config.memory), name
        np.testing.assert_allclose(part.numpy(), expected[name], atol=3e-5 * scale, err_msg=name)


def test_layers_behind_an_lstm_get_autograds_gradient_too() -> None:
    test_every_weight_gets_autograds_gradient("discrete", {"encoder_layers": 2, "head_layers": 1, "cell": "lstm"})


@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize("arm", ARMS)
def test_every_weight_of_every_cell_and_gate_gets_autograds_gradient(arm: str, memory: bool) -> None:
    test_every_weight_gets_autograds_gradient("discrete", {**ARMS[arm], "memory": memory, "hidden_size": 21})


def test_what_does_not_fit_is_refused() -> None:
    """Kernels look at no bounds: a wrong number would read what lies beside an array."""
    config = configuration()
    _, (_, compiled) = both("multi-discrete", config)
    for which in (np.arange(5), np.array([0, 1, 2, 3, 4, config.sequences]), np.array([0, 1, 2, 3, 4, -1])):
        with pytest.raises(ValueError, match="a minibatch is 6 of 24 sequences"):
            compiled.minibatch(which)
    sequences = made_up(config, 5, ActionCodec(spaces.MultiDiscrete([3, 9, 4])))
    with pytest.raises(ValueError, match="an action lies outside"):
        compiled.begin(sequences, config, 0.0)
    with pytest.raises(ValueError, match="observations of shape"):
        compiled.begin(made_up(config, 4, ActionCodec(SPACES["multi-discrete"][0])), config, 0.0)


def test_the_number_of_threads_changes_rounding_only() -> None:
    results = []
    for threads in (1, 2, 3, 50):  # six sequences: fifty threads are six
        flat, (_, compiled) = both("discrete", configuration(learner_threads=threads))
        compiled.minibatch(np.arange(6))
        results.append(flat.grad.numpy().copy())
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], atol=1e-5 * np.abs(results[0]).max())


def test_a_gradient_repeats_itself_bit_by_bit() -> None:
    flat, (_, compiled) = both("discrete", configuration(learner_threads=3))
    seen = []
    for _ in range(20):
        metrics = compiled.minibatch(np.arange(6))
        seen.append((flat.grad.numpy().tobytes(), metrics.tobytes()))
    assert len(set(seen)) == 1


@pytest.mark.parametrize("arm", ARMS)
def test_the_layout_is_that_of_the_agents_parameters(arm: str) -> None:
    for space, size in SPACES.values():
        config = configuration(**ARMS[arm])
        agent = Agent(size, ActionCodec(space), config)
        shapes = layout.parameter_shapes(size, agent.actions, config)
        assert list(shapes.items()) == [(name, tuple(p.shape)) for name, p in agent.named_parameters()]
        flat = FlatParameters(agent)
        for name, view in layout.views(flat.read(), shapes).items():
            assert np.array_equal(view, agent.get_parameter(name).detach().numpy())


def test_the_configuration_chooses() -> None:
    for kernels, kind in (("auto", KernelGradient), ("numba", KernelGradient), ("torch", AutogradGradient)):
        config = configuration(kernels=kernels)
        agent = Agent(8, ActionCodec(spaces.Discrete(3)), config)
        assert type(make_gradient(agent, FlatParameters(agent), config, Sections())) is kind


def test_a_closed_gate_freezes_h_bit_by_bit() -> None:
    hidden, width = 20, 10
    rng = np.random.default_rng(2)

    def random(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32)

    gates = 3 * hidden + width
    h0, closed, keep = random(3, hidden), np.full((T, 3), -np.inf, np.float32), np.ones((T, 3), np.float32)
    h, c = np.full((T, 3, hidden), np.nan, np.float32), np.full((T, 3), np.nan, np.float32)
    scratch = [
        np.empty(shape, np.float32) for shape in ((3, gates), (T, 3, hidden), (T, 3, 3 * hidden), (T, 3, hidden))
    ]
    unroll(
        random(T, 3, gates), h0, closed, keep, random(hidden, gates), random(gates), random(gates), random(width),
        *scratch, np.empty((T, 3, width), np.float32), c, h,
    )  # fmt: skip
    assert not c.any()
    assert np.array_equal(h, np.broadcast_to(h0, h.shape))


def test_a_closed_gate_freezes_an_lstm_bit_by_bit() -> None:
    hidden, rng = 20, np.random.default_rng(2)

    def random(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32)

    gates, state0 = 4 * hidden, random(3, 2 * hidden)
    closed, keep = np.full((T, 3), -np.inf, np.float32), np.ones((T, 3), np.float32)
    h_in, m_in, memory, h, m = np.full((5, T, 3, hidden), np.nan, np.float32)
    lstm.unroll(
        random(T, 3, gates), state0, closed, keep, random(hidden, gates), random(gates), random(gates), random(0),
        random(3, gates), h_in, m_in, random(T, 3, gates), memory, random(T, 3, 0), random(T, 3), h, m,
    )  # fmt: skip
    assert np.array_equal(np.concatenate((h, m), axis=2), np.broadcast_to(state0, (T, 3, 2 * hidden)))


def test_every_thread_is_started_before_the_run_begins_or_refused_then(monkeypatch: pytest.MonkeyPatch) -> None:
    start, begun, most = threading.Thread.start, [], 3

    def so_many(thread: threading.Thread) -> None:
        if len(begun) == most:
            raise RuntimeError("can't start new thread")
        begun.append(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", so_many)
    _, (_, compiled) = both("discrete", configuration(learner_threads=4))
    compiled.prepare()
    assert len(begun) == 3, "and not only those that no idle one could stand for"
    most = 5
    _, (_, compiled) = both("discrete", configuration(learner_threads=4))
    with pytest.raises(RuntimeError, match="can't start new thread"):
        compiled.prepare()
