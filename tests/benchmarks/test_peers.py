"""The harness that compares with other projects: how speeds are counted, and that its own two files train as they act."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

import gymnasium
import numpy as np
import psutil
import pytest
import torch

from gwt_ib.config_sources import resolve

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    """Import a file of the harness, whose folder is on the path only for the test."""
    monkeypatch.syspath_prepend(str(PEERS))

    def module(name: str) -> ModuleType:
        return importlib.import_module(name)

    return module


def test_the_first_tenth_of_the_updates_is_left_out(load):
    slow_start = [(0.0, 0)] + [(10.0 + update, 100 * update) for update in range(1, 21)]
    assert load("work").steady(slow_start) == {"steps_per_s": 100.0, "updates": 20, "warm_up": 2, "measured_s": 18.0}


def test_at_least_one_update_is_left_out_and_one_is_measured(load):
    steady = load("work").steady
    assert steady([(0.0, 0), (5.0, 10), (6.0, 20)])["steps_per_s"] == 10.0
    with pytest.raises(ValueError, match="at least 2"):
        steady([(0.0, 0), (5.0, 10)])


def test_ratios_are_those_of_each_pair(load):
    def run(speed: float, whole: float) -> dict:
        return {"steps_per_s": speed, "whole_steps_per_s": whole, "return": -0.5, "threads": 1, "cores": 1.0}

    line = load("pairs").figures([(run(40, 8), run(10, 4)), (run(20, 9), run(10, 3)), (run(90, 8), run(15, 8))])
    assert line["ratio"] == {"median": 4.0, "min": 2.0, "max": 6.0}
    assert line["whole_ratio"]["median"] == 2.0
    assert line["steps_per_s"] == {"median": 10, "min": 10, "max": 15}
    assert "4.00 (2.00 to 6.00)" in load("pairs").table({"somebody": line})


def test_an_adapter_reads_the_work_that_the_harness_writes(load, monkeypatch):
    work = load("work")
    given = work.Work(steps=4096, threads=2, lr=1e-3, variant="shared")
    monkeypatch.setattr(sys, "argv", ["adapter", *given.words()])
    assert work.asked("An adapter.") == given


def test_peers_get_the_rows_of_gymnasium_and_the_return_of_an_episode(load):
    env = load("work").RowEnv("popgym-CountRecallEasy-v0")
    plain = gymnasium.make("popgym-CountRecallEasy-v0", disable_env_checker=True)
    row, _ = env.reset(seed=3)
    observation, _ = plain.reset(seed=3)
    total, done = 0.0, False
    while not done:
        assert np.array_equal(row, gymnasium.spaces.flatten(plain.observation_space, observation))
        row, _, done, _, info = env.step(np.int64(1))
        observation, reward, *_ = plain.step(1)
        total += reward
    assert info == {"episode": {"r": pytest.approx(total), "l": 51}}


def test_ours_is_told_every_setting_of_the_work(load):
    names = {
        "envs": "num_envs",
        "rollout": "rollout_steps",
        "bptt": "seq_len",
        "hidden": "hidden_size",
        "clip": "clip_eps",
    }
    own = {"env_id", "steps", "seed", "threads", "workers", "variant"}  # other options say these, or they are a peer's
    changed = {"lr": 1e-5, "gamma": 0.9, "gae_lambda": 0.8, "clip": 0.1, "vf_coef": 1.0, "ent_coef": 0.0}
    work = load("work").Work(
        envs=8, rollout=64, bptt=16, epochs=2, minibatches=2, hidden=32, max_grad_norm=1.5, **changed
    )
    told = load("runs").our_settings(work)
    config = resolve(assignments=[f"{name}={value}" for name, value in told.items()])
    for name, value in vars(work).items():
        if name not in own:
            assert getattr(config, names.get(name, name)) == value
            assert value != getattr(load("work").Work, name), f"{name} is left at its default: that shows nothing"


def test_what_a_run_leaves_behind_is_ended_while_its_number_is_still_its_own(load, monkeypatch):
    """The child holds the pipe that is read to its end, for longer than the run may take."""
    killpg, unreaped = os.killpg, []

    def watched(group: int, number: int) -> None:
        unreaped.append(psutil.pid_exists(group))
        killpg(group, number)

    monkeypatch.setattr(os, "killpg", watched)
    script = "import subprocess; subprocess.Popen(['sleep', '60']); print('done', flush=True)"
    lines, _, spent = load("runs")._timed([sys.executable, "-c", script], 30, None)
    assert [line for _, line in lines] == ["done\n"]
    assert spent["wall_s"] < 30
    assert unreaped == [True]


def test_a_run_that_takes_too_long_is_ended_and_said(load):
    with pytest.raises(RuntimeError, match=r"not done after 0 s"):
        load("runs")._timed([sys.executable, "-c", "import time; time.sleep(60)"], 0.1, None)


def test_a_run_that_fails_is_said_with_its_words(load):
    with pytest.raises(RuntimeError, match=r"ended with 3:\noh no"):
        load("runs")._timed([sys.executable, "-c", "import sys; sys.stderr.write('oh no'); sys.exit(3)"], 30, None)


def test_every_requirement_of_a_peer_is_pinned_and_every_file_is_there(load):
    for peer in load("runs").PEERS.values():
        assert (PEERS / peer.script).is_file()
        lines = (PEERS / "requirements" / f"{peer.environment}.txt").read_text().split()
        assert lines and all("==" in line for line in lines)


def test_the_tuned_single_file_learns_from_what_it_acted_on(load):
    """Sequences from stored states, with resets inside, give back the logits and values of the rollout."""
    single, work = load("single_file_gru"), load("work")
    setting = work.Work(envs=4, rollout=128, hidden=16)
    torch.manual_seed(0)
    envs, meter = single.Environments(setting), work.Meter()
    actions = int(envs.envs[0].action_space.n)
    agent = single.Agent(envs.observations.shape[1], actions, setting.hidden)
    rollout = single.Rollout(setting, envs.observations.shape[1], actions)
    h = torch.zeros(setting.envs, setting.hidden)
    for _ in range(2):
        h = single.collect(setting, agent, envs, h, rollout, meter)
    cut = [single.sequences(setting, array) for array in (rollout.observations, rollout.keep)]
    logits, values = agent.unroll(cut[0], rollout.h0.flatten(0, 1), cut[1])
    assert meter.episodes == 4 * (256 // 51) and not rollout.keep.all()
    torch.testing.assert_close(logits, single.sequences(setting, rollout.logits))
    torch.testing.assert_close(values, single.sequences(setting, rollout.values))


def test_the_file_in_cleanrls_manner_learns_from_what_it_acted_on(load):
    cleanrl, work = load("cleanrl_gru"), load("work")
    training = cleanrl.Training(work.Work(envs=4, rollout=128, hidden=16))
    training.rollout(work.Meter())
    for chunk in range(2):
        rows = slice(64 * chunk, 64 * chunk + 64)
        flat = [array[rows].flatten(0, 1) for array in (training.obs, training.dones, training.actions)]
        state = training.initial_states[chunk].unsqueeze(0)
        _, logprob, _, value, _ = training.agent.get_action_and_value(flat[0], state, flat[1], flat[2])
        torch.testing.assert_close(logprob, training.logprobs[rows].flatten())
        torch.testing.assert_close(value.flatten(), training.values[rows].flatten())
