"""Each rule in each of its statuses, and the verdict that they make together."""

from __future__ import annotations

import json
import math
import time

import numpy as np
import pytest
from gate_rows import CONFIG, UPDATES, curve, evaluation, finding, healthy_run, row

from gwt_ib.config import Config
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.rules import RULES, evaluate
from gwt_ib.gatecheck.statistics import gate_curve as curve_of
from gwt_ib.runs.metrics import NAMES

KINDS = (
    "td_std",
    "eval_improves",
    "mean_c_off_target",
    "bias_at_clamp",
    "gate_saturated",
    "gate_constant",
    "gate_follows_prior",
    "rho_tail_negative",
    "explained_variance_low",
    "explained_variance_falling",
    "entropy_collapsed",
    "policy_lag_exceeded",
)


def verdict_of(rows, config=CONFIG):
    return evaluate(History.from_rows(rows), config)


def late(**changes):
    """A finished run, all of whose rows have these values."""
    return healthy_run(**changes)


def evaluations(returns_by_evaluation, *, step=10):
    return [evaluation(step * (i + 1), returns) for i, returns in enumerate(returns_by_evaluation)]


# ---- the verdict


def test_a_healthy_run_passes_every_rule():
    verdict = verdict_of(healthy_run())
    assert verdict.status == "pass"
    assert tuple(found.kind for found in verdict.findings) == KINDS
    assert {found.status for found in verdict.findings} == {"pass"}
    assert (verdict.update, verdict.env_steps) == (UPDATES, UPDATES * 4096)
    assert verdict.numbers["std_ok"] is True
    assert verdict.numbers["eval_ok"] is True
    assert verdict.numbers["evaluations"] == 12


def test_nothing_recorded_makes_every_rule_wait():
    verdict = verdict_of([])
    assert verdict.status == "wait"
    assert {found.status for found in verdict.findings} == {"wait"}
    assert verdict.update is None
    assert all(found.next_step for found in verdict.findings)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (healthy_run(30), "wait"),
        (healthy_run(30, td_std=0.001), "fail"),
        (healthy_run(), "pass"),
        (healthy_run(td_std=0.001), "fail"),
        (evaluations([[0.0] * 20] * 6), "fail"),
        ([*evaluations([[0.0] * 20] * 6), row(61, td_std=50.0)], "fail"),
    ],
)
def test_the_verdict_fails_before_it_waits_before_it_passes(rows, expected):
    assert verdict_of(rows).status == expected


def test_warnings_do_not_change_the_verdict():
    assert verdict_of(healthy_run(mean_c=0.99, rho_tail=-0.5, bias=2.0, explained_variance=0.0)).status == "pass"


@pytest.mark.parametrize("rows", [[], healthy_run(7), healthy_run(), [dict.fromkeys(NAMES)]])
def test_the_verdict_is_ready_for_json(rows):
    record = verdict_of(rows).as_dict()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert set(record) == {"verdict", "findings", "update", "env_steps", "numbers"}
    for found in record["findings"]:
        assert set(found) == {"kind", "status", "summary", "evidence", "next_step"}
        assert found["status"] in ("pass", "fail", "warn", "wait")
        assert "\n" not in found["summary"] + found["next_step"]
        for item in found["evidence"]:
            assert set(item) == {"metric", "value", "step"}


def test_whatever_needs_action_says_what_to_do_next():
    broken = dict(td_std=0.0, mean_c=1.0, bias=9.0, rho_tail=-1.0, explained_variance=-1.0, policy_lag_max=7)
    rows = [row(update, **broken, gate_curve=curve(0.5, 0.5, 0.0)) for update in range(1, UPDATES)]
    for found in verdict_of([*rows, row(UPDATES, **broken, entropy=0.0)]).findings:
        assert found.status == "pass" or found.next_step.endswith(".")


BAD_VALUES = [None, math.nan, math.inf, -math.inf, "text", True, [], {}, [None], {"td": None}, 10**400, -1, 0, 1e308]


@pytest.mark.parametrize("value", BAD_VALUES, ids=repr)
def test_no_value_makes_a_rule_raise(value):
    history = History()
    for update in range(1, 60):
        history.add({**dict.fromkeys(NAMES, value), "update": update, "eval_returns": [value] * 6})
        history.add(dict.fromkeys(NAMES, value))
    record = evaluate(history, CONFIG).as_dict()
    json.dumps(record, allow_nan=False)


