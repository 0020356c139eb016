"""The options of an update (docs/model.md, "Options"): what each does, and that off means as if it were not there."""

from __future__ import annotations

import numpy as np
import pytest
from support import small_config

from gwt_ib.channel.serial import SerialChannel
from gwt_ib.config import Config
from gwt_ib.envs.make import check_environment
from gwt_ib.learn.learner import Learner
from gwt_ib.learn.return_statistics import ReturnStatistics
from gwt_ib.learn.schedules import falling
from gwt_ib.learn.sequences import Rollout, join
from gwt_ib.model.agent import Agent
from gwt_ib.rollout.open_episodes import OpenEpisodes
from gwt_ib.rollout.policy import make_policy

LR = 1e-2


class Run:
    """A learner that is fed by its own policy, one update after the other."""

    def __init__(self, config: Config) -> None:
        facts = check_environment(config)
        self.learner = Learner(Agent(facts.observation_size, facts.actions, config), config)
        policy = make_policy(facts.observation_size, facts.actions, config)
        self._channel = SerialChannel(config, policy, OpenEpisodes(config.num_envs), 0)
        self._config = config

    def rollout(self) -> Rollout:
        self._channel.publish(self.learner.weights())
        return join(self._channel.take(), self._config)

    def update(self) -> dict[str, float]:
        return self.learner.update(self.rollout())


def after(updates: int, **changes: object) -> tuple[list[dict[str, float]], np.ndarray]:
    """Metrics and weights of so many updates."""
    run = Run(small_config(lr=LR, **changes))
    rows = [run.update() for _ in range(updates)]
    return rows, run.learner.flat.read().copy()


def same(a: tuple[list[dict[str, float]], np.ndarray], b: tuple[list[dict[str, float]], np.ndarray]) -> bool:
    return a[0] == b[0] and np.array_equal(a[1], b[1])


@pytest.mark.parametrize(
    ("update", "updates", "fraction", "expected"),
    [
        (1, 5, 0.2, 1.0),
        (3, 5, 0.2, 0.6),
        (5, 5, 0.2, 0.2),
        (9, 5, 0.2, 0.2),
        (1, 1, 0.2, 1.0),
        (4, 5, 1.0, 1.0),
        (5, 5, 0, 0),
    ],
)
def test_the_learning_rate_falls_linearly_to_its_fraction_at_the_last_update(
    update: int, updates: int, fraction: float, expected: float
) -> None:
    assert falling(3e-4, fraction, update, updates) == pytest.approx(3e-4 * expected, rel=1e-12, abs=1e-20)


def test_the_row_shows_the_learning_rate_that_was_used() -> None:
    run = Run(small_config(lr=LR, lr_final_fraction=0.0))
    rows = [run.update() for _ in range(3)]
    before = run.learner.flat.read().copy()
    rows.append(run.update())
    assert [row["lr"] for row in rows] == pytest.approx([LR, LR * 2 / 3, LR / 3, 0.0])
    assert np.array_equal(run.learner.flat.read(), before), "the last of four updates moves nothing"


def test_a_changed_learning_rate_decays_as_the_old_one_did() -> None:
    run = Run(small_config(lr=LR, lr_final_fraction=0.25))
    run.update()
    run.learner.reconfigure(small_config(lr=10 * LR, lr_final_fraction=0.25))
    assert run.update()["lr"] == pytest.approx(7.5 * LR)


def test_a_prolonged_run_goes_on_along_the_line_of_its_new_length() -> None:
    config = small_config(lr=LR, lr_final_fraction=0.0)
    run = Run(config)
    assert [run.update()["lr"] for _ in range(2)][-1] == pytest.approx(LR * 2 / 3)
    longer = config.model_copy(update={"total_timesteps": 7 * config.steps_per_update})
    resumed = Run(longer)
    model, optimizer = run.learner.state_tensors()
    resumed.learner.restore(model, optimizer, run.learner.td.mean, run.learner.td.std, run.learner.version)
    assert resumed.update()["lr"] == pytest.approx(LR * 4 / 6)


@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_after_a_pass_beyond_the_target_kl_there_is_no_further_pass(kernels: str) -> None:
    one, two, four = (after(1, epochs=epochs, kernels=kernels) for epochs in (1, 2, 4))
    first = one[0][0]["approx_kl"]
    second = 2 * two[0][0]["approx_kl"] - first
    assert 0 < first < second, "the test would show nothing"
    for target_kl, expected in ((first / 2, one), ((first + second) / 2, two), (1e6, four)):
        assert same(after(1, epochs=4, kernels=kernels, target_kl=target_kl), expected)
    assert not same(two, four)


