"""Where in an episode the gate matters: windows of steps, and the gate held in one of them alone."""

from contextlib import closing

import numpy as np
from support import small_config

from gwt_ib.envs.make import check_environment
from gwt_ib.model.weights import Weights, parameter_shapes, size
from gwt_ib.rollout.env_loop import EnvLoop
from gwt_ib.rollout.evaluation import evaluation_envs
from gwt_ib.rollout.memory_use import gate_record, memory_use, window_edges
from gwt_ib.rollout.policy import make_policy
from gwt_ib.rollout.replaced_gate import GatePlayer


def test_windows_have_equally_many_steps_of_all_episodes():
    assert window_edges([80] * 5) == [0, 10, 20, 30, 40, 50, 60, 70, 80]
    edges = window_edges([10] * 90 + [1000], 2)
    assert edges == [0, 10, 1000] or 9 <= edges[1] <= 105
    assert window_edges([3, 3]) == [0, 1, 2, 3], "no window is empty"
    assert window_edges([0, 0]) == [0] == window_edges([0])


def test_the_gate_is_held_in_the_window_alone_and_only_in_episodes_that_reach_it(monkeypatch):
    config = small_config(env_id="sample_envs:Ends-v0", eval_episodes=12)
    spec = check_environment(config)
    policy = make_policy(spec.observation_size, spec.actions, config)
    shapes = parameter_shapes(spec.observation_size, spec.actions, config)
    vector = np.random.default_rng(3).normal(0, 0.4, size(shapes)).astype(np.float32)
    seen, act = [], EnvLoop.act

    def noted(loop, noise):
        act(loop, noise)
        seen.append(loop.stepper.c.copy())

    with closing(evaluation_envs(config)) as envs:
        player = GatePlayer(policy, config, envs, Weights(1, vector, 0.0, 0.1))
        assert set(player.learned.lengths) == {5, 7}
        monkeypatch.setattr(EnvLoop, "act", noted)
        player.within(0.25, 2, 4, range(12))
        assert [bool((c == 0.25).all()) for c in seen] == [False, False, True, True, False, False, False]
        found = memory_use(player, ("shut", "constant"))
        whole = gate_record(player, ("learned", "open"), steps=("open",))
    assert set(found) == {"edges", "mean_c", "td", "shut"}
    count = len(found["edges"]) - 1
    assert found["edges"][0] == 0 and found["edges"][-1] == 7
    assert len(found["mean_c"]) == len(found["td"]) == len(found["shut"]) == count
    assert [value is None for value in found["shut"][-1]] == [length == 5 for length in player.learned.lengths]
    assert found["shut"][0] == player.learned.returns, "this environment pays the same for everything"
    assert list(whole["returns"]) == ["learned", "open"] and list(whole["steps"])[3:] == ["open"]
