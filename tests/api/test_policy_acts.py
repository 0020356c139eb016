"""A loaded policy acts in a plain loop exactly as it does in the run's own evaluations."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from support import ARMS, small_config
from untrained import run_of

from gwt_ib import load
from gwt_ib.model.weights import Weights, joined, parameter_shapes
from gwt_ib.rollout.evaluation import evaluation_envs, play
from gwt_ib.rollout.policy import make_policy
from gwt_ib.runs.snapshot import load_snapshot


class Noted:
    """Notes what an evaluation does at each step; a policy and a gate at once."""

    def __init__(self, policy):
        self._policy, self.steps = policy, []

    def stepper(self, size):
        self.made = self._policy.stepper(size)
        return self.made

    def begin(self, episodes): ...
    def force(self, t, forced_c): ...
    def before(self, t, td_prev): ...

    def after(self, t, c, td_prev, running):
        made = self.made
        parts = (made.action, made.value, c, made.prior, td_prev)
        self.steps.append([part.copy() for part in parts])


def evaluated(directory):
    """The returns of a run's evaluation episodes and their lengths, and what was done at each step."""
    config, spec = directory.read_config(), directory.read_environment()
    (path,) = directory.snapshots.iterdir()
    snapshot = load_snapshot(path)
    policy = make_policy(spec.observation_size, spec.actions, config)
    vector = joined(snapshot.model, parameter_shapes(spec.observation_size, spec.actions, config))
    weights = Weights(0, vector, snapshot.state["td_mean"], snapshot.state["td_std"])
    policy.write(weights.vector)
    noted = Noted(policy)
    played = play(noted, (weights.td_mean, weights.td_std), config, evaluation_envs(config), range(3), noted)
    return played, noted.steps


def acted(policy, episode):
    """The same of one episode, with `act` in a plain loop."""
    env = gymnasium.make(policy.env_id, disable_env_checker=True)
    observation, _ = env.reset(seed=policy.evaluation_seed(episode))
    state, reward, total, steps, over = None, 0.0, 0.0, [], False
    while not over:
        action, state, gate = policy.act(observation, state, reward, evaluation=episode)
        assert gate == state.gate and state.step == len(steps)
        observation, reward, terminated, truncated, _ = env.step(action)
        total += np.float32(reward)
        steps.append((action, state.value, state.gate, state.prior, state.td))
        over = terminated or truncated
    return total, steps


TASKS = {
    "discrete": {"env_id": "popgym-RepeatPreviousEasy-v0"},
    "discrete-prev": {"env_id": "popgym-RepeatPreviousEasy-v0", "prev_action": True, "cell": "lstm"},
    "ends-prev": {"env_id": "sample_envs:Ends-v0", "prev_action": True},
    "box": {"env_id": "popgym-PositionOnlyCartPoleEasy-v0", "cell": "lstm"},
    "dict-box-prev": {"env_id": "sample_envs:Nested-v0", "prev_action": True},
    "tuple-box": {"env_id": "popgym-PositionOnlyPendulumEasy-v0", "cell": "lstm", "prev_action": True},
    "multi": {"env_id": "popgym-MineSweeperEasy-v0", "prev_action": True},
    "layers": {"env_id": "sample_envs:Ends-v0", "encoder_layers": 2, "head_layers": 2, "memory": False},
    **{f"ends-{arm}": {"env_id": "sample_envs:Ends-v0", **settings} for arm, settings in ARMS.items()},
}


@pytest.mark.parametrize("settings", TASKS.values(), ids=TASKS.keys())
def test_an_episode_with_act_is_the_evaluations_to_the_last_bit(tmp_path, settings):
    directory = run_of(tmp_path / "run", kernels="numba", **settings)
    played, wanted = evaluated(directory)
    policy = load(directory)
    codec = policy._codec
    for episode in (2, 0):
        total, steps = acted(policy, episode)
        assert len(steps) == played.lengths[episode] and total == pytest.approx(played.returns[episode], rel=1e-6)
        for step, (rows, *others) in zip(steps, wanted, strict=False):
            assert np.array_equal(step[0], codec.to_env(rows[episode]))
            assert list(step[1:]) == [float(other[episode]) for other in others]
    assert len({step[1] for step in steps}) > 2, "the critic sees the difference"


@pytest.mark.parametrize("arm", ["gru-td", "lstm-router"])
def test_with_torch_it_is_the_same_but_for_rounding(tmp_path, arm):
    settings = {"env_id": "sample_envs:Nested-v0", "prev_action": True, **ARMS[arm]}
    directory = run_of(tmp_path / "run", kernels="torch", **settings)
    _, wanted = evaluated(directory)
    _, steps = acted(load(directory), 1)
    for step, (rows, *others) in zip(steps, wanted, strict=False):
        assert step[0] == pytest.approx(load(directory)._codec.to_env(rows[1]), abs=1e-5)
        assert step[1:] == pytest.approx([float(other[1]) for other in others], abs=1e-5)


@pytest.fixture(params=["numba", "torch"])
def policy(request, tmp_path):
    return load(run_of(tmp_path / "run", kernels=request.param, num_envs=4))


def in_turn(policy, observations, **begin):
    """The states of one episode that sees these observations."""
    states = [policy.act(observations[0], **begin)[1]]
    for observation in observations[1:]:
        states.append(policy.act(observation, states[-1], 0.3)[1])
    return states


def looks(states):
    return [(state.gate, state.prior, state.value, state.td, state._action) for state in states]


