"""The verdict that the rules make together, on healthy, broken and incomplete records."""

from __future__ import annotations

import json
import math
import time

import pytest
from gate_rows import CONFIG, UPDATES, curve, evaluations, finding, healthy_run, row, verdict_of

from gwt_ib.config import Config
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run
from gwt_ib.runs.metrics import NAMES

DECIDING = ("td_std", "eval_improves")
ADVICE = (
    "mean_c_near_target",
    "bias_inside_clamps",
    "gate_partly_open",
    "gate_moves",
    "router_adds_to_prior",
    "surprise_opens_gate",
    "critic_explains_returns",
    "critic_keeps_up",
    "policy_still_explores",
    "rollouts_are_fresh",
)


def broken_run():
    """Nothing about it is as it should be."""
    broken = dict(td_std=0.0, mean_c=1.0, bias=9.0, rho_tail=-1.0, policy_lag_max=7, gate_curve=curve(0.5, 0.5, 0.0))
    values = dict(explained_variance=-1.0, entropy=1.0)
    rows = [row(update, **broken, **values) for update in range(1, UPDATES - 20)]
    values = dict(explained_variance=-2.0, entropy=0.0)
    return rows + [row(update, **broken, **values) for update in range(UPDATES - 20, UPDATES + 1)]


def test_a_healthy_run_passes_every_rule():
    verdict = verdict_of(healthy_run())
    assert verdict.status == "pass"
    assert tuple(found.kind for found in verdict.deciding) == DECIDING
    assert tuple(found.kind for found in verdict.advice) == ADVICE
    assert verdict.findings == verdict.deciding + verdict.advice
    assert {found.status for found in verdict.findings} == {"pass"}
    assert (verdict.update, verdict.env_steps) == (UPDATES, UPDATES * 4096)
    assert (verdict.numbers["std_ok"], verdict.numbers["eval_ok"], verdict.numbers["evaluations"]) == (True, True, 12)


def test_nothing_recorded_makes_every_rule_wait():
    verdict = verdict_of([])
    assert (verdict.status, verdict.update) == ("wait", None)
    assert {found.status for found in verdict.findings} == {"wait"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (healthy_run(30), "wait"),
        (healthy_run(30, td_std=0.001), "wait"),
        (healthy_run(), "pass"),
        (healthy_run(td_std=0.001), "fail"),
        (evaluations([[0.0] * 20] * 12), "fail"),
        ([*evaluations([[0.0] * 20] * 12), row(122, td_std=50.0)], "fail"),
        ([*evaluations([[0.0] * 20] * 2), row(122, td_std=50.0)], "fail"),
        (healthy_run(mean_c=0.99, rho_tail=-0.5, bias=2.0, explained_variance=0.0), "pass"),
    ],
    ids=[
        "young",
        "young and at the floor",
        "healthy",
        "at the floor",
        "flat",
        "flat and at the ceiling",
        "few evaluations and at the ceiling",
        "warnings",
    ],
)
def test_the_verdict_fails_before_it_waits_before_it_passes_whatever_the_warnings(rows, expected):
    assert verdict_of(rows).status == expected


@pytest.mark.parametrize("rows", [[], healthy_run(7), healthy_run(), [dict.fromkeys(NAMES)]])
def test_the_verdict_is_ready_for_json(rows):
    record = verdict_of(rows).as_dict()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert set(record) == {"verdict", "since", "findings", "update", "env_steps", "numbers", "gate"}
    assert [found["kind"] for found in record["findings"] if found["decides"]] == list(DECIDING)
    for found in record["findings"]:
        contract = {"kind", "status", "summary", "evidence", "next_step"}
        assert set(found) == contract | {"decides", "threshold", "limits", "since"}
        assert found["status"] in ("pass", "fail", "warn", "wait")
        for item in found["evidence"]:
            assert set(item) == {"metric", "value", "step"}


@pytest.mark.parametrize(
    "rows",
    [[], healthy_run(7), healthy_run(), broken_run(), evaluations([[0.0] * 20] * 12), evaluations([[-123.4] * 3] * 12)],
    ids=["empty", "young", "healthy", "broken", "flat", "few episodes"],
)
def test_texts_are_short_and_whatever_is_not_pass_says_what_to_do_next(rows):
    for found in verdict_of(rows).findings:
        assert len(found.summary) <= 125
        assert len(found.next_step) <= 160
        assert "\n" not in found.summary + found.next_step
        assert found.summary.endswith(".")
        assert found.status == "pass" or found.next_step.endswith(".")


def test_a_broken_run_sets_off_every_rule_that_can_warn():
    verdict = verdict_of(broken_run())
    assert [found.kind for found in verdict.advice if found.status != "warn"] == []


BAD_VALUES = [None, math.nan, math.inf, -math.inf, "text", True, [], {}, [None], {"td": None}, 10**400, -1, 0, 1e308]


def test_no_value_makes_a_rule_raise():
    for value in BAD_VALUES:
        history = History()
        for update in range(1, 60):
            history.add({**dict.fromkeys(NAMES, value), "update": update, "eval_returns": [value] * 6})
            history.add(dict.fromkeys(NAMES, value))
        json.dumps(judge_run(history, CONFIG).as_dict(), allow_nan=False)


def test_any_single_metric_may_be_null_or_missing():
    rows = healthy_run(60)
    for name in NAMES:
        nulls = [{**entry, name: None} for entry in rows]
        gaps = [{key: value for key, value in entry.items() if key != name} for entry in rows]
        for changed in (nulls, gaps):
            assert len(verdict_of(changed).findings) == 12


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
    ids=["no columns", "empty bin", "text", "no bins", "short column", "no share", "negative count"],
)
def test_a_broken_gate_curve_makes_its_rules_wait(broken):
    for kind in ("gate_moves", "router_adds_to_prior"):
        assert finding(kind, [row(UPDATES, gate_curve=broken)]).status == "wait"


def test_the_ceiling_of_the_task_is_among_the_numbers():
    assert verdict_of([], Config(env_id="popgym-RepeatPreviousEasy-v0")).numbers["ceiling"] == 1.0
    assert verdict_of([], Config(env_id="CartPole-v1")).numbers["ceiling"] is None


def test_evaluating_a_long_run_is_cheap():
    rows = [{**row(i), "eval_returns": [0.1 * (i % 7)] * 20} for i in range(1, 4001)]
    history = History.from_rows(rows)
    start = time.process_time()
    judge_run(history, CONFIG)
    assert time.process_time() - start < 0.5
