"""`gate_evaluation.json`: effects from returns, their intervals, and reading whatever stands there."""

import json

import pytest

from gwt_ib.gatecheck.gate_evaluation import (
    GateEvaluation,
    effect,
    read_gate_evaluation,
    write_gate_evaluation,
)
from gwt_ib.runs.directory import RunDirectory

RECORD = {
    "returns": {"learned": [1.0, 2.0, None, 4.0], "open": [0.0, 1.5, 3.0, None]},
    "mean_c": 0.4,
    "steps": {"edges": [0, 5, 9], "mean_c": [0.2, 0.6], "td": [0.0, 0.1], "shut": [[0.0, 1.0, None, 3.5], [None] * 4]},
}


def test_an_effect_is_the_mean_of_pairs_with_students_interval():
    found = effect("open", [1.0, 2.0, 3.0, None], [0.0, 1.5, 3.0, 9.0], 100)
    assert (found.gate, found.difference, found.episodes, found.step) == ("open", 0.5, 3, 100)
    assert (found.low, found.high) == pytest.approx(
        (0.5 - 1.2421, 0.5 + 1.2421), abs=1e-3
    )  # t(2) 4.303 * 0.5 / sqrt(3)


@pytest.mark.parametrize(("pairs", "difference"), [([], None), ([(1.0, 0.5)], 0.5)])
def test_one_pair_has_no_interval_and_none_no_difference(pairs, difference):
    found = effect("shut", [mine for mine, _ in pairs], [other for _, other in pairs], None)
    assert (found.difference, found.low, found.high, found.episodes) == (difference, None, None, len(pairs))


def test_equal_differences_are_certain():
    found = effect("shut", [1.0, 2.0, 3.0], [0.5, 1.5, 2.5], None)
    assert (found.low, found.high) == (0.5, 0.5)


def test_what_is_written_is_read_back(tmp_path):
    made = GateEvaluation.of(RECORD, 7, 700)
    assert made.eval_return == pytest.approx(7 / 3) and [each.gate for each in made.effects] == ["open"]
    assert made.steps is not None and [each.episodes for each in made.steps.effects["shut"]] == [3, 0]
    run = RunDirectory(tmp_path)
    assert read_gate_evaluation(run) is None
    write_gate_evaluation(run, made)
    found = read_gate_evaluation(run)
    assert found is not None and found.as_dict() == made.as_dict()


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, {"a": 1}, [1], 1e400, True])
@pytest.mark.parametrize(
    "place", ["time", "effects", "returns", "steps", "edges", "shut", "mean_c", "learned", "format"]
)
def test_reading_never_fails_whatever_a_field_holds(place, value):
    record = json.loads(json.dumps(GateEvaluation.of(RECORD, 7, 700).as_dict()))
    within = record["returns"] if place == "learned" else record["steps"] if place in ("edges", "shut") else record
    within[place] = value
    found = GateEvaluation.from_dict(record)
    assert found is None or found.as_dict()["format"] == 1


def test_differences_that_cancel_are_no_difference() -> None:
    learned, replaced = [0.1, 0.2, 0.3, 0.0], [0.0, 0.0, 0.0, 0.6]
    assert effect("open", learned, replaced, None).difference == 0.0
