"""The rules that only warn, in each of their statuses and at their limits."""

from __future__ import annotations

import numpy as np
import pytest
from gate_rows import CONFIG, UPDATES, curve, evaluation, finding, row, series

from gwt_ib.config import Config
from gwt_ib.gatecheck.statistics import gate_curve

HALF = UPDATES // 2


@pytest.mark.parametrize(
    ("update", "mean_c", "status", "next_step"),
    [
        (25, 0.9, "wait", "Judged after update 25."),
        (26, 0.9, "warn", "only if a closed gate is worth it: RepeatPreviousEasy returned 0.56"),
        (26, 0.449, "pass", ""),
        (26, 0.24, "warn", "raise bias_init from -1.5"),
        (1, None, "wait", "finite mean_c"),
    ],
)
def test_mean_c_near_target(update, mean_c, status, next_step):
    found = finding("mean_c_near_target", [row(update, mean_c=mean_c)])
    assert found.status == status
    assert next_step in found.next_step


@pytest.mark.parametrize(
    ("bias", "status", "word"),
    [
        (-1.5, "pass", "inside"),
        (-4.0, "warn", "bias_clamp_min"),
        (-4.1, "warn", "bias_clamp_min"),
        (1.99995, "warn", "bias_clamp_max"),
        (1.9, "pass", "inside"),
        (None, "wait", "not known"),
    ],
)
def test_bias_inside_clamps(bias, status, word):
    found = finding("bias_inside_clamps", [row(1, bias=bias)])
    assert found.status == status
    assert word in found.summary


def test_a_budget_or_a_bias_that_is_off_on_purpose_is_no_warning():
    assert finding("mean_c_near_target", [row(100, mean_c=0.9)], Config(lambda_c=0.0)).status == "pass"
    held = Config(bias_clamp_min=-1.0, bias_clamp_max=-1.0, bias_init=-1.0)
    assert finding("bias_inside_clamps", [row(1, bias=-1.0)], held).status == "pass"


@pytest.mark.parametrize("gate", ["open", "constant", "router", "prior"])
def test_what_an_arm_does_not_have_is_not_asked_of_it(gate):
    config = Config(gate=gate, bias_clamp_min=-1.5)  # a bias that nothing moves lies at its clamp
    rows = [row(UPDATES, mean_c=1.0, bias=-1.5, rho_tail=-0.5, gate_curve=curve(1.0, 1.0, 0.0))]
    learnt = {"mean_c_near_target", "gate_partly_open", "gate_moves"}
    kinds = {*learnt, "bias_inside_clamps", "router_adds_to_prior", "surprise_opens_gate"}
    asked = {kind for kind in kinds if "Not asked" not in finding(kind, rows, config).summary}
    assert asked == {kind for kind in kinds if finding(kind, rows, config).threshold != "not asked"}
    expected = {"router": learnt, "prior": {*learnt, "bias_inside_clamps", "surprise_opens_gate"}}
    assert asked == expected.get(gate, set())


@pytest.mark.parametrize(
    ("mean_c", "status"), [(0.02, "pass"), (0.98, "pass"), (0.0199, "warn"), (0.981, "warn"), (None, "wait")]
)
def test_gate_partly_open(mean_c, status):
    still = curve(0.5 if mean_c is None else mean_c, 0.3, c_std=0.0)
    assert finding("gate_partly_open", [row(1, mean_c=mean_c, gate_curve=still)]).status == status


@pytest.mark.parametrize(
    ("bins", "status"),
    [
        (curve(0.4, 0.3, c_std=0.0), "warn"),
        (curve(0.4, 0.3, c_std=0.02), "pass"),
        (curve([0.3] * 10 + [0.4] * 10, 0.3, c_std=0.0), "pass"),
        (None, "wait"),
    ],
    ids=["constant", "moves within bins", "moves between bins", "no curve"],
)
def test_gate_moves(bins, status):
    assert finding("gate_moves", [row(1, gate_curve=bins)]).status == status