@pytest.mark.parametrize("name", NAMES)
def test_any_single_metric_may_be_null_or_missing(name):
    rows = healthy_run(60)
    for changed in (
        [{**entry, name: None} for entry in rows],
        [{k: v for k, v in e.items() if k != name} for e in rows],
    ):
        verdict = verdict_of(changed)
        assert len(verdict.findings) == len(RULES)


@pytest.mark.parametrize(
    "broken",
    [
        {"td": [0, 1, 2]},
        {"td": [0, 1], "c": [None], "c_std": [None], "prior": [None], "count": [0]},
        {"td": [0, 1], "c": "ab", "c_std": [0], "prior": [0], "count": [1]},
        {"td": [], "c": [], "c_std": [], "prior": [], "count": []},
        {"td": [0, 1, 2], "c": [0.5], "c_std": [], "prior": [0.5, 0.5], "count": [1]},
        {"td": [0, 1], "c": [1e308], "c_std": [0.1], "prior": [0.5], "count": [1]},
        {"td": [0, 1], "c": [0.5], "c_std": [0.1], "prior": [0.5], "count": [-3]},
    ],
)
def test_a_broken_gate_curve_makes_its_rules_wait(broken):
    for kind in ("gate_constant", "gate_follows_prior"):
        assert finding(kind, [row(UPDATES, gate_curve=broken)]).status == "wait"


def test_evaluating_a_long_run_is_cheap():
    rows = [{**row(i), "eval_returns": [0.1 * (i % 7)] * 20} for i in range(1, 4001)]
    history = History.from_rows(rows)
    start = time.perf_counter()
    evaluate(history, CONFIG)
    assert time.perf_counter() - start < 0.5


# ---- td_std


@pytest.mark.parametrize(
    ("td_std", "status", "word"),
    [
        (0.0051, "pass", "above"),
        (0.005, "fail", "floor"),
        (0.001, "fail", "floor"),
        (0.0, "fail", "floor"),
        (50.0, "fail", "ceiling"),
        (49.9, "fail", "ceiling"),
        (49.0, "pass", "below"),
        (None, "fail", "not a finite number"),
    ],
)
def test_td_std_must_lie_between_five_floors_and_the_ceiling(td_std, status, word):
    found = finding("td_std", [row(1), row(2, td_std=td_std)])
    assert found.status == status
    assert word in found.summary
    assert [(item.metric, item.value, item.step) for item in found.evidence] == [("td_std", td_std, 8192)]
    assert bool(found.next_step) == (status == "fail")


def test_td_std_waits_for_the_first_update():
    assert finding("td_std", []).status == "wait"


def test_limits_that_leave_no_room_are_named():
    found = finding("td_std", [row(1, td_std=2.0)], Config(td_std_min=1.0, td_std_max=4.0))
    assert found.status == "fail"
    assert "No td_std can pass" in found.summary


# ---- eval_improves


@pytest.mark.parametrize(("count", "missing"), [(0, 4), (1, 3), (3, 1)])
def test_it_waits_for_four_evaluations_and_says_how_many_are_missing(count, missing):
    found = finding("eval_improves", [row(1), *evaluations([[0.0] * 20] * count)])
    assert found.status == "wait"
    assert f"{missing} missing" in found.summary
    assert found.next_step == "Wait: an evaluation runs every 10 updates."


def test_it_says_when_evaluation_is_off():
    found = finding("eval_improves", [row(1)], Config(eval_every=0))
    assert found.status == "wait"
    assert "Evaluation is off" in found.summary
    assert "eval_every" in found.next_step


def test_it_says_when_the_run_is_too_short_for_four_evaluations():
    found = finding("eval_improves", [row(1)], Config(eval_every=50))
    assert "lower eval_every" in found.next_step


def test_improvement_beyond_chance_passes_with_p_value_level_and_progress():
    found = finding("eval_improves", healthy_run())
    assert found.status == "pass"
    assert "one-sided p = 9.5e-07, level 0.05" in found.summary
    assert "at update 122 of 122 (100% of the run)" in found.summary
    assert "first 4 of 12" in found.summary
    early, late_, p_value = found.evidence
    assert (early.metric, early.step) == ("eval_return", 40 * 4096)
    assert early.value == pytest.approx(-0.9 + 0.25 + 0.095)
    assert (late_.metric, late_.step) == ("eval_return", 120 * 4096)
    assert late_.value == pytest.approx(-0.9 + 1.05 + 0.095)
    assert (p_value.metric, p_value.value) == ("eval_p_value", 0.5**20)


