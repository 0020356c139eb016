"""What is kept beside a snapshot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recorded_run import RecordedRun

from gwt_ib_tui.application.run_app import snapshot_path, write_report


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(2)
    return run


def test_a_report_is_complete_and_a_second_one_takes_its_place(recorded: RecordedRun) -> None:
    run, snapshot = recorded.directory, Path(recorded.save_snapshot())
    for row in ({"update": 2}, {"update": 3}):
        folder = write_report(run, 8192, snapshot, row, "<svg/>")
    assert folder == run.path / "reports" / "000000008192"
    assert json.loads((folder / "metrics.json").read_bytes()) == {"update": 3}
    assert json.loads((folder / "gatecheck.json").read_bytes())["verdict"] == "wait"
    report = json.loads((folder / "report.json").read_bytes())
    assert {name: report[name] for name in ("run", "snapshot", "env_steps", "state", "verdict", "gate_verdict")} == {
        "run": "a-run",
        "snapshot": str(snapshot),
        "env_steps": 8192,
        "state": "running",
        "verdict": "wait",
        "gate_verdict": "wait",
    }
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not list(folder.glob(".*")), "no temporary file is left"


def test_a_report_that_fails_has_no_report_json(recorded: RecordedRun) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_report(recorded.directory, 8192, Path("x"), {"td_std": float("nan")}, "<svg/>")
    names = {path.name for path in (recorded.directory.reports / "000000008192").iterdir()}
    assert names == {"screen.svg"}


def test_the_snapshots_path_is_right_wherever_the_trainer_was_started(
    recorded: RecordedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = Path(recorded.save_snapshot())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert snapshot_path(recorded.directory, f"runs/a-run/snapshots/{snapshot.name}") == snapshot
    assert snapshot_path(recorded.directory, "gone/000000000001") == elsewhere / "gone/000000000001"
