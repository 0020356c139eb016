"""`--require-gatecheck`: alone, with one of its words, and with another; what it makes of a run's two verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recorded_run import RecordedRun
from typer.testing import CliRunner

from gwt_ib_tui.cli import app


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> RecordedRun:
    """A run that has learnt, and of whose gate nothing is known."""
    run = RecordedRun(tmp_path_factory.mktemp("runs") / "a-run", eval_every=5)
    run.learn(31)
    return run


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ([], 0),
        (["--require-gatecheck"], 0),
        (["--require-gatecheck", "training"], 0),
        (["--require-gatecheck=training"], 0),
        (["--require-gatecheck", "gate"], 3),
        (["--require-gatecheck=gate"], 3),
        (["--require-gatecheck=both"], 3),
        (["--require-gatecheck", "both"], 3),
        (["--require-gatecheck=neither"], 2),
        (["--require-gatecheck", "gat"], 2),
        (["--require-gatecheck="], 2),
    ],
    ids=str,
)
def test_it_takes_a_word_or_none(recorded: RecordedRun, option: list[str], code: int) -> None:
    path = str(recorded.directory.path)
    for arguments in (["check", path, *option], ["check", *option, path]):
        assert CliRunner().invoke(app, arguments).exit_code == code


def test_a_word_that_is_spelt_wrong_is_refused_and_taken_for_nothing_else(recorded: RecordedRun) -> None:
    for words in (["check", str(recorded.directory.path)], ["launch", "--headless"]):
        told = CliRunner().invoke(app, [*words, "--require-gatecheck", "gat"])
        assert (told.exit_code, "'gat' is not one of" in told.output) == (2, True), told.output


def test_what_is_not_met_is_said(recorded: RecordedRun) -> None:
    told = CliRunner().invoke(app, ["check", str(recorded.directory.path), "--require-gatecheck", "both"])
    assert told.stderr.endswith("--require-gatecheck both is not met: gate WAIT.\n")


def test_json_and_status_tell_both_verdicts(recorded: RecordedRun, tmp_path: Path) -> None:
    path = str(recorded.directory.path)
    judged = json.loads(CliRunner().invoke(app, ["check", path, "--json"]).stdout)
    assert (judged["verdict"], judged["gate"]["verdict"]) == ("pass", "wait")
    told = json.loads(CliRunner().invoke(app, ["status", path, "--json"]).stdout)
    assert (told["verdict"], told["gate_verdict"]) == ("pass", "wait")
    shown = CliRunner().invoke(app, ["check", path]).stdout
    assert "gate -> WAIT" in shown and "gate: WAIT" in shown
