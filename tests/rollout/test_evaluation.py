"""Evaluation plays the same episodes every time, each of them once."""

from contextlib import closing

import numpy as np
import pytest
import unruly_envs
from support import small_config

from gwt_ib.envs.episode import EpisodeError
from gwt_ib.envs.make import check_environment
from gwt_ib.envs.spec import ActionLayout, EnvironmentSpec
from gwt_ib.errors import UserError
from gwt_ib.model.weights import parameter_shapes
from gwt_ib.rollout.evaluation import EvaluationStopped, InItsPlace, evaluate, evaluation_envs, mean_return
from gwt_ib.rollout.policy import make_policy
from gwt_ib.rollout.torch_policy import TorchPolicy


def play(**changes):
    config = small_config(eval_episodes=4, **changes)
    facts = check_environment(config)
    policy = TorchPolicy(facts.observation_size, facts.actions, config)
    envs = evaluation_envs(config)
    return [evaluate(policy, 0.0, 0.1, config, envs) for _ in range(2)]


def test_an_evaluation_repeats_itself():
    first, again = play()
    assert first == again
    assert len(set(first)) > 1


def test_only_the_first_episode_of_each_environment_counts():
    first, _ = play(env_id="sample_envs:Ends-v0")
    assert set(first) <= {5.0, 7.0}


def test_an_episode_that_does_not_end_is_cut_off():
    first, _ = play(env_id="sample_envs:Ends-v0", eval_max_steps=3)
    assert first == [3.0] * 4


def test_fewer_episodes_are_the_first_of_more():
    config = small_config(eval_episodes=2)
    facts = check_environment(config)
    policy = TorchPolicy(facts.observation_size, facts.actions, config)
    two = evaluate(policy, 0.0, 0.1, config, evaluation_envs(config))
    four, _ = play()
    assert two == pytest.approx(np.array(four[:2]))


# Waves


@pytest.fixture
def seats(monkeypatch, tmp_path):
    """Sets how many licensed environments can exist."""
    monkeypatch.setattr(unruly_envs, "FOLDER", tmp_path)
    return lambda count: monkeypatch.setattr(unruly_envs.Licensed, "seats", count)


@pytest.fixture(params=["torch", "numba"])
def policy(request):
    config = small_config(env_id="unruly_envs:Licensed-v0", kernels=request.param, eval_episodes=7)
    spec = EnvironmentSpec(3, ActionLayout("discrete", (2,), 1), "", "")
    made = make_policy(spec.observation_size, spec.actions, config)
    shapes = parameter_shapes(spec.observation_size, spec.actions, config)
    size = sum(int(np.prod(shape)) for shape in shapes.values())
    made.write(np.random.default_rng(0).normal(0, 0.3, size).astype(np.float32))
    return config, made


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_with_fewer_environments_the_returns_are_the_same_to_the_last_bit(seats, policy, count):
    config, acting = policy
    found = []
    for places in (7, count):
        seats(places)
        with closing(evaluation_envs(config)) as envs:
            assert envs.made == places
            found.append([evaluate(acting, 0.0, 0.1, config, envs) for _ in range(2)])
    assert found[0] == found[1]
    assert len(set(found[0][0])) > 1
    assert found[0][0] == found[0][1]


def test_a_gate_is_forced_in_a_wave_as_in_its_place_among_all(policy):
    _, acting = policy
    wave = InItsPlace(acting, 7, slice(2, 5)).stepper(3)
    assert wave.forced_c.tolist() == [-1.0] * 3
    wave.forced_c[:] = 0.5, -1.0, 0.0
    wave.begin(0.0, 0.1)
    wave.act(
        np.ones((3, 3), np.float32), np.zeros(3, np.float32), np.ones(3, np.bool_), np.full((3, 1), 0.5, np.float32)
    )
    assert wave.c[[0, 2]].tolist() == [0.5, 0.0] and 0 < wave.c[1] < 1
    assert not wave.h[2].any() and wave.h[0].any()


def test_not_even_one_environment_is_an_error(seats):
    seats(0)
    with pytest.raises(UserError, match="all 0 licences are in use"):
        evaluation_envs(small_config(env_id="unruly_envs:Licensed-v0"))


def test_it_ends_when_it_should_and_is_asked_every_few_steps(seats, policy):
    seats(2)
    config, acting = policy
    asked = []

    def should_stop():
        asked.append(True)
        return len(asked) == 3

    with closing(evaluation_envs(config)) as envs, pytest.raises(EvaluationStopped):
        evaluate(acting, 0.0, 0.1, config, envs, should_stop)
    endless = small_config(env_id="popgym-PositionOnlyPendulumEasy-v0", eval_episodes=2)
    facts = check_environment(endless)
    asked.clear()
    beat = memoryview(bytearray(8)).cast("q")
    with closing(evaluation_envs(endless, beat=beat)) as envs, pytest.raises(EvaluationStopped):
        evaluate(TorchPolicy(facts.observation_size, facts.actions, endless), 0.0, 0.1, endless, envs, should_stop)
    assert beat[0] == 2 + 2 + 2 * 2 * 16, "made, reset, and two rounds of steps"


def test_an_episode_that_fails_has_no_return_and_the_others_keep_theirs():
    failures = []
    config = small_config(env_id="sample_envs:Fragile-v0", eval_episodes=30)
    facts = check_environment(config)
    policy = TorchPolicy(facts.observation_size, facts.actions, config)
    with closing(evaluation_envs(config, on_failure=failures.append)) as envs:
        returns = evaluate(policy, 0.0, 0.1, config, envs)
        assert evaluate(policy, 0.0, 0.1, config, envs) == returns
    assert None in returns and {5.0, 7.0} & set(returns)
    assert {failure.env_number for failure in failures} == {i for i, value in enumerate(returns) if value is None}
    assert {failure.episode for failure in failures} == {0}, "no environment plays on when its episode is over"
    assert mean_return(returns) == np.mean([value for value in returns if value is not None])


def test_where_every_episode_fails_the_failure_is_raised(monkeypatch):
    monkeypatch.setattr(unruly_envs.Calm, "step", lambda self, action: 1 / 0)
    config = small_config(env_id="unruly_envs:Calm-v0")
    facts = EnvironmentSpec(3, ActionLayout("discrete", (2,), 1), "", "")
    with closing(evaluation_envs(config)) as envs, pytest.raises(EpisodeError, match="division by zero"):
        evaluate(TorchPolicy(facts.observation_size, facts.actions, config), 0.0, 0.1, config, envs)
