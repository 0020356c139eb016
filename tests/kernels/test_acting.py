"""Acting with kernels against acting with torch, and that no row knows of another."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from gymnasium import spaces
from kernel_pairs import TD, make_pair
from support import ARMS, small_config

from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.errors import UserError
from gwt_ib.kernels import use_kernels
from gwt_ib.kernels.act import sample_choices
from gwt_ib.rollout.env_loop import action_noise
from gwt_ib.rollout.policy import Stepper

RESULTS = ("h", "log_prob", "value", "c", "prior", "next_value")
SPACES = {
    "one choice": spaces.Discrete(5),
    "choices": spaces.MultiDiscrete([3, 2, 40]),
    "numbers": spaces.Box(-1, 1, (3,), np.float32),
}


class Play:
    """Made-up inputs of T steps in B environments; episodes end here and there."""

    def __init__(self, steps: int, size: int, observation_size: int, actions: ActionCodec) -> None:
        random = np.random.default_rng(7)
        self.next_obs = random.normal(size=(steps, size, observation_size)).astype(np.float32)
        self.first = random.random((steps, size)) < 0.3
        self.first[0] = True
        self.obs = np.empty_like(self.next_obs)
        self.obs[0], self.obs[1:] = random.normal(size=self.obs[0].shape), self.next_obs[:-1]
        self.obs[self.first] = random.normal(size=self.obs[self.first].shape)
        self.td = random.normal(0, 0.1, (steps, size)).astype(np.float32)
        self.noise = action_noise(actions, [random] * size, steps)

    def results(self, stepper: Stepper, rows: slice = slice(None), always_begin: bool = False) -> dict[str, np.ndarray]:
        """What a stepper of these rows gives, every step."""
        seen: dict[str, list[np.ndarray]] = {name: [] for name in (*RESULTS, "action")}
        stepper.begin(*TD)
        for t in range(len(self.obs)):
            if always_begin:
                stepper.begin(*TD)
            noise, td_prev, is_first = self.noise[t, rows], self.td[t, rows], self.first[t, rows]
            stepper.act(self.obs[t, rows], td_prev, is_first, noise)
            stepper.bootstrap(self.next_obs[t, rows])
            for name, arrays in seen.items():
                arrays.append(getattr(stepper, name).copy())
        return {name: np.stack(arrays) for name, arrays in seen.items()}


@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize(("hidden", "observation_size", "size"), [(20, 3, 3), (1, 1, 1), (64, 33, 16), (31, 5, 7)])
def test_the_kernels_act_as_torch_does(space, memory, hidden, observation_size, size):
    actions = ActionCodec(space)
    config = small_config(hidden_size=hidden, memory=memory)
    by_torch, kernels = make_pair(observation_size, actions, config)
    play = Play(30, size, observation_size, actions)
    assert play.first[1:].any() or size == 1
    expected, found = play.results(by_torch.stepper(size)), play.results(kernels.stepper(size))
    assert found["action"].dtype == expected["action"].dtype
    for name in (*RESULTS, "action"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize(
    ("encoder_layers", "head_layers", "cell"), [(3, 2, "gru"), (1, 1, "gru"), (2, 0, "gru"), (2, 1, "lstm")]
)
def test_layers_of_encoder_and_heads_act_as_torchs(encoder_layers, head_layers, space, cell):
    actions = ActionCodec(space)
    config = small_config(hidden_size=21, encoder_layers=encoder_layers, head_layers=head_layers, cell=cell)
    by_torch, kernels = make_pair(5, actions, config)
    play = Play(12, 4, 5, actions)
    expected, found = play.results(by_torch.stepper(4)), play.results(kernels.stepper(4))
    for name in (*RESULTS, "action"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-5, err_msg=name)
    alone = play.results(kernels.stepper(1), slice(2, 3))
    for name, rows in found.items():
        np.testing.assert_array_equal(alone[name], rows[:, 2:3], err_msg=name)


@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize("arm", ARMS)
def test_the_kernels_act_as_torch_does_with_every_cell_and_gate(arm, memory):
    config = small_config(**ARMS[arm], hidden_size=21, memory=memory)
    by_torch, kernels = make_pair(5, ActionCodec(spaces.Discrete(4)), config)
    play = Play(20, 3, 5, kernels.actions)
    expected, found = play.results(by_torch.stepper(3)), play.results(kernels.stepper(3))
    for name in (*RESULTS, "action"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-5, err_msg=name)
    c, prior = found["c"], found["prior"]
    assert (c.std() == 0) == (config.gate in ("open", "constant"))
    assert (prior.std() == 0) == (config.gate not in ("td", "prior"))
    assert np.array_equal(c, prior) == (config.gate not in ("td", "router"))
    fixed = {"open": 1.0, "constant": config.target_c}.get(config.gate)
    assert fixed is None or c.flat[0] == pytest.approx(fixed, abs=1e-7)
    assert config.gate != "router" or set(prior.flat) == {0.5}


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("kind", [0, 1], ids=["torch", "kernels"])
def test_a_forced_gate_is_the_gate_of_its_row_alone(kind, cell):
    actions = ActionCodec(spaces.Discrete(4))
    policy = make_pair(5, actions, small_config(hidden_size=20, cell=cell))[kind]
    play = Play(12, 4, 5, actions)
    own, forced = policy.stepper(4), policy.stepper(4)
    assert forced.forced_c.tolist() == [-1.0] * 4
    forced.forced_c[1:] = 0.0, 1.0, 0.25
    expected, found = play.results(own), play.results(forced)
    for name in RESULTS:
        np.testing.assert_array_equal(found[name][:, 0], expected[name][:, 0], err_msg=name)
    np.testing.assert_array_equal(found["prior"], expected["prior"])
    np.testing.assert_array_equal(found["c"][:, 1:], np.broadcast_to(np.float32([0.0, 1.0, 0.25]), (12, 3)))
    assert not found["h"][:, 1].any() and found["h"][:, 2:].any()
    assert len(set(found["next_value"][:, 1])) == 1, "the bootstrap's gate is forced too"
    forced.forced_c.fill(-1.0)
    again, before = play.results(forced), play.results(own)
    for name in RESULTS:
        np.testing.assert_array_equal(again[name], before[name], err_msg=name)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_row_does_not_depend_on_its_company(space, cell):
    actions = ActionCodec(space)
    config = small_config(hidden_size=20, cell=cell)
    _, kernels = make_pair(5, actions, config)
    play = Play(20, 19, 5, actions)
    together = play.results(kernels.stepper(19))
    for rows in (slice(0, 1), slice(3, 11), slice(2, 18)):
        alone = play.results(kernels.stepper(rows.stop - rows.start), rows)
        for name, expected in together.items():
            np.testing.assert_array_equal(alone[name], expected[:, rows], err_msg=name)


@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_shared_products_are_those_that_would_be_computed_anew(cell, memory):
    actions = ActionCodec(spaces.Discrete(4))
    _, kernels = make_pair(5, actions, small_config(cell=cell, memory=memory))
    play = Play(20, 6, 5, actions)
    shared, anew = play.results(kernels.stepper(6)), play.results(kernels.stepper(6), always_begin=True)
    for name, expected in anew.items():
        np.testing.assert_array_equal(shared[name], expected, err_msg=name)


def test_a_stepper_acts_by_the_weights_that_were_written_before_it_began():
    actions = ActionCodec(spaces.Discrete(4))
    for policy in make_pair(5, actions, small_config()):
        play = Play(3, 2, 5, actions)
        before = play.results(policy.stepper(2))["value"][-1, 0]
        weights = make_pair(5, actions, small_config())[1].vector
        weights[-1] += 1.0  # the critic's bias comes last
        policy.write(weights)
        assert play.results(policy.stepper(2))["value"][-1, 0] == pytest.approx(before + 1, abs=1e-5)


def test_extreme_noise_gives_a_choice_that_exists():
    largest = np.nextafter(np.float32(1), np.float32(0))
    logits = np.array([0.0, 0.0, -1e9, 1e9, 0.0, 0.0], np.float32)
    action = np.zeros(2, np.int32)
    for noise, expected in ((0.0, [0, 0]), (largest, [1, 0])):
        log_prob = sample_choices(
            logits, np.array([3, 3]), np.full(2, noise, np.float32), np.zeros(6, np.float32), action
        )
        assert action.tolist() == expected
        assert log_prob == pytest.approx(np.log(0.5))


def test_an_actor_with_kernels_loads_no_torch():
    script = """
