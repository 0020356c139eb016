"""A recorded episode is the one that an evaluation plays, number by number, and it says what it computed."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from support import small_config

from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.envs.make import check_environment
from gwt_ib.envs.pictures import Pictures
from gwt_ib.model.weights import Weights, parameter_shapes, size
from gwt_ib.replacements import REPLACEMENTS
from gwt_ib.rollout import recording
from gwt_ib.rollout.env_loop import EnvLoop
from gwt_ib.rollout.evaluation import evaluate, evaluation_envs
from gwt_ib.rollout.policy import make_policy
from gwt_ib.rollout.recorded_episode import RecordedEpisode
from gwt_ib.rollout.recording import Player
from gwt_ib.rollout.replaced_gate import GatePlayer
from gwt_ib.seeding import Stream

EPISODES = 4


def agent(config):
    spec = check_environment(config)
    shapes = parameter_shapes(spec.observation_size, spec.actions, config)
    vector = np.random.default_rng(3).normal(0, 0.4, size(shapes)).astype(np.float32)
    policy = make_policy(spec.observation_size, spec.actions, config)
    policy.write(vector)
    return policy, Weights(1, vector, 0.01, 0.1)


def playing(config, policy, weights):
    pictures = Pictures()
    envs = EnvBatch(config, stream=Stream.EVALUATION_EPISODE, env_numbers=[0], first_episodes=[0], make=pictures.make)
    return Player(policy, weights, config, envs, pictures, "000000000512", 512)


@pytest.fixture(scope="module", params=["torch", "numba"])
def acting(request):
    config = small_config(eval_episodes=EPISODES, kernels=request.param, prev_action=True)
    return config, *agent(config)


@pytest.fixture
def player(acting):
    found = playing(*acting)
    yield found
    found.envs.close()


def test_it_is_the_episode_of_an_evaluation_to_the_last_bit(acting, player, monkeypatch):
    config, policy, weights = acting
    seen = []
    act = EnvLoop.act

    def noted(loop, noise):
        act(loop, noise)
        stepper = loop.stepper
        seen.append([each.copy() for each in (loop.obs, stepper.action, stepper.value, stepper.c, stepper.prior)])

    with monkeypatch.context() as patched, closing(evaluation_envs(config)) as envs:
        patched.setattr(EnvLoop, "act", noted)
        returns = evaluate(policy, weights.td_mean, weights.td_std, config, envs)
    for episode in (2, 0):
        recorded = player.play(episode)
        assert recorded.total == returns[episode]
        assert recorded.steps == 51 and recorded.ending == "terminated"
        rows = [np.stack(column)[: recorded.steps, episode] for column in zip(*seen, strict=True)]
        found = recorded.observation[:-1], recorded.action, recorded.value, recorded.c, recorded.prior
        for own, evaluated in zip(found, rows, strict=True):
            assert np.array_equal(own, evaluated)


def test_with_a_gate_replaced_it_is_what_the_replaced_gate_comes_to(acting, player):
    config, policy, weights = acting
    with closing(evaluation_envs(config)) as envs:
        others = GatePlayer(policy, config, envs, weights)
        for word in ("open", "shut", "shuffled", "prior", "no-td"):
            recorded = player.play(1, word)
            assert recorded.total == pytest.approx(others.play(word, [1]).returns[0]), word
            assert recorded.origin.gate == word
    assert np.all(player.play(1, "shut").c == 0) and np.all(player.play(1, "open").c == 1)
    learned, constant = player.play(1), player.play(1, "constant")
    assert np.allclose(constant.c, learned.c.mean())
    assert set(REPLACEMENTS) == {"open", "shut", "constant", "shuffled", "prior", "no-td"}
    assert np.array_equal(player.play(1).c, learned.c), "the weights are the agent's own again"


def test_td_errors_follow_from_what_stands_beside_them(acting, player):
    config, _, _ = acting
    recorded = player.play(0)
    over = np.arange(recorded.steps) == recorded.steps - 1
    td = recorded.reward + config.gamma * ~over * recorded.next_value - recorded.value
    assert np.allclose(recorded.td, td, atol=1e-6)
    assert recorded.td_prev[0] == 0 and np.array_equal(recorded.td_prev[1:], recorded.td[:-1])


@pytest.mark.parametrize(
    "settings",
    [{}, {"head_layers": 2}, {"cell": "lstm"}, {"env_id": "popgym-BattleshipEasy-v0"}],
    ids=["plain", "layers", "lstm", "several"],
)
def test_the_probability_of_what_was_done_is_that_of_its_logarithm(settings):
    config = small_config(eval_episodes=2, **settings)
    player = playing(config, *agent(config))
    recorded = player.play(0)
    player.envs.close()
    starts = np.cumsum((0, *recorded.choices[:-1]))
    each = [recorded.probability[np.arange(recorded.steps), at + recorded.action[:, i]] for i, at in enumerate(starts)]
    assert np.allclose(np.log(each).sum(axis=0), recorded.log_prob, atol=1e-4)
    assert np.allclose(recorded.probability.sum(axis=1), len(recorded.choices), atol=1e-5)


def test_continuous_actions_have_no_probabilities_and_pictures_come_along():
    config = small_config(env_id="sample_envs:Nested-v0", eval_episodes=1)
    player = playing(config, *agent(config))
    recorded = player.play(0)
    assert recorded.probability.shape == (20, 0) and recorded.action.shape == (20, 2) and not recorded.choices
    assert recorded.ending == "truncated" and not recorded.drawn and recorded.picture(3) is None
    player.envs.close()
    config = small_config(env_id="sample_envs:Pictured-v0", eval_episodes=1)
    player = playing(config, *agent(config))
    recorded = player.play(0)
    assert recorded.frames.shape == (13, 40, 60, 3)
    assert [recorded.picture(step) for step in range(13)] == list(range(13))
    thinned = replace(recorded, drawn_at=np.array([0, 4, 12]), frames=recorded.frames[:3])
    assert [thinned.picture(step) for step in (0, 3, 4, 11, 12)] == [0, 0, 1, 1, 2]
    player.envs.close()


def test_a_long_episode_ends_at_the_limit_and_says_so(player, monkeypatch):
    monkeypatch.setattr(recording, "MOST_STEPS", 7)
    recorded = player.play(0)
    assert recorded.steps == 7 and recorded.observation.shape[0] == 8 and recorded.ending == "limit"


def test_an_environment_that_fails_leaves_the_steps_before():
    config = small_config(env_id="sample_envs:Breaks-v0", eval_episodes=1)
    player = playing(config, *agent(config))
    endings = [player.play(episode) for episode in range(6)]
    failed = next(each for each in endings if each.ending == "failed")
    assert "sample environment broke" in failed.note and 0 < failed.steps <= 7
    player.envs.close()


def test_it_comes_back_whole_from_arrays_and_words(player):
    recorded = player.play(1, "no-td")
    again = RecordedEpisode.of(recorded.tensors(), recorded.description())
    for name, array in recorded.tensors().items():
        assert np.array_equal(array, again.tensors()[name])
    assert again.origin == recorded.origin and again.parts == recorded.parts and again.texts == recorded.texts


@pytest.mark.parametrize("name", ["observation", "c", "frames", "drawn_at", "texts"])
def test_a_recording_with_a_part_that_does_not_fit_is_refused(player, name):
    recorded = player.play(0)
    tensors = recorded.tensors()
    broken = {"texts": np.frombuffer(b"[1", np.uint8), "frames": np.zeros((0, 2, 2, 4), np.uint8)}
    for changed in (broken.get(name, tensors[name][:-1]), tensors[name].astype(np.float64)):
        if name == "drawn_at" and changed.dtype == np.int64:
            changed = np.zeros(2, np.int64)
        with pytest.raises(ValueError, match="no recorded episode"):
            RecordedEpisode.of({**tensors, name: changed}, recorded.description())
    with pytest.raises(ValueError, match="no recorded episode"):
        RecordedEpisode.of(tensors, {**recorded.description(), "ending": "otherwise"})
    with pytest.raises(ValueError, match="no recorded episode"):
        RecordedEpisode.of(tensors, {})