@pytest.mark.parametrize(
    ("update", "bins", "status"),
    [
        (HALF - 1, curve(0.4, 0.4, c_std=0.0), "wait"),
        (HALF, curve(0.4, 0.4, c_std=0.0), "warn"),
        (UPDATES, curve(0.4, 0.38, c_std=0.0), "pass"),
        (UPDATES, curve(0.4, 0.4, c_std=0.3), "pass"),
        (UPDATES, None, "wait"),
    ],
    ids=["young", "equal", "the means differ", "c varies more than its prior can", "no curve"],
)
def test_router_adds_to_prior(update, bins, status):
    assert finding("router_adds_to_prior", [row(update, gate_curve=bins)]).status == status


def test_the_priors_own_spread_in_a_bin_is_not_the_routers():
    draw = np.random.default_rng(0)
    td = np.abs(draw.standard_t(3, 4000))
    logit = CONFIG.td_scale * td + CONFIG.base_logit - 1.5
    prior = 1 / (1 + np.exp(-logit))
    alone = finding("router_adds_to_prior", [row(UPDATES, gate_curve=gate_curve(td, prior, prior))])
    assert alone.status == "warn"
    assert alone.evidence[0].value == pytest.approx(0.0, abs=1e-9)
    routed = 1 / (1 + np.exp(-logit - draw.normal(0, 1, 4000)))  # independent of the TD error
    assert finding("router_adds_to_prior", [row(UPDATES, gate_curve=gate_curve(td, routed, prior))]).status == "pass"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([0.2], "pass"),
        ([-0.1] * 10, "warn"),
        ([-0.9] + [0.2] * 10, "pass"),
        ([0.2] * 9 + [-0.3], "pass"),
        ([None], "wait"),
    ],
)
def test_surprise_opens_gate_is_judged_over_ten_updates(values, status):
    assert finding("surprise_opens_gate", series("rho_tail", values)).status == status


@pytest.mark.parametrize(
    ("update", "value", "status"),
    [
        (HALF - 1, 0.3, "wait"),
        (HALF, 0.3, "warn"),
        (HALF, 0.5, "pass"),
        (1, 0.6, "pass"),
        (HALF, None, "wait"),
    ],
)
def test_critic_explains_returns(update, value, status):
    assert finding("critic_explains_returns", [row(update, explained_variance=value)]).status == status


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([0.8] * 19, "wait"),
        ([0.8] * 20, "pass"),
        ([0.8] * 25 + [0.6] * 25, "warn"),
        ([0.6] * 25 + [0.8] * 25, "pass"),
        ([0.8] * 25 + [0.75] * 25, "pass"),
        ([0.9, -0.9] * 12 + [-0.9], "pass"),
        ([0.9] * 100 + [0.5] * 50, "pass"),
        ([None] * 50, "wait"),
    ],
    ids=["few rows", "level", "fell", "rose", "fell a little", "noise", "fell long ago", "null"],
)
def test_critic_keeps_up(values, status):
    assert finding("critic_keeps_up", series("explained_variance", values)).status == status


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([1.4] + [0.02] * 10, "warn"),
        ([1.4] + [0.2] * 10, "pass"),
        ([0.0], "warn"),
        ([None], "wait"),
        ([1.4] + [-1.0] * 10, "pass"),  # below 0: the differential entropy of continuous actions
        ([1.4] + [-3.0] * 10, "warn"),
    ],
)
def test_policy_still_explores(values, status):
    assert finding("policy_still_explores", series("entropy", values)).status == status


def test_low_entropy_is_right_at_the_ceiling():
    rows = [row(1, entropy=1.4), *(evaluation(10 * i, [1.0] * 20, entropy=0.001) for i in range(1, 13))]
    assert finding("policy_still_explores", rows).status == "pass"
    assert finding("policy_still_explores", rows, Config(env_id="CartPole-v1")).status == "warn"


@pytest.mark.parametrize(("lag", "limit", "status"), [(0, 0, "pass"), (1, 0, "warn"), (1, 1, "pass"), (2, 1, "warn")])
def test_rollouts_are_fresh(lag, limit, status):
    rows = [row(7, policy_lag_max=lag), row(8, policy_lag_max=0)]
    found = finding("rollouts_are_fresh", rows, Config(max_policy_lag=limit))
    assert found.status == status
    if status == "warn":
        assert (found.evidence[0].value, found.evidence[0].step) == (lag, 7 * 4096)
