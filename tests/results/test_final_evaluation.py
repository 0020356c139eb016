"""The evaluation that a run is scored by: made once, kept with the run, made again where the snapshot is another."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support import small_config
from training_here import training_here

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.results.final_evaluation import EPISODES, FinalEvaluation, ensure_final_evaluation, final_evaluation
from gwt_ib.runs.create import create_run
from gwt_ib.runs.verify import verify

GOOD = FinalEvaluation("1024", "ab" * 32, 1024, (0.5, None, 1.0), 0.75)


def test_it_is_made_once_and_again_for_other_weights_and_verify_knows_it(tmp_path: Path, monkeypatch) -> None:
    config = small_config()
    run = create_run(config, tmp_path / "run", [])
    training, _ = training_here(run, config)
    training.last_snapshot()
    made = ensure_final_evaluation(run, config)
    assert (int(made.snapshot), made.env_steps, made.episodes) == (0, 0, EPISODES)
    assert made.mean == pytest.approx(sum(made.returns) / EPISODES) and len(set(made.returns)) > 1
    assert FinalEvaluation.from_dict(json.loads(run.final_evaluation.read_text())) == made

    monkeypatch.setattr("gwt_ib.evaluation.evaluate_snapshot", lambda *_: pytest.fail("it is there already"))
    assert ensure_final_evaluation(run, config) == made
    report = next(file for file in verify(run).files if file.name == "final_evaluation.json")
    assert (report.words, report.problem) == ("there", "")

    run.final_evaluation.write_text(json.dumps(replace(made, weights="0" * 64).as_dict()))
    assert final_evaluation(run, config) is None, "weights of another snapshot under the same name"
    run.final_evaluation.write_text("{")
    assert final_evaluation(run, config) is None
    assert next(file for file in verify(run).files if file.name == "final_evaluation.json").problem


def test_without_a_snapshot_it_is_refused_in_a_sentence(tmp_path: Path) -> None:
    config = small_config()
    run = create_run(config, tmp_path / "run", [])
    with pytest.raises(UserError, match="no good snapshot") as refused:
        ensure_final_evaluation(run, config)
    assert refused.value.code == ExitCode.BAD_DATA and not run.final_evaluation.exists()


@pytest.mark.parametrize(
    "damage", [{"format": 2}, {"returns": 5}, {"mean": None}, {"mean": "high"}, {"env_steps": "many"}]
)
def test_a_file_that_says_something_else_is_as_none(damage: dict[str, object]) -> None:
    assert FinalEvaluation.from_dict(GOOD.as_dict()) == GOOD
    assert FinalEvaluation.from_dict({**GOOD.as_dict(), **damage}) is None