@pytest.mark.parametrize("change", [0.0, -0.2])
def test_no_improvement_fails_and_the_next_step_depends_on_how_far_the_run_is(change):
    def rows(last):
        return evaluations([[change * i + 0.01 * seed for seed in range(20)] for i in range(last)])

    young, old = finding("eval_improves", rows(4)), finding("eval_improves", rows(12))
    assert young.status == old.status == "fail"
    assert "p = 1, level 0.05" in young.summary
    assert "at update 40 of 122 (33% of the run)" in young.summary
    assert "young" in young.next_step
    assert "rollout_steps" in old.next_step


def test_a_single_lucky_episode_is_chance():
    early, lucky = [0.0] * 20, [1.0] + [0.0] * 19
    assert finding("eval_improves", evaluations([early, early, early, early, lucky, lucky])).status == "fail"


def test_being_at_the_known_ceiling_early_and_late_passes():
    config = Config(env_id="popgym-RepeatPreviousEasy-v0")
    solved, lost = [0.97] * 20, [0.2] * 20
    found = finding("eval_improves", evaluations([solved] * 6), config)
    assert found.status == "pass"
    assert "ceiling" in found.summary
    assert finding("eval_improves", evaluations([solved] * 5 + [lost] * 3), config).status == "fail"
    assert finding("eval_improves", evaluations([solved] * 6), Config(env_id="CartPole-v1")).status == "fail"


@pytest.mark.parametrize("episodes", [1, 4])
def test_too_few_episodes_to_tell_anything_from_chance_wait(episodes):
    config = Config(eval_episodes=episodes)
    found = finding("eval_improves", evaluations([[float(i)] * episodes for i in range(6)]), config)
    assert found.status == "wait"
    assert "eval_episodes" in found.next_step


def test_five_episodes_are_enough():
    rows = evaluations([[float(i)] * 5 for i in range(6)])
    assert finding("eval_improves", rows, Config(eval_episodes=5)).status == "pass"


def test_returns_that_are_all_null_wait():
    found = finding("eval_improves", evaluations([[None] * 20] * 6))
    assert found.status == "wait"
    assert "not finite" in found.next_step


def test_a_null_return_takes_only_its_seed_out():
    rows = evaluations([[float(i)] * 6 for i in range(6)])
    rows[0]["eval_returns"][2] = None
    assert "paired over 5 seeds" in finding("eval_improves", rows).summary


# ---- the rules that warn


@pytest.mark.parametrize(
    ("update", "mean_c", "status"),
    [(25, 0.9, "wait"), (26, 0.9, "warn"), (26, 0.449, "pass"), (26, 0.24, "warn"), (1, None, "wait")],
)
def test_mean_c_off_target(update, mean_c, status):
    found = finding("mean_c_off_target", [row(update, mean_c=mean_c)])
    assert found.status == status
    if status == "warn":
        assert f"{'lower' if mean_c > 0.35 else 'raise'} it from -1.5" in found.next_step
        assert "lambda_c" in found.next_step


def test_mean_c_is_free_without_a_budget():
    assert finding("mean_c_off_target", [row(100, mean_c=0.9)], Config(lambda_c=0.0)).status == "pass"


@pytest.mark.parametrize(
    ("bias", "status", "word"),
    [
        (-1.5, "pass", "inside"),
        (-4.0, "warn", "bias_clamp_min"),
        (-4.1, "warn", "bias_clamp_min"),
        (2.0, "warn", "bias_clamp_max"),
        (1.99995, "warn", "bias_clamp_max"),
        (1.9, "pass", "inside"),
        (None, "wait", "not known"),
    ],
)
def test_bias_at_clamp(bias, status, word):
    found = finding("bias_at_clamp", [row(1, bias=bias)])
    assert found.status == status
    assert word in found.summary


def test_a_bias_held_on_purpose_is_no_warning():
    config = Config(bias_clamp_min=-1.0, bias_clamp_max=-1.0, bias_init=-1.0)
    assert finding("bias_at_clamp", [row(1, bias=-1.0)], config).status == "pass"


@pytest.mark.parametrize(
    ("mean_c", "status"), [(0.02, "pass"), (0.98, "pass"), (0.0199, "warn"), (0.981, "warn"), (None, "wait")]
)
def test_gate_saturated(mean_c, status):
    assert finding("gate_saturated", [row(1, mean_c=mean_c)]).status == status


@pytest.mark.parametrize(
    ("gate_curve", "status"),
    [
        (curve(0.4, 0.3, c_std=0.0), "warn"),
        (curve(0.4, 0.3, c_std=0.02), "pass"),
        (curve([0.3] * 10 + [0.4] * 10, 0.3, c_std=0.0), "pass"),
        (None, "wait"),
    ],
)
def test_gate_constant(gate_curve, status):
    found = finding("gate_constant", [row(1, gate_curve=gate_curve)])
    assert found.status == status
    if status != "wait":
        assert found.evidence[0].metric == "gate_curve"