import sys
import numpy as np
import gwt_ib.processes.actor
from gwt_ib.config import Config
from gwt_ib.envs.make import check_environment
from gwt_ib.rollout.evaluation import evaluate, evaluation_envs
from gwt_ib.rollout.collect import Collector, Progress
from gwt_ib.model.experience import BlockSpec
from gwt_ib.rollout.policy import make_policy

config = Config(num_envs=2, num_actors=2, rollout_steps=128, hidden_size=16, eval_episodes=2, kernels="numba")
facts = check_environment(config)
policy = make_policy(facts.observation_size, facts.actions, config)
policy.prepare()
collector = Collector(config, 0, policy, np.zeros(1, np.int64), Progress.private(1))
block = BlockSpec(facts.observation_size, facts.actions, config).allocate()
collector.collect(block, 0, 0, 0.0, 1.0)
evaluate(policy, 0.0, 1.0, config, evaluation_envs(config))
print([name for name in ("torch", "textual") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout == "[]\n", done.stderr


def test_the_setting_says_what_acts(monkeypatch):
    assert use_kernels(small_config(kernels="auto")) and use_kernels(small_config(kernels="numba"))
    assert not use_kernels(small_config(kernels="torch"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not use_kernels(small_config(kernels="auto"))
    with pytest.raises(UserError, match="numba is not installed"):
        use_kernels(small_config(kernels="numba"))
