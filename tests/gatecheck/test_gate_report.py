"""The printed text keeps to its format, character by character: other programs read it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace

import pytest
from gate_rows import evaluations, healthy_run, row, verdict_of

from gwt_ib.gatecheck.findings import REQUIREMENTS, Effect, GateVerdict, Verdict
from gwt_ib.gatecheck.judge import with_since
from gwt_ib.gatecheck.report import findings_lines, gatecheck_block, rules_lines, update_line
from gwt_ib.runs.metrics import NAMES

SEED_LINES = [
    (
        "upd   10/122 | td_mean +0.018 td_std 0.0474 | mean_c 0.429 (tgt 0.35) | EV 0.481 | ep100 nan | bias -1.512 | "
        "1,967 steps/s | eval -0.94",
        dict(update=10, td_mean=0.018, td_std=0.0474, mean_c=0.429, explained_variance=0.481, bias=-1.512,
             steps_per_s=1967.0, eval_return=-0.94),
    ),
    (
        "upd   20/122 | td_mean -0.002 td_std 0.0149 | mean_c 0.339 (tgt 0.35) | EV 0.690 | ep100 nan | bias -1.510 | "
        "2,017 steps/s | eval -0.91",
        dict(update=20, td_mean=-0.002, td_std=0.0149, mean_c=0.339, explained_variance=0.69, bias=-1.51,
             steps_per_s=2017.0, eval_return=-0.91),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "numbers"), SEED_LINES)
def test_the_line_of_an_update_is_the_seeds(expected, numbers):
    assert update_line({"target_c": 0.35, "ep100": None, **numbers}, 122) == expected


def test_the_line_without_an_evaluation_with_returns_and_of_a_long_run():
    line = update_line(row(12345, ep100=-0.4321, steps_per_s=9.6), 99999)
    assert line.startswith("upd 12345/99999 | ")
    assert "| ep100 -0.432 |" in line
    assert line.endswith("| 10 steps/s")
    assert update_line(row(7), 122).startswith("upd    7/122 | ")


def test_a_budget_in_single_precision_is_printed_as_it_was_set():
    assert "(tgt 0.35)" in update_line(row(1, target_c=0.3499999940395355), 122)
    assert "(tgt 0.125)" in update_line(row(1, target_c=0.125), 122)


def test_nulls_are_printed_as_nan():
    line = update_line(dict.fromkeys(NAMES), 122)
    assert line == (
        "upd  nan/122 | td_mean nan td_std nan | mean_c nan (tgt nan) | EV nan | ep100 nan | bias nan | nan steps/s"
    )
    assert update_line({}, 122) == line


def test_the_block_is_the_seeds():
    rows = healthy_run(
        rho_td_c=0.5124, rho_tail=0.3, rho_td_dc=-0.0421, rho_tail_dc=0.1, td_std=0.0149, mean_c=0.339,
        explained_variance=0.69, ep100=-0.914,
    )  # fmt: skip
    assert gatecheck_block(verdict_of(rows)) == (
        "GATECHECK\n"
        "rho(td,c)=0.512  rho_tail=0.300 | rho(td,Δc)=-0.042 rho_tailΔ=0.100\n"
        "td_std=0.014900 (std_ok=True) | eval_ok=True -> PASS\n"
        "mean_c=0.3390  EV=0.6900  ep100=-0.91\n"
        "gate -> WAIT"
    )


@pytest.mark.parametrize(
    ("rows", "ending"),
    [
        ([], "td_std=nan (std_ok=False) | eval_ok=False -> WAIT"),
        ([row(1)], "td_std=0.050000 (std_ok=True) | eval_ok=False -> WAIT"),
        (healthy_run(td_std=0.001), "td_std=0.001000 (std_ok=False) | eval_ok=True -> FAIL"),
        ([dict.fromkeys(NAMES) | {"update": 122}], "td_std=nan (std_ok=False) | eval_ok=False -> FAIL"),
    ],
)
def test_the_block_keeps_its_layout_in_every_state(rows, ending):
    lines = gatecheck_block(verdict_of(rows)).split("\n")
    number = r"(-?\d+\.\d+|nan)"
    assert lines[0] == "GATECHECK"
    assert re.fullmatch(
        rf"rho\(td,c\)={number}  rho_tail={number} \| rho\(td,Δc\)={number} rho_tailΔ={number}", lines[1]
    )
    assert lines[2] == ending
    assert re.fullmatch(rf"mean_c={number}  EV={number}  ep100={number}", lines[3])
    assert lines[4:] == ["gate -> WAIT"]


def test_what_holds_the_verdict_up_and_every_warning_has_a_line():
    assert findings_lines(verdict_of(healthy_run())) == []
    lines = findings_lines(verdict_of(healthy_run(bias=-4.0, td_std=0.001)))
    assert len(lines) == 2
    assert lines[0].startswith("FAIL td_std: td_std = 0.001 is pinned at its floor")
    assert lines[1] == (
        "WARN bias_inside_clamps: bias = -4.000 is at bias_clamp_min = -4: it can move no further. "
        "Next: In a new run: lower base_logit from -1, which does the bias's work, or lower bias_clamp_min; "
        "or raise target_c, if the budget is not needed."
    )


def test_a_rule_that_only_warns_has_no_line_while_it_waits():
    (line,) = findings_lines(verdict_of([row(1)]))
    assert line.startswith("WAIT eval_improves: 0 of the 4 evaluations needed: 4 missing")
    assert [line.split(":")[0] for line in findings_lines(verdict_of([]))] == ["WAIT td_std", "WAIT eval_improves"]
    failed = findings_lines(verdict_of([*evaluations([[0.0] * 20] * 12), row(122, bias=-4.0)]))
    assert [line.split(":")[0] for line in failed] == ["FAIL eval_improves", "WARN bias_inside_clamps"]


def test_every_rule_has_a_line_with_number_threshold_and_since():
    verdict = with_since(verdict_of(healthy_run(60, bias=-4.0)), {})
    first, header, *lines, gate = rules_lines(verdict)
    assert first == "training: PASS since update 60; the rules marked * decide."
    assert gate.startswith("gate: WAIT since update 60. No evaluation with the gate open")
    assert header.split() == ["rule", "status", "number", "threshold", "since", "update"]
    assert [line.split()[0] for line in lines] == [found.kind for found in verdict.findings]
    assert lines[0].split() == ["td_std", "*", "PASS", "0.05", ">", "0.005,", "<", "49.5", "60"]
    assert lines[3].split() == ["bias_inside_clamps", "WARN", "-4", ">", "-4,", "<", "2", "60"]
    assert all(str(found.threshold) in line for found, line in zip(verdict.findings, lines, strict=True))
    place = header.index("threshold")
    assert all(
        line[place:].startswith(str(found.threshold)) for found, line in zip(verdict.findings, lines, strict=True)
    )
    empty = rules_lines(verdict_of([]))
    assert empty[0] == "training: WAIT; the rules marked * decide." and "nan" in empty[2]


def test_the_gate_has_a_line_of_its_own_with_what_it_is_worth():
    works = GateVerdict("works", "It works.", effects=(Effect("open", 0.5, 0.4, 0.6, 20, 1), Effect("shut")))
    assert gatecheck_block(replace(verdict_of(healthy_run()), gate=works)).split("\n")[4] == (
        "gate -> WORKS | open +0.5 (+0.4 to +0.6) | shut nan (nan to nan)"
    )
    assert findings_lines(replace(verdict_of(healthy_run()), gate=works)) == []
    harms = replace(verdict_of(healthy_run(bias=-4.0)), gate=GateVerdict("harmful", "Open is better.", "Open it."))
    lines = findings_lines(harms)
    assert lines[0] == "HARMFUL gate: Open is better. Next: Open it."
    assert [line.split(":")[0] for line in lines] == ["HARMFUL gate", "WARN bias_inside_clamps"]


@pytest.mark.parametrize(
    ("training", "gate", "unmet"),
    [
        ("pass", "works", {"training": [], "gate": [], "both": []}),
        ("pass", "open", {"training": [], "gate": ["gate OPEN"], "both": ["gate OPEN"]}),
        ("fail", "works", {"training": ["training FAIL"], "gate": [], "both": ["training FAIL"]}),
        (
            "wait",
            "wait",
            {"training": ["training WAIT"], "gate": ["gate WAIT"], "both": ["training WAIT", "gate WAIT"]},
        ),
    ],
)
def test_what_is_required_is_training_the_gate_or_both(training, gate, unmet):
    verdict = Verdict(training, gate=GateVerdict(gate))
    assert {required: verdict.unmet(required) for required in REQUIREMENTS} == unmet


def test_gatecheck_needs_neither_torch_nor_scipy_nor_textual():
    code = (
        "import sys, gwt_ib.gatecheck.report, gwt_ib.gatecheck.statistics, gwt_ib.gatecheck.ceilings\n"
        "sys.stdout.write(' '.join(sorted({'torch', 'scipy', 'textual', 'popgym'} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
