"""What rules compare their numbers with: the text, the limits, and that they are what decides."""

from __future__ import annotations

import json
import math

import pytest
from gate_rows import CONFIG, UPDATES, evaluations, finding, healthy_run, row, series, verdict_of

from gwt_ib.config import Config
from gwt_ib.gatecheck.rules import RULES
from gwt_ib.runs.metrics import BY_NAME, METRICS, Threshold


@pytest.mark.parametrize(
    ("threshold", "text", "limits", "inside", "outside"),
    [
        (Threshold(0.005, 49.5, strict=True), "> 0.005, < 49.5", [0.005, 49.5], [0.0051, 49.4], [0.005, 49.5]),
        (Threshold(-4, 2, strict=True, margin=0.01), "> -4, < 2", [-4, 2], [-3.98, 1.98], [-3.995, 1.995, 2.5]),
        (Threshold(0.25, 0.45), "0.25 to 0.45", [0.25, 0.45], [0.25, 0.45], [0.249, 0.451]),
        (Threshold(low=0.5), ">= 0.5", [0.5, None], [0.5, 1e300], [0.499]),
        (Threshold(low=0.02, strict=True), "> 0.02", [0.02, None], [0.021], [0.02]),
        (Threshold(high=0.05, name="p"), "p <= 0.05", [None, 0.05], [0.05, 0.0], [0.051]),
        (Threshold(high=1.0 / 3, strict=True), "< 0.3333", [None, 1.0 / 3], [0.3], [0.34]),
        (Threshold(name="fixed at -1"), "fixed at -1", None, [-1.0, 7.0], []),
        (Threshold(), "", None, [0.0], []),
        (Threshold(high=math.inf, name="fall"), "fall <= inf", None, [1e308], []),
    ],
)
def test_a_threshold_in_words_and_numbers(threshold, text, limits, inside, outside):
    assert str(threshold) == text
    assert threshold.limits == (tuple(limits) if limits else (None, None))
    assert all(threshold.contains(value) for value in inside)
    assert not any(threshold.contains(value) for value in outside)
    json.dumps(threshold.limits, allow_nan=False)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("td_std", "> 0.005, < 49.5"),
        ("eval_improves", "p <= 0.01"),
        ("mean_c_near_target", "0.25 to 0.45"),
        ("bias_inside_clamps", "> -4, < 2"),
        ("gate_partly_open", "0.02 to 0.98"),
        ("gate_moves", ">= 0.01"),
        ("router_adds_to_prior", ">= 0.01"),
        ("surprise_opens_gate", ">= 0"),
        ("critic_explains_returns", ">= 0.5"),
        ("critic_keeps_up", "fall <= 0.1"),
        ("policy_still_explores", "> 0.02"),
        ("rollouts_are_fresh", "<= 0"),
    ],
)
def test_the_thresholds_of_a_run_are_known_before_and_after_its_first_update(kind, text):
    assert str(finding(kind, healthy_run()).threshold) == text
    before = str(finding(kind, []).threshold)
    assert before == (text if kind != "policy_still_explores" else "> 2% of highest")


def test_thresholds_follow_the_configuration():
    config = Config(td_std_min=0.002, target_c=0.5, bias_clamp_max=3.0, max_policy_lag=1)
    texts = {found.kind: str(found.threshold) for found in verdict_of([row(1)], config).findings}
    assert texts["td_std"] == "> 0.01, < 49.5"
    assert texts["mean_c_near_target"] == "0.4 to 0.6"
    assert texts["bias_inside_clamps"] == "> -4, < 3"
    assert texts["rollouts_are_fresh"] == "<= 1"


def test_what_is_off_on_purpose_has_no_limits():
    free = finding("mean_c_near_target", [row(100, mean_c=0.9)], Config(lambda_c=0.0))
    assert (str(free.threshold), free.as_dict()["limits"]) == ("any, lambda_c = 0", None)
    held = Config(bias_clamp_min=-1.0, bias_clamp_max=-1.0, bias_init=-1.0)
    assert str(finding("bias_inside_clamps", [row(1, bias=-1.0)], held).threshold) == "fixed at -1"


def test_at_the_known_ceiling_the_newest_returns_are_compared_with_it():
    config = Config(env_id="popgym-RepeatPreviousEasy-v0")
    found = finding("eval_improves", evaluations([[0.97] * 20] * 6), config)
    assert (str(found.threshold), found.value) == (">= 0.95", pytest.approx(0.97))


def test_the_number_of_a_fall_is_the_fall():
    found = finding("critic_keeps_up", series("explained_variance", [0.8] * 25 + [0.6] * 25))
    assert found.status == "warn"
    assert found.value == pytest.approx(0.2)
    assert [item.metric for item in found.evidence] == ["explained_variance"] * 2 + ["explained_variance_fall"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        dict(td_std=0.001),
        dict(mean_c=0.99, bias=2.5, rho_tail=-0.4, policy_lag_max=3),
        dict(explained_variance=0.2, entropy=0.0),
        dict(td_std=None, mean_c=None, bias=None),
    ],
    ids=["healthy", "pinned", "gate", "critic", "null"],
)
def test_a_number_passes_exactly_where_its_threshold_holds(changes):
    for found in verdict_of(healthy_run(UPDATES, **changes), CONFIG).findings:
        if found.value is not None and found.status != "wait":
            low, high = found.limits
            ends = Threshold(low, high, strict=found.threshold.startswith((">", "<")) and "=" not in found.threshold)
            assert ends.contains(found.value) == (found.status == "pass"), found.kind


def test_the_list_has_every_rule_in_the_order_of_the_verdict():
    verdict = verdict_of(healthy_run())
    assert [rule.kind for rule in RULES] == [found.kind for found in verdict.findings]
    assert [rule.kind for rule in RULES if rule.decides] == [found.kind for found in verdict.deciding]
    for rule in RULES:
        assert "?" in rule.asks and len(rule.asks) <= 160
        assert rule.remedy and not rule.remedy.endswith(".")
        if rule.follows in BY_NAME and not BY_NAME[rule.follows].sparse:
            same = rule.threshold(CONFIG) == BY_NAME[rule.follows].threshold(CONFIG)
            assert same != (rule.kind in ("gate_partly_open", "critic_keeps_up")), "one definition for both"


def test_the_rules_say_which_numbers_are_means_of_several_updates():
    values = [0.01 * update for update in range(1, 31)]
    means = 0
    for rule in RULES:
        found = next(found for found in verdict_of(series(rule.follows, values)).findings if found.kind == rule.kind)
        if found.evidence and found.evidence[-1].metric == rule.follows:
            assert found.value == pytest.approx(sum(values[-rule.mean_of :]) / rule.mean_of), rule.kind
            means += rule.mean_of > 1
    assert means == 3


def test_every_metric_with_a_healthy_range_says_what_to_do_when_it_leaves_it():
    healthy = {metric.name: metric.healthy_words(CONFIG) for metric in METRICS}
    assert {name for name, words in healthy.items() if words} >= {
        "td_std", "mean_c", "explained_variance", "ep100", "bias", "rho_tail"
    }  # fmt: skip
    for metric in METRICS:
        assert bool(healthy[metric.name]) == bool(metric.remedy), metric.name
