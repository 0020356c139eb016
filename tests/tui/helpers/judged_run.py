"""A made-up run with the verdicts that the learner would have written, and the GateCheck screen that shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from driving import ready
from recorded_run import RecordedRun
from textual.pilot import Pilot
from typer.testing import CliRunner

from gwt_ib.durable import write_json
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run, with_since
from gwt_ib.runs.jsonl import read_records
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.cli import app as command_line
from gwt_ib_tui.screens.gate_check_screen import GateCheckScreen
from gwt_ib_tui.widgets.check_panels import RulesPanel
from gwt_ib_tui.widgets.panel import Panel
from gwt_ib_tui.widgets.verdict import short_name

UPDATES = 70
HEALTHY: dict[str, Any] = {"eval_every": 5}
PINNED: dict[str, Any] = {"eval_every": 5, "td_std_min": 0.01, "target_c": 0.6, "max_policy_lag": 1}


def judged(run: RecordedRun) -> dict[str, Any]:
    """Write the verdicts that the learner would have written, one after the other; the last of them."""
    history, record = History(), {}
    for row in read_records(run.directory.metrics):
        history.add(row)
        record = with_since(judge_run(history, run.config), record).as_dict()
    write_json(run.directory.gatecheck, record, durable=False)
    return record


def run_of(path: Path, updates: int = UPDATES, **settings: Any) -> RecordedRun:
    run = RecordedRun(path / "a-run", **settings)
    run.learn(updates)
    judged(run)
    return run


def checked(run: RecordedRun) -> dict[str, Any]:
    """What `gwt-ib-tui check RUN --json` prints."""
    result = CliRunner().invoke(command_line, ["check", str(run.directory.path), "--json"])
    assert result.exit_code == 0
    record: dict[str, Any] = json.loads(result.stdout)
    return record


async def opened(pilot: Pilot[str]) -> tuple[Dashboard, GateCheckScreen]:
    app = await ready(pilot)
    await pilot.press("3")
    await pilot.pause()
    assert isinstance(app.screen, GateCheckScreen)
    return app, app.screen


def seen(screen: GateCheckScreen, kind: type[Panel]) -> str:
    """What a panel shows, as one line."""
    return " ".join(screen.query_one(kind).render().plain.split())


def row_of(screen: GateCheckScreen, kind: str) -> str:
    """The row of one rule."""
    name = short_name(kind)
    (line,) = [line for line in screen.query_one(RulesPanel).render().plain.split("\n") if f" {name} " in line]
    return line.rstrip()


def title(screen: GateCheckScreen, kind: type[Panel]) -> str:
    return screen.query_one(kind).render().plain.partition("\n")[0]
