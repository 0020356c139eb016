"""A change of either verdict is an event, and what a run that has ended is advised is written once more."""

from __future__ import annotations

from typing import Any

from gate_rows import row

from gwt_ib.config import Config
from gwt_ib.runs.create import create_run
from gwt_ib.runs.metrics import NAMES
from gwt_ib.training.recorder import Recorder


def test_a_gate_that_opens_for_good_is_an_event_of_its_own(tmp_path: Any) -> None:
    run = create_run(Config(), tmp_path / "run", ["test"])
    events: list[dict[str, Any]] = []
    recorder = Recorder(run, Config(), events.append)
    for update in range(1, 31):
        mean_c = 0.9 if update < 27 else 1.0
        known = row(update, mean_c=1.0 if update <= 12 else mean_c)
        recorder.row({**dict.fromkeys(NAMES), "steps_per_s": 1.0, **known})
    told = [(event["kind"], event["update"], event["verdict"], event["previous"]) for event in events]
    assert told == [("gate_verdict", 10, "open", "wait"), ("gate_verdict", 15, "wait", "open")]
    assert "(live)" in str(recorder.verdict)
    recorder.write_verdict(ended=True)
    recorder.close()
    assert run.read_gatecheck()["gate"]["verdict"] == "wait"
    assert "(live)" not in str(run.read_gatecheck())
