"""Settings that spoil a run are named first, each with its default; ordinary ones never are."""

from __future__ import annotations

import re

import pytest
from gate_rows import UPDATES, curve, evaluations, finding, healthy_run, row, verdict_of

from gwt_ib.config import Config
from gwt_ib.config_sources import load_preset, preset_names
from gwt_ib.gatecheck.causes import CAUSES, GATE, LEARNING, first_cause
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run
from gwt_ib.gatecheck.rules import RULES

FLAT = evaluations([[0.0] * 20] * 12)


@pytest.mark.parametrize("preset", [None, *(name for name in preset_names() if name != "smoke")])
def test_defaults_and_presets_are_no_cause_of_anything(preset):
    config = Config(**(load_preset(preset) if preset else {}))
    kinds = {kind for cause in CAUSES for kind in cause.explains}
    assert {first_cause(config, kind) for kind in kinds} == {""}


def test_every_cause_explains_rules_that_exist_and_can_be_met():
    known = {rule.kind for rule in RULES} | {"gate"}
    for cause in CAUSES:
        assert cause.explains <= known
        assert cause.field in Config.model_fields
        assert not cause.is_off(Config())
        assert len(cause.words(Config())) <= 125


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lr": 0.0}, "lr = 0: no weight ever changes. The default is 0.00025."),
        ({"lr": 0.0, "gamma": 0.0}, "lr = 0: "),
        ({"gamma": 0.0}, "gamma = 0: what comes later counts for next to nothing. The default is 0.99."),
        (
            {"memory": False},
            "memory = false: the state is cut at every step, so nothing is remembered. The default is true.",
        ),
        ({"clip_eps": 1e-5, "hidden_size": 2}, "clip_eps = 1e-05: the policy may not move"),
        (
            {"bias_init": -50.0, "bias_clamp_min": -50.0, "bias_clamp_max": -50.0},
            "bias_clamp_max = -50: the gate is shut, so nothing is written to memory. The default is 2.",
        ),
        ({"gate": "constant", "target_c": 0.0}, "target_c = 0: the gate is shut"),
        ({"clip_vf": 1e-6}, "clip_vf = 1e-06: the critic may not move"),
        ({"epochs": 1, "minibatches": 1}, "minibatches = 1: next to no gradient steps"),
        ({"lambda_c": 1e3}, "lambda_c = 1000: the budget drowns the returns"),
        ({"eval_every": 0}, "eval_every = 0: "),
    ],
)
def test_a_setting_that_spoils_learning_is_named_before_anything_else(settings, words):
    config = Config(**settings)
    found = finding("eval_improves", FLAT, config)
    assert found.status == "fail" and found.next_step.startswith(words)
    assert finding("eval_improves", FLAT[:3], config).next_step.startswith(words), "of a young run too"
    assert finding("eval_improves", healthy_run(), config).next_step == "", "what passes needs no advice"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"target_c": 1.0}, "target_c = 1: the budget asks for an open gate. The default is 0.35."),
        ({"base_logit": 30.0}, "base_logit = 30: the gate is open, whatever the TD error. The default is -1."),
        (
            {"bias_init": 30.0, "bias_clamp_min": 30.0, "bias_clamp_max": 30.0},
            "bias_clamp_min = 30: the gate is open, whatever the TD error. The default is -4.",
        ),
        ({"lr": 0.0}, "lr = 0: "),
    ],
)
def test_a_setting_that_opens_the_gate_is_named(settings, words):
    rows = [row(update, mean_c=1.0) for update in range(1, UPDATES + 1)]
    verdict = verdict_of(rows, Config(**settings))
    assert verdict.gate.status == "open" and verdict.gate.next_step.startswith(words)
    assert next(found for found in verdict.advice if found.kind == "gate_partly_open").next_step.startswith(words)


def test_a_gate_that_is_open_by_its_kind_is_no_matter_of_priors_and_budgets():
    config = Config(gate="open", base_logit=30.0, target_c=1.0, lambda_c=1e3)
    assert first_cause(config, "gate") == ""
    assert first_cause(Config(gate="router", base_logit=30.0), "gate") == ""


def test_no_advice_about_live_settings_is_given_for_a_run_that_has_ended():
    def next_steps(last, *, ended=False):
        rows = [row(update, mean_c=0.9) for update in range(1, last + 1)]
        found = judge_run(History.from_rows(rows), Config(), ended=ended)
        return " ".join(item.next_step for item in (*found.findings, found.gate))

    assert "(live)" in next_steps(60) and "play" in next_steps(60)
    for ended in (next_steps(60, ended=True), next_steps(UPDATES)):
        assert "live" not in ended and "In a new run double lambda_c" in ended


STUCK = {
    "open": {"mean_c": 1.0, "gate_curve": curve(1.0, 1.0, c_std=0.0)},
    "shut": {"mean_c": 0.0, "gate_curve": curve(0.0, 0.0, c_std=0.0)},
    "constant": {"mean_c": 0.5, "gate_curve": curve(0.5, 0.5, c_std=0.0)},
    "moves": {"mean_c": 0.1, "rho_tail": -0.5, "bias": -4.0, "td_std": 0.0, "explained_variance": 0.0},
}


@pytest.mark.parametrize("lambda_c", [0.0, 0.05])
@pytest.mark.parametrize("last", [5, 60, UPDATES])
@pytest.mark.parametrize("changes", STUCK.values(), ids=STUCK)
def test_what_an_ended_run_is_told_is_said_of_new_runs_and_to_nobody_who_waits(changes, last, lambda_c):
    rows = [row(update, **changes) for update in range(1, last + 1)]
    found = judge_run(History.from_rows(rows), Config(lambda_c=lambda_c), ended=True)
    for step in [item.next_step for item in (*found.findings, found.gate)]:
        assert not re.search(r"\b[Ww]ait\b|let it go on|\(live\)", step), step
        if re.search(r"\b([Ll]ower|[Rr]aise|[Dd]ouble)\b", step):
            assert "new run" in step, step


@pytest.mark.parametrize("changes", STUCK.values(), ids=STUCK)
def test_nothing_is_advised_about_settings_that_a_routers_gate_does_not_use(changes):
    rows = [row(update, **changes) for update in range(1, UPDATES + 1)]
    found = judge_run(History.from_rows(rows), Config(gate="router"))
    words = " ".join(item.next_step for item in (*found.findings, found.gate))
    assert not re.search(r"base_logit|td_scale|bias", words), words


def test_whether_a_run_has_ended_changes_words_and_no_verdict():
    history = History.from_rows(healthy_run(60, mean_c=0.9))
    lives, ended = judge_run(history, Config()), judge_run(history, Config(), ended=True)
    assert [found.status for found in lives.findings] == [found.status for found in ended.findings]
    assert (lives.status, lives.gate.status, lives.numbers) == (ended.status, ended.gate.status, ended.numbers)


def test_groups_of_rules_name_rules():
    assert {*LEARNING, *GATE} <= {rule.kind for rule in RULES} | {"gate"}
