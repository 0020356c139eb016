"""Runs that one setting has spoilt, recorded by benchmarks/gatecheck: what is named first is that setting."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from gwt_ib.config import Config
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run
from gwt_ib.gatecheck.report import findings_lines

BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "gatecheck"
LEAST_RUNS, MOST_WRONG = 20, 2


def test_the_first_cause_that_is_named_is_the_setting_that_spoilt_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    recording = importlib.import_module("recording")
    wrong, runs = [], 0
    for each in recording.read(BENCHMARKS / "recordings" / "spoilt.jsonl.gz"):
        config = Config(**{**recording.QUICK, **each["settings"]})
        verdict = judge_run(History.from_rows(map(recording.full_row, each["rows"])), config)
        lines = findings_lines(verdict)
        field = each["cause"].split()[0]
        value = getattr(config, field)
        shown = str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else value
        runs += 1
        if not lines or f" Next: {field} = {shown}: " not in lines[0]:
            wrong.append((each["name"], lines[:1]))
    assert runs >= LEAST_RUNS
    assert len(wrong) <= MOST_WRONG, wrong
