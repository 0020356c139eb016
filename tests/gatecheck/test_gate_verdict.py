"""The verdict on the gate: from how c moves, and from returns that are paired by seed with those of replaced gates."""

from __future__ import annotations

import numpy as np
import pytest
from gate_rows import CONFIG, UPDATES, curve, evaluation, row, verdict_of

from gwt_ib.config import Config
from gwt_ib.gatecheck.findings import GATE_VERDICTS, Verdict
from gwt_ib.gatecheck.gate_verdict import judge_gate
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.rule import RuleContext
from gwt_ib.replacements import DECISIVE

SEEDS = 20


def rows_with(effects, last=UPDATES, noise=0.1, seed=0, **changes):
    """A rising run in which every evaluation plays all replacements of `effects`: the learned gate is worth so much."""
    draw = np.random.default_rng(seed)
    hardness = draw.normal(0, 0.2, SEEDS)
    rows = []
    for update in range(1, last + 1):
        if update % 10:
            rows.append(row(update, **changes))
            continue
        learned = update / 100 + hardness + draw.normal(0, noise, SEEDS)
        replaced = {
            word: (learned - effect + draw.normal(0, noise, SEEDS)).tolist() for word, effect in effects.items()
        }
        rows.append(evaluation(update, learned.tolist(), eval_replaced=replaced, **changes))
    return rows


def all_worth(effect):
    return dict.fromkeys(DECISIVE, effect)


@pytest.mark.parametrize(
    ("effects", "expected", "words"),
    [
        (all_worth(0.5), "works", "costs return"),
        (all_worth(0.5) | {"shuffled": 0.0}, "decoration", "against shuffled"),
        (all_worth(0.0), "decoration", "changes nothing that matters"),
        (all_worth(0.5) | {"open": -0.5}, "harmful", "against open"),
        (all_worth(0.0) | {"prior": -0.5}, "harmful", "against prior"),
        (all_worth(0.5) | {"prior": -0.5}, "works", "costs return"),
        ({"open": 0.5, "shuffled": 0.5}, "wait", "the gate constant has been played"),
        ({}, "wait", "the gate open, constant and shuffled has been played"),
    ],
    ids=[
        "works",
        "shuffled does as well",
        "decoration",
        "open is better",
        "prior is better",
        "though prior is better",
        "one is missing",
        "none",
    ],
)
def test_paired_returns_decide(effects, expected, words):
    gate = verdict_of(rows_with(effects)).gate
    assert (gate.status, words in gate.summary) == (expected, True), gate.summary
    assert [effect.gate for effect in gate.effects] == [
        word for word in ("open", "constant", "shuffled", "prior") if word in effects
    ]
    assert gate.status == "works" or gate.next_step.endswith(".")
    assert gate.status in GATE_VERDICTS


def test_an_effect_has_its_interval_its_pairs_and_the_step_of_its_newest_snapshot():
    (effect, *_) = verdict_of(rows_with(all_worth(0.5), noise=0.01)).gate.effects
    assert effect.difference == pytest.approx(0.5, abs=0.01)
    assert effect.low < effect.difference < effect.high < effect.low + 0.02
    assert (effect.episodes, effect.step) == (6 * SEEDS, 120 * 4096)


def test_only_the_newer_half_of_the_evaluations_counts():
    rows = rows_with(all_worth(0.0), last=60) + rows_with(all_worth(0.5))[60:]
    assert verdict_of(rows).gate.effects[0].difference == pytest.approx(0.5, abs=0.1)


def test_a_young_run_whose_gate_shows_no_effect_waits():
    gate = verdict_of(rows_with(all_worth(0.0), last=50)).gate
    assert (gate.status, gate.next_step[:11]) == ("wait", "Judged from")
    assert verdict_of(rows_with(all_worth(0.5), last=50)).gate.status == "works"


def test_noise_in_which_an_effect_would_be_lost_is_no_decoration():
    gate = verdict_of(rows_with(all_worth(0.0), noise=3.0)).gate
    assert gate.status == "wait"
    assert "pairs would tell" in gate.next_step


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mean_c": 0.99}, "open"),
        ({"mean_c": 0.01, "gate_curve": curve(0.01, 0.3, c_std=0.001)}, "shut"),
        ({"gate_curve": curve(0.4, 0.3, c_std=0.001)}, "constant"),
        ({"gate_curve": curve(0.4, 0.3, c_std=0.02)}, "wait"),
        ({"gate_curve": None}, "wait"),
        ({"mean_c": None}, "wait"),
    ],
)
def test_a_gate_that_does_not_move_does_not_gate(changes, expected):
    assert verdict_of([row(update, **changes) for update in range(1, 11)]).gate.status == expected
    assert verdict_of([row(update, **changes) for update in range(1, 10)]).gate.status == "wait", "ten updates tell"


def test_a_gate_that_is_nearly_always_open_and_a_cause_works():
    rarely_shut = {"mean_c": 0.985, "gate_curve": curve(0.985, 0.9, c_std=0.1)}
    assert verdict_of(rows_with(all_worth(0.5), **rarely_shut)).gate.status == "works"
    assert verdict_of(rows_with(all_worth(0.0), **rarely_shut)).gate.status == "open"
    constant = {"gate_curve": curve(0.5, 0.5, c_std=0.0)}
    assert verdict_of(rows_with(all_worth(0.5), **constant)).gate.status == "constant", "whatever was played"


def opens_first(c, episode, first=0.95):
    """Rows' gate where only the first step of an episode is written: the curve leaves that step out."""
    later = curve(c, 0.3, c_std=0.0)
    later["count"] = [count * (1 - 1 / episode) for count in later["count"]]
    return {"mean_c": c + (first - c) / episode, "gate_curve": later}