def test_episodes_side_by_side_do_not_disturb_each_other(policy):
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 4, (2, 300)).tolist()
    apart = [in_turn(policy, seen, seed=seed) for seen, seed in ((one, 5), (other, 6))]
    states = [policy.act(one[0], seed=5)[1], policy.act(other[0], seed=6)[1]]
    for t in range(1, 300):
        states = [policy.act(seen[t], state, 0.3)[1] for seen, state in zip((one, other), states, strict=True)]
    assert looks(states) == looks([episode[-1] for episode in apart])
    assert len({look[4] for look in looks(apart[0])}) > 1


def test_an_older_state_can_be_gone_on_from_again(policy):
    states = in_turn(policy, [1, 2, 3, 0, 1], seed=5)
    again = in_turn(policy, [1, 2, 3, 0, 1], seed=5)
    assert looks(states) == looks(again)
    branch = policy.act(3, states[1], 0.3)[1]
    assert looks([branch]) == looks([states[2]])
    other = policy.act(0, states[1], 0.9)[1]
    assert other.td != branch.td and other.value != branch.value
    assert looks([policy.act(0, branch, 0.3)[1]]) == looks([states[3]])


def test_noise_is_the_seeds_and_each_episode_has_its_own(policy, tmp_path):
    def actions(acting, **begin):
        return [state._action for state in in_turn(acting, [1] * 40, **begin)]

    first, second = actions(policy), actions(policy)
    assert first != second
    again = load(tmp_path / "run")
    assert [actions(again), actions(again)] == [first, second]
    assert actions(load(tmp_path / "run", seed=1)) != first
    assert actions(policy, seed=9) == actions(again, seed=9) != actions(again, seed=10)


@pytest.mark.parametrize("task", ["discrete", "multi", "dict-box-prev", "layers"])
def test_deterministic_is_the_likeliest_action_by_the_torch_module(tmp_path, task):
    torch = pytest.importorskip("torch")
    from gwt_ib.model.cell import TdScale

    policy = load(run_of(tmp_path / "run", **TASKS[task]))
    env = gymnasium.make(policy.env_id, disable_env_checker=True)
    observation, _ = env.reset(seed=3)
    action, state, _ = policy.act(observation, deterministic=True)
    assert np.array_equal(policy.act(observation, deterministic=True, seed=1)[0], action)
    agent, row = policy.module, torch.from_numpy(state._decision.row)
    begin = torch.zeros(1, agent.state_size), torch.zeros(1), torch.ones(1)
    td = TdScale(torch.tensor(policy.td_mean), torch.tensor(policy.td_std))
    with torch.no_grad():
        out = agent.act(row, *begin, td, torch.zeros(1, policy._codec.width))
        logits = agent._policy(
            agent.cell(agent.encode(row), begin[0], agent._prior_logit(begin[1], begin[2], td), 0 * begin[2])
        )
    assert [state.value, state.gate] == pytest.approx([out.value.item(), out.c.item()], abs=1e-5)
    if policy._codec.kind == "continuous":
        assert action == pytest.approx(policy._codec.to_env(logits[0].numpy()), abs=1e-5)
    else:
        best = [int(part.argmax()) for part in torch.split(logits[0], list(policy._codec.sizes))]
        assert np.array_equal(action, policy._codec.to_env(best))


def test_the_module_has_the_snapshots_weights_and_draws_no_random_numbers(tmp_path):
    torch = pytest.importorskip("torch")
    directory = run_of(tmp_path / "run", cell="lstm")
    before = torch.random.get_rng_state()
    policy = load(directory)
    named = dict(policy.module.named_parameters())
    assert torch.equal(torch.random.get_rng_state(), before)
    model = load_snapshot(policy.snapshot).model
    assert named and all(np.array_equal(tensor.detach().numpy(), model[name]) for name, tensor in named.items())


def test_a_state_of_another_agent_is_refused(tmp_path):
    policy = load(run_of(tmp_path / "run"))
    wide = load(run_of(tmp_path / "wide", hidden_size=32))
    _, state, _ = wide.act(1)
    with pytest.raises(ValueError, match="another agent"):
        policy.act(1, state)


@pytest.mark.parametrize("observation", [7, -1, "x", None, np.zeros(2)])
def test_an_observation_of_no_such_space_is_refused(tmp_path, observation):
    policy = load(run_of(tmp_path / "run"))
    with pytest.raises(ValueError, match="not in Discrete"):
        policy.act(observation)


@pytest.mark.parametrize("reward", [np.nan, 1e30])
def test_a_reward_that_cannot_be_learnt_from_is_refused(tmp_path, reward):
    policy = load(run_of(tmp_path / "run"))
    _, state, _ = policy.act(1)
    with pytest.raises(ValueError, match="the reward is"):
        policy.act(1, state, reward)


def test_a_state_does_not_change(tmp_path):
    policy = load(run_of(tmp_path / "run"))
    _, state, gate = policy.act(1)
    policy.act(2, state, 1.0)
    assert state.gate == gate and "gate=" in repr(state) and "_decision" not in repr(state)
    with pytest.raises(AttributeError):
        state.gate = 0.0


def test_the_policy_says_what_it_is(tmp_path):
    directory = run_of(tmp_path / "run")
    policy = load(directory)
    assert policy.env_id == policy.config.env_id == small_config().env_id
    assert (policy.update, policy.env_steps) == (2, 512) and str(policy.snapshot) in repr(policy)
    env = gymnasium.make(policy.env_id, disable_env_checker=True)
    assert (policy.observation_space, policy.action_space) == (env.observation_space, env.action_space)
