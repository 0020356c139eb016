"""A run's directory as attributes: metrics, settings, events, verdicts, snapshots, labels."""

from __future__ import annotations

import ast
import builtins
import json
from pathlib import Path

import numpy as np
import pytest
from recorded_run import RecordedRun

import gwt_ib
from gwt_ib import Config, Run, UserError
from gwt_ib.api import Metrics
from gwt_ib.runs.metrics import NUMBERS


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    made = RecordedRun(tmp_path_factory.mktemp("folder") / "runs" / "one", seed=7)
    made.learn(12)
    made.save_snapshot()
    made.learn(8)
    made.save_snapshot()
    made.finish()
    return made


@pytest.fixture
def run(recorded, monkeypatch):
    monkeypatch.chdir(recorded.directory.path.parent.parent)
    return Run("one")


def test_runs_are_found_by_name_path_and_age(run, recorded):
    assert Run.latest() == run == Run(Path("runs") / "one") and Run.all() == [run]
    assert Run.all("elsewhere") == []
    with pytest.raises(UserError, match="There is no run 'tow'"):
        Run("tow")


def test_metrics_are_arrays_by_name(run):
    metrics = run.metrics
    assert list(metrics) == list(NUMBERS) and len(metrics) == len(NUMBERS)
    assert metrics["update"].tolist() == list(range(1, 21)) and metrics["ep100"].shape == (20,)
    assert np.flatnonzero(np.isfinite(metrics["eval_return"])).tolist() == [9, 19]
    assert "20 updates" in repr(metrics) and "eval_return" in repr(metrics)
    assert run.rows[0]["gate_curve"]["td"] and run.rows[9]["eval_returns"]


def test_a_data_frame_has_the_same_columns_and_counts_are_whole(run):
    frame = run.metrics.frame()
    assert list(frame.columns) == list(NUMBERS) and len(frame) == 20
    assert frame["update"].dtype == np.int64 and frame["ep100"].dtype == np.float64
    assert frame["eval_return"].dropna().tolist() == [row["eval_return"] for row in run.rows if row["eval_return"]]


def test_a_run_without_metrics_has_empty_columns():
    metrics = Metrics([])
    assert metrics["ep100"].shape == (0,) and len(metrics.frame()) == 0


def test_without_pandas_a_sentence_says_what_to_install(run, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name="pandas")
        return real(name, *rest, **named)

    metrics = run.metrics
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"pip install 'gwt-ib\[pandas\]'"):
        metrics.frame()


def test_settings_state_events_verdicts_and_snapshots_are_the_runs(run, recorded):
    assert isinstance(run.config, Config) and run.config.seed == 7
    assert run.state == "finished" and run.message == ""
    assert [event["kind"] for event in run.events][:1] == ["started"] and run.events[-1]["kind"] == "finished"
    verdict = run.gatecheck
    assert run.verdicts == (verdict.status, verdict.gate.status)
    assert [int(path.name) for path in run.snapshots] == [12 * 4096, 20 * 4096]


def test_both_verdicts_are_those_that_were_recorded():
    run = Run(Path(__file__).parents[1] / "tui" / "helpers" / "recorded_run_dir")
    recorded = json.loads(run.directory.gatecheck.read_text())
    assert run.verdicts == (recorded["verdict"], recorded["gate"]["verdict"]) and "wait" not in run.verdicts
    assert f"training {recorded['verdict']}, gate {recorded['gate']['verdict']}" in repr(run)


def test_it_says_in_a_line_how_it_stands(run):
    words = repr(run)
    for part in (
        "<Run one: finished",
        "CountRecallEasy",
        "seed 7",
        "81,920 of 499,712 env steps",
        "ep100 -0.",
        "gate wait",
    ):
        assert part in words, words


def test_labels_are_read_and_changed(run):
    run.label(name="the one", tags=["a", "b"])
    run.label(notes="good")
    assert (run.name, run.tags, run.notes) == ("the one", ("a", "b"), "good")
    assert Run("the one") == run and "<Run the one (one):" in repr(run)
    with pytest.raises(UserError, match="A tag is one word"):
        run.label(tags=["two words"])
    run.label(name="", tags=[], notes="")
    assert run.name == "one"


def test_a_run_of_before_its_first_update_is_a_run(tmp_path):
    run = Run(RecordedRun(tmp_path / "new").directory)
    assert run.verdicts == ("wait", "wait") and run.gatecheck is None
    assert len(run.metrics["update"]) == 0 and run.snapshots == [] and "<Run new: " in repr(run)


def test_a_strangers_module_is_not_imported_to_evaluate(tmp_path):
    made = RecordedRun(tmp_path / "run", env_id="stranger:Strange-v0")
    made.fields["origin"] = ""
    made.beat()
    with pytest.raises(UserError, match="say trust=True"):
        Run(made.directory).evaluate()
    with pytest.raises(ValueError, match="0 episodes"):
        Run(made.directory).evaluate(0, trust=True)


def test_the_names_that_type_checkers_see_are_those_that_are_exported():
    tree = ast.parse(Path(gwt_ib.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = sorted(name.name for node in block.body for name in node.names)
    assert seen == sorted(gwt_ib.__all__) and set(seen) <= set(dir(gwt_ib))
    assert all(getattr(gwt_ib, name).__doc__ for name in seen)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = gwt_ib.nothing
