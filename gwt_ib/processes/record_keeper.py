"""What the trainer writes of its run: how it stands (`run.json`), and what happens (`events.jsonl`)."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from typing import Any

from gwt_ib.clock import utc_now
from gwt_ib.log import LOGGER
from gwt_ib.processes.workers import Workers
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import event
from gwt_ib.runs.jsonl import Record, RecordWriter
from gwt_ib.runs.record import State

PAST = {"finished": "finished", "stopped": "been stopped", "failed": "failed"}


class RecordKeeper:
    """Writes both files; what the disk refuses is tried again later, and ends no run."""

    def __init__(self, run: RunDirectory) -> None:
        self.record = run.read_run()
        """`run.json` as it was written last, with what has changed since."""
        self._run = run
        self._events = RecordWriter(run.events)

    def change(self, **changes: Any) -> None:
        """Change fields of the record; they are written with the next heartbeat."""
        self.record = replace(self.record, **changes)

    def append(self, happened: Record) -> None:
        """Record an event, made by `event` here or in another process; one that the disk does not take is tried again."""
        self._events.append({"time": utc_now(), **happened})

    def beat(self, workers: Workers, *, learner_trouble: str, waiting: str, durable: bool = False) -> None:
        """Rewrite `run.json`: processes, their speeds, what does not work, and a time that says the trainer lives."""
        self._events.retry()
        silent_s = workers.learner_silent_s()
        stalled = f"the learner has not got on for {silent_s:.0f} s" if workers.learner_stalls() else ""
        trouble = "; ".join(filter(None, (self._events.trouble, learner_trouble, stalled, waiting)))
        self.change(heartbeat=utc_now(), actors=workers.describe(), cluster=workers.cluster(), trouble=trouble)
        with suppress(OSError):  # a full disk must not end the run: the learner may still get its snapshot through
            self._run.write_run(self.record, durable=durable)

    def end(self, state: State, code: int, message: str) -> None:
        """Write the last event and the last `run.json`. Raises `OSError` where the disk does not take the latter."""
        level, now = logging.ERROR if state == "failed" else logging.INFO, utc_now()
        LOGGER.log(level, " ".join(filter(None, [f"the run has {PAST[state]}, exit code {code}.", message])))
        self.append(event(state, message=message, exit_code=code))
        self._events.close()
        self.change(state=state, exit_code=code, message=message, heartbeat=now, ended=now, actors=())
        self._run.write_last_run(self.record)