def test_a_pass_of_which_every_step_was_left_out_is_no_reason_to_stop() -> None:
    run = Run(small_config(minibatches=1, epochs=2, target_kl=1e-9))
    rollout = run.rollout()
    rollout.targets.advantage[3, 1] = np.nan
    run.learner.update(rollout)
    assert len(run.learner.left_out) == 2


@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_a_value_range_that_nothing_leaves_changes_no_bit_and_a_narrow_one_does(kernels: str) -> None:
    off = after(2, kernels=kernels)
    assert same(after(2, kernels=kernels, clip_vf=1e3), off)
    narrow = after(2, kernels=kernels, clip_vf=1e-4)
    assert not np.array_equal(narrow[1], off[1])
    assert narrow[0][0]["value_loss"] > off[0][0]["value_loss"], "the larger of two errors"


def test_the_value_loss_is_divided_by_the_variance_of_the_returns() -> None:
    run, plain = Run(small_config(lr=LR, norm_value_loss=True)), small_config(lr=LR)
    rollout = run.rollout()
    variance = float(np.var(rollout.targets.returns, dtype=np.float64))
    assert 0 < abs(variance - 1) < np.inf
    divided = Run(
        plain.model_copy(
            update={"vf_coef": plain.vf_coef / ReturnStatistics().updated(rollout.targets.returns).variance}
        )
    )
    assert run.learner.update(rollout) == divided.learner.update(rollout)
    assert np.array_equal(run.learner.flat.read(), divided.learner.flat.read())


def test_the_variance_of_one_rollout_is_nearly_its_own_and_of_many_that_of_the_newest() -> None:
    rng = np.random.default_rng(0)
    old, new = (3.0 + scale * rng.standard_normal((64, 8), dtype=np.float32) for scale in (5.0, 0.5))
    statistics = ReturnStatistics()
    assert statistics.variance == 1.0
    statistics = statistics.updated(old)
    assert statistics.variance == pytest.approx(old.var(), rel=0.02)
    assert statistics.updated(new).variance == pytest.approx((old.var() + new.var()) / 2, rel=0.1)
    for _ in range(200):
        statistics = statistics.updated(new)
    assert statistics.variance == pytest.approx(new.var(), rel=0.02)
    assert ReturnStatistics().updated(np.full((64, 8), 2.0, np.float32)).variance == 1e-6


OPTIONS = {
    "lr_final_fraction": 0.1,
    "ent_final_fraction": 0.1,
    "target_kl": 1e-3,
    "clip_vf": 0.01,
    "norm_value_loss": True,
    "refresh_h0": True,
}


def test_the_entropy_bonus_falls_to_its_fraction_at_the_last_update() -> None:
    falls, stays, none = (
        Run(small_config(lr=LR, **entropy))
        for entropy in ({"ent_coef": 0.5, "ent_final_fraction": 0.0}, {"ent_coef": 0.5}, {"ent_coef": 0.0})
    )
    rollout = falls.rollout()
    for run in (falls, stays, none):
        run.learner.version = run.learner._config.num_updates - 1
        run.learner.update(rollout)
    weights = [run.learner.flat.read() for run in (falls, stays, none)]
    assert np.array_equal(weights[0], weights[2]) and not np.array_equal(weights[0], weights[1])


@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_with_all_options_a_restored_learner_goes_on_bit_by_bit(kernels: str) -> None:
    config = small_config(lr=LR, kernels=kernels, **OPTIONS)
    run, other = Run(config), Run(config)
    for _ in range(2):
        run.update()
    rollout = run.rollout()
    learner = run.learner
    other.learner.restore(*learner.state_tensors(), learner.td.mean, learner.td.std, learner.version)
    assert learner.update(rollout) == other.learner.update(rollout)
    assert np.array_equal(learner.flat.read(), other.learner.flat.read())
    assert learner.returns == other.learner.returns != ReturnStatistics()


def test_a_snapshot_of_before_the_option_begins_its_statistics_anew() -> None:
    run, other = Run(small_config()), Run(small_config(norm_value_loss=True))
    run.update()
    learner = run.learner
    model, optimizer = learner.state_tensors()
    assert "return_statistics" not in model
    other.learner.restore(model, optimizer, learner.td.mean, learner.td.std, learner.version)
    assert other.learner.returns == ReturnStatistics()


def test_with_all_options_both_make_the_same_update() -> None:
    rows = []
    for kernels in ("numba", "torch"):
        run = Run(small_config(kernels=kernels, epochs=3, **{**OPTIONS, "target_kl": 0.0}))
        rows.append((run.update(), run.learner.flat.read().copy()))
    for name, value in rows[1][0].items():
        assert rows[0][0][name] == pytest.approx(value, rel=1e-3, abs=1e-5), name
    np.testing.assert_allclose(rows[0][1], rows[1][1], atol=2e-5)
