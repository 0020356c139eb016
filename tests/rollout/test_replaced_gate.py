"""Episodes with the gate replaced: what the gate is at every step, and that nothing else is changed."""

from contextlib import closing

import numpy as np
import pytest
import unruly_envs
from support import small_config

from gwt_ib.envs.make import check_environment
from gwt_ib.envs.spec import ActionLayout, EnvironmentSpec
from gwt_ib.model.weights import Weights, parameter_shapes, size
from gwt_ib.replacements import REPLACEMENTS
from gwt_ib.rollout.env_loop import EnvLoop
from gwt_ib.rollout.evaluation import OVERHEAD_ROWS, evaluate, evaluation_envs
from gwt_ib.rollout.policy import make_policy
from gwt_ib.rollout.replaced_gate import CHUNK, GatePlayer, LearnedGate, ShuffledGate

SIZE = 4


@pytest.fixture(scope="module", params=["torch", "numba"])
def acting(request):
    """A configuration, a policy and weights whose gate depends on everything that it may depend on."""
    config = small_config(eval_episodes=SIZE, kernels=request.param)
    spec = check_environment(config)
    return config, *_agent(config, spec)


def _agent(config, spec):
    policy = make_policy(spec.observation_size, spec.actions, config)
    shapes = parameter_shapes(spec.observation_size, spec.actions, config)
    vector = np.random.default_rng(3).normal(0, 0.4, size(shapes)).astype(np.float32)
    return policy, Weights(1, vector, 0.01, 0.1)


@pytest.fixture
def player(acting):
    config, policy, weights = acting
    with closing(evaluation_envs(config)) as envs:
        yield GatePlayer(policy, config, envs, weights)


@pytest.fixture
def gates(monkeypatch):
    """The gate of each step that is made, and its prior."""
    seen = []
    act = EnvLoop.act

    def noted(loop, noise):
        act(loop, noise)
        seen.append((loop.stepper.c.copy(), loop.stepper.prior.copy(), loop.td_prev.copy()))

    monkeypatch.setattr(EnvLoop, "act", noted)
    return seen


def test_the_learned_gate_plays_the_episodes_of_an_evaluation(acting, player):
    config, policy, weights = acting
    policy.write(weights.vector)
    with closing(evaluation_envs(config)) as envs:
        assert player.learned.returns == evaluate(policy, weights.td_mean, weights.td_std, config, envs)
    assert [len(player.gate.c[episode]) for episode in range(SIZE)] == player.learned.lengths
    assert player.learned.steps == (SIZE + OVERHEAD_ROWS) * max(player.learned.lengths)


@pytest.mark.parametrize(("word", "value"), [("open", 1.0), ("shut", 0.0), ("constant", None)])
def test_a_held_gate_is_the_same_at_every_step(player, gates, word, value):
    player.play(word, range(SIZE))
    wanted = player.gate.mean_c if value is None else value
    assert 0.0 < player.gate.mean_c < 1.0
    assert {float(c) for step, _, _ in gates for c in step} == {np.float32(wanted)}


def test_without_the_router_the_gate_is_the_prior_and_with_it_it_is_not(player, gates):
    player.play("prior", range(SIZE))
    assert all(np.allclose(c, prior, atol=1e-6) for c, prior, _ in gates)
    del gates[:]
    player.play("no-td", range(SIZE))
    assert not any(np.allclose(c, prior, atol=1e-3) for c, prior, _ in gates), "the weights are back"
    assert not any(td.any() for _, _, td in gates)


def test_a_shuffled_gate_is_the_gate_of_other_steps_of_the_same_episode(player, gates):
    played = player.play("shuffled", range(SIZE))
    assert played.lengths == player.learned.lengths
    for episode in range(SIZE):
        mine, shuffled = player.gate.c[episode], np.array([c[episode] for c, _, _ in gates])
        assert sorted(shuffled) == sorted(mine)
        assert (shuffled != mine).mean() > 0.8


def test_an_episode_that_is_longer_than_the_learned_one_draws_its_gates_anew():
    learned = LearnedGate()
    learned.c = {5: np.arange(1, 4, dtype=np.float32), 9: np.arange(10, 40, dtype=np.float32)}
    gate, again = ShuffledGate(learned, 7), ShuffledGate(learned, 7)
    drawn = []
    for each, episodes in ((gate, [5, 9]), (again, [9])):
        each.begin(episodes)
        rows, forced = [], np.zeros(len(episodes), np.float32)
        for t in range(2 * CHUNK):
            each.force(t, forced)
            rows.append(forced.copy())
        drawn.append(np.array(rows))
    for row, count in ((0, 3), (1, 30)):
        blocks = drawn[0][: 2 * CHUNK // count * count, row].reshape(-1, count)
        assert all(set(block) == set(blocks[0]) for block in blocks)
        assert len({tuple(block) for block in blocks}) > 1
    assert (drawn[1][:, 0] == drawn[0][:, 1]).all(), "an episode's order does not depend on which others are played"


def test_an_episode_that_never_began_leaves_its_gate_to_the_agent():
    gate = ShuffledGate(LearnedGate(), 0)
    gate.begin([3])
    forced = np.zeros(1, np.float32)
    gate.force(0, forced)
    assert forced[0] < 0


def test_some_of_the_episodes_are_played_as_all_of_them_are(player, acting):
    every = player.replaced(REPLACEMENTS, range(SIZE))
    some = player.replaced(REPLACEMENTS, [1, 3])
    assert set(every.returns) == set(REPLACEMENTS)
    for word, returns in some.returns.items():
        assert returns[0] is None and returns[2] is None and len(returns) == SIZE
        assert [returns[1], returns[3]] == pytest.approx([every.returns[word][1], every.returns[word][3]])
    longest = player.learned.longest
    assert every.longest == some.longest == longest
    assert every.steps == longest * (6 * SIZE + 6 * OVERHEAD_ROWS)
    assert some.steps == longest * (6 * 2 + 4 * OVERHEAD_ROWS), "five words in parts of four rows, and prior"


def test_what_would_cost_too_much_is_given_up_and_counted(player):
    cost = 2 * (SIZE + OVERHEAD_ROWS) * player.learned.longest
    enough = player.replaced(("open", "shut"), range(SIZE), cost)
    assert set(enough.returns) == {"open", "shut"} and enough.steps == cost
    given_up = player.replaced(("open", "shut"), range(SIZE), cost - 1)
    assert given_up.returns == {} and given_up.steps == cost - 1


def test_in_waves_the_gates_are_replaced_as_all_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(unruly_envs, "FOLDER", tmp_path)
    config = small_config(env_id="unruly_envs:Licensed-v0", eval_episodes=7)
    policy, weights = _agent(config, EnvironmentSpec(3, ActionLayout("discrete", (2,), 1), "", ""))
    found = []
    for seats in (7, 3):
        monkeypatch.setattr(unruly_envs.Licensed, "seats", seats)
        with closing(evaluation_envs(config)) as envs:
            player = GatePlayer(policy, config, envs, weights)
            found.append((player.gate.mean_c, player.replaced(REPLACEMENTS, range(7)).returns))
    assert found[0] == found[1]