@pytest.mark.parametrize(("c", "episode"), [(0.03, 52), (0.0001, 416)], ids=["RepeatFirstEasy", "RepeatFirstMedium"])
def test_a_gate_that_opens_at_first_steps_alone_is_neither_shut_nor_constant(c, episode):
    rows = rows_with(all_worth(0.5), **opens_first(c, episode))
    assert verdict_of(rows_with({}, **opens_first(c, episode))).gate.status == "wait"
    verdict = verdict_of(rows)
    assert verdict.gate.status == "works"
    assert {found.status for found in verdict.findings if found.kind in ("gate_moves", "gate_partly_open")} == {"pass"}


def test_a_gate_that_changes_nothing_in_a_run_that_was_solved_early_is_a_decoration():
    replaced = dict.fromkeys(DECISIVE, [1.0] * SEEDS) | {"shut": [-0.5] * SEEDS}
    rows = [evaluation(10 * i, [1.0] * SEEDS, eval_replaced=replaced) for i in range(1, 13)]
    config = Config(env_id="popgym-RepeatFirstEasy-v0")
    gate = verdict_of(rows, config).gate
    assert (gate.status, "(0.375 would)" in gate.summary) == ("decoration", True)
    assert gate.next_step.startswith("Compare with gate = open and gate = router;")
    routed = verdict_of(rows, config.model_copy(update={"gate": "router"})).gate
    assert routed.next_step.startswith("Compare with gate = open;")


def test_of_a_run_that_has_not_learnt_no_gate_is_said_to_be_worth_comparing():
    returns = [0.01 * seed for seed in range(SEEDS)]
    rows = [row(1)]
    rows += [evaluation(10 * i, returns, eval_replaced=dict.fromkeys(DECISIVE, returns)) for i in range(1, 13)]
    gate = verdict_of(rows).gate
    assert (gate.status, "see the verdict on training first" in gate.next_step) == ("decoration", True)


@pytest.mark.parametrize("target_c", [0.0, 0.35, 1.0])
def test_a_constant_gate_is_so_by_its_setting_wherever_it_stands(target_c):
    rows = [row(update, mean_c=target_c, gate_curve=curve(target_c, target_c, c_std=0.0)) for update in range(1, 21)]
    gate = verdict_of(rows, Config(gate="constant", target_c=target_c)).gate
    assert gate.status == {0.0: "shut", 0.35: "constant", 1.0: "open"}[target_c]
    assert gate.next_step.startswith(f"It is so by gate = constant with target_c = {target_c:g};")


@pytest.mark.parametrize("gate", ["open", "constant"])
def test_a_gate_that_is_fixed_by_its_setting_is_said_to_be(gate):
    mean = {"open": 1.0, "constant": 0.35}[gate]
    rows = [row(update, mean_c=mean, gate_curve=curve(mean, mean, c_std=0.0)) for update in range(1, 21)]
    found = verdict_of(rows, Config(gate=gate)).gate
    assert (found.status, f"gate = {gate}" in found.next_step) == (gate, True)


def test_the_verdict_on_the_gate_does_not_enter_the_one_on_training():
    for effects in (all_worth(0.5), all_worth(-0.5), {}):
        assert verdict_of(rows_with(effects)).status == "pass"


def test_evaluations_that_are_switched_off_are_named():
    gate = verdict_of([row(update) for update in range(1, 21)], Config(eval_every=0)).gate
    assert (gate.status, "eval_every" in gate.next_step) == ("wait", True)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        "text",
        {"open": None},
        {"open": [None] * SEEDS},
        {"open": [1e308] * SEEDS},
        {"open": [0.0] * 3},
        {1: 2},
    ],
)
def test_no_damage_in_what_was_played_is_an_error(broken):
    rows = [evaluation(10 * i, [-1e308] * SEEDS, eval_replaced=broken) for i in range(1, 13)]
    verdict = verdict_of(rows)
    assert verdict.gate.status == "wait"
    assert Verdict.from_dict(verdict.as_dict()).gate == verdict.gate


def test_texts_are_short():
    for effects in (
        all_worth(0.5),
        all_worth(0.0),
        all_worth(-0.5),
        {},
        {"prior": -0.5},
        {"no-td": -0.5},
        {"shuffled": -0.5},
    ):
        for noise in (0.1, 3.0):
            for config in (CONFIG, Config(lambda_c=0.0), Config(eval_every=0)):
                gate = verdict_of(rows_with(effects, noise=noise), config).gate
                assert len(gate.summary) <= 125 and len(gate.next_step) <= 160, gate


def looks_of(effects, noise, seed, last=16):
    """The verdicts at each evaluation of a run; nothing but its evaluations is recorded."""
    config, history, verdicts = Config(total_timesteps=10 * last * 4096), History(), []
    for found in rows_with(effects, last=10 * last, noise=noise, seed=seed)[9::10]:
        history.add({name: found[name] for name in ("update", "env_steps", "eval_returns", "eval_replaced")})
        verdicts.append(judge_gate(RuleContext(history, config)).status)
    return verdicts


def test_over_all_looks_of_a_run_few_gates_that_do_nothing_are_said_to_work_or_to_harm():
    nothing = [looks_of(all_worth(0.0), 0.3, seed) for seed in range(40)]
    assert sum("works" in looks for looks in nothing) <= 1
    assert sum("harmful" in looks for looks in nothing) <= 2
    shuffled = [looks_of(all_worth(0.5) | {"shuffled": 0.0}, 0.3, seed) for seed in range(40)]
    assert sum("works" in looks for looks in shuffled) <= 3


def test_gates_that_matter_are_seen_to_work():
    assert [looks_of(all_worth(0.4), 0.3, seed)[-1] for seed in range(20)] == ["works"] * 20
