"""An event of any kind has the same words, severity and marker in list, message bar, chart, help, manual and output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from recorded_run import RecordedRun

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import KINDS, MARKED, Event, forms, line, notice
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.commands.headless import Printer
from gwt_ib_tui.commands.manual import MARKERS
from gwt_ib_tui.screens.help_screen import markers_table
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.requests import RequestLog
from gwt_ib_tui.state.run.timeline import placed_events
from gwt_ib_tui.widgets.events_panel import event_line

VALUES: dict[str, Any] = {
    "path": "runs/a/snapshots/000000106496", "message": "was killed by SIGKILL: block 0", "actor": 1, "restarts": 2,
    "eval_return": 0.4083, "eval_returns": [0.4083] * 20, "field": "lr", "old": 0.001, "value": 0.00025,
    "verdict": "pass", "previous": "fail", "request_kind": "set", "result": "refused", "exit_code": 70, "node": "worker-1",
    "episodes": 20,
}  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> RecordedRun:
    """A run of 40 updates."""
    run = RecordedRun(tmp_path / "a-run")
    run.learn(40)
    return run


@pytest.mark.parametrize("name", KINDS)
def test_an_event_is_said_in_one_way_wherever_it_is_said(
    run: RecordedRun, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = KINDS[name]
    printer = _printer(run.directory)
    run.event(name, **{field: VALUES[field] for field in kind.fields})
    (event,) = [event for event in Feed(run.directory).read_everything().events if event.kind == name][-1:]
    assert event.as_dict()["kind"] == name and Event.from_dict(event.as_dict()) == event

    refused = event.fields.get("result") == "refused"
    severity = "warn" if refused else kind.severity
    assert event.severity == severity
    color = {"bad": DARK.bad, "warn": DARK.warn}.get(severity, DARK.text)
    before = event_line(event, DARK, 200, 6).cell_len - len(forms(event)[0])
    for place, form in enumerate(forms(event)):  # at the width of each form, and one cell below it
        exact = event_line(event, DARK, before + len(form), 6)
        assert exact.plain.endswith(f" {form}") and color in str(exact.spans[-1].style)
        below = event_line(event, DARK, before + len(form) - 1, 6).plain[before:]
        shorter = [other for other in forms(event)[place + 1 :] if len(other) < len(form)]
        assert below == shorter[0] if shorter else below.endswith("…")

    log = RequestLog()
    log.take([event], since=0.0)
    said = notice(event)
    assert (log.message.status, log.message.text) == (said or ("", ""))

    printer.tick()
    printed = capsys.readouterr().err
    assert (line(event) in printed.replace("\n", "")) == kind.printed

    drawn = [placed for _, placed in placed_events(Feed(run.directory).read_everything(), "env_steps")]
    assert (kind in drawn) == bool(kind.marker) == (kind in MARKED)


def test_every_marker_means_the_same_in_help_and_manual() -> None:
    rows = _rows(markers_table(DARK))
    assert rows == [(kind.marker, kind.ascii, kind.meaning) for kind in MARKED]
    assert ", ".join(f"{marker} {meaning}" for marker, _, meaning in rows) == MARKERS
    assert len({marker for marker, _, _ in rows}) == len({letter for _, letter, _ in rows}) == len(rows)


def _rows(table: Any) -> list[tuple[str, ...]]:
    cells = [[str(cell) for cell in column.cells] for column in table.columns]
    return list(zip(*cells, strict=True))


def _printer(run: RunDirectory) -> Printer:
    config = run.read_config()
    return Printer(run, config, as_json=True, after_update=config.num_updates, on_reader_gone=lambda: None)