@pytest.mark.parametrize(
    ("update", "gate_curve", "status"),
    [
        (UPDATES, curve(0.4, 0.4, c_std=0.0), "warn"),
        (61, curve(0.4, 0.4, c_std=0.0), "warn"),
        (60, curve(0.4, 0.4, c_std=0.0), "wait"),
        (UPDATES, curve(0.4, 0.38, c_std=0.0), "pass"),  # the means differ
        (UPDATES, curve(0.4, 0.4, c_std=0.3), "pass"),  # the means agree, but c varies more than its prior can
        (UPDATES, None, "wait"),
    ],
)
def test_gate_follows_prior(update, gate_curve, status):
    assert finding("gate_follows_prior", [row(update, gate_curve=gate_curve)]).status == status


def test_the_priors_own_spread_in_a_bin_is_not_the_routers():
    draw = np.random.default_rng(0)
    td = np.abs(draw.standard_t(3, 4000))
    logit = CONFIG.td_scale * td + CONFIG.base_logit - 1.5
    prior = 1 / (1 + np.exp(-logit))
    alone = finding("gate_follows_prior", [row(UPDATES, gate_curve=curve_of(td, prior, prior))])
    assert alone.status == "warn"
    assert alone.evidence[0].value == pytest.approx(0.0, abs=1e-9)
    routed = 1 / (1 + np.exp(-logit - draw.normal(0, 1, 4000)))  # independent of the TD error
    found = finding("gate_follows_prior", [row(UPDATES, gate_curve=curve_of(td, routed, prior))])
    assert found.status == "pass"


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
def test_rho_tail_negative_is_judged_over_ten_updates(values, status):
    rows = [row(i + 1, rho_tail=value) for i, value in enumerate(values)]
    assert finding("rho_tail_negative", rows).status == status


@pytest.mark.parametrize(
    ("update", "value", "status"),
    [(60, 0.3, "wait"), (61, 0.3, "warn"), (61, 0.5, "pass"), (1, 0.6, "pass"), (61, None, "wait"), (61, -3.0, "warn")],
)
def test_explained_variance_low(update, value, status):
    assert finding("explained_variance_low", [row(update, explained_variance=value)]).status == status


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([0.8] * 19, "wait"),
        ([0.8] * 20, "pass"),
        ([0.8] * 25 + [0.6] * 25, "warn"),
        ([0.6] * 25 + [0.8] * 25, "pass"),
        ([0.8] * 25 + [0.75] * 25, "pass"),
        ([0.9, -0.9] * 12 + [-0.9], "pass"),  # noise
        ([0.9] * 100 + [0.5] * 50, "pass"),  # fell long ago: the level is the other rule's
        ([None] * 50, "wait"),
    ],
)
def test_explained_variance_falling(values, status):
    rows = [row(i + 1, explained_variance=value) for i, value in enumerate(values)]
    assert finding("explained_variance_falling", rows).status == status


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([1.4] + [0.02] * 10, "warn"),
        ([1.4] + [0.2] * 10, "pass"),
        ([1.4], "pass"),
        ([None], "wait"),
        ([0.0], "warn"),
        ([1.4] + [-1.0] * 10, "pass"),  # differential entropy of continuous actions
        ([1.4] + [-3.0] * 10, "warn"),
    ],
)
def test_entropy_collapsed(values, status):
    rows = [row(i + 1, entropy=value) for i, value in enumerate(values)]
    assert finding("entropy_collapsed", rows).status == status


def test_low_entropy_is_right_at_the_ceiling():
    rows = [row(1, entropy=1.4), *(evaluation(10 * i, [1.0] * 20, entropy=0.001) for i in range(1, 13))]
    assert finding("entropy_collapsed", rows).status == "pass"
    assert finding("entropy_collapsed", rows, Config(env_id="CartPole-v1")).status == "warn"


@pytest.mark.parametrize(
    ("lag", "limit", "status"), [(0, 0, "pass"), (1, 0, "warn"), (1, 1, "pass"), (2, 1, "warn"), (None, 0, "wait")]
)
def test_policy_lag_exceeded(lag, limit, status):
    rows = [row(7, policy_lag_max=lag), row(8, policy_lag_max=None if lag is None else 0)]
    found = finding("policy_lag_exceeded", rows, Config(max_policy_lag=limit))
    assert found.status == status
    if status == "warn":
        assert (found.evidence[0].value, found.evidence[0].step) == (lag, 7 * 4096)
