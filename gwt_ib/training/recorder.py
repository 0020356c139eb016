"""What a run writes about itself after each update: the metrics row, GateCheck's verdict, events, lines of the log."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from gwt_ib.config import Config
from gwt_ib.durable import try_write_json
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run, with_since
from gwt_ib.gatecheck.statistics import gate_curve, gate_numbers
from gwt_ib.learn.sequences import Rollout
from gwt_ib.lenient import mapping
from gwt_ib.log import LOGGER, RateLimit
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import event
from gwt_ib.runs.jsonl import Record, RecordWriter, read_records
from gwt_ib.runs.metrics import NAMES, finite_or_null

Report = Callable[[Record], None]
PROGRESS_S = 60.0  # between two lines of the log about how far the run is
SCHEDULED_S = 30.0  # between two lines of the log about scheduled snapshots, or evaluations
VERDICT_S = 0.25  # between two versions of `gatecheck.json`: replacing a file may wait for the disk
LOGGED = ("rollout_s", "learn_s", "ep100", "td_std", "mean_c", "bias", "explained_variance", "entropy", "approx_kl")


class Recorder:
    """Owns the metrics file, the history that GateCheck judges, and its newest verdict; events go to `report`.

    `config` is to be replaced when a live setting changes.
    """

    def __init__(self, run: RunDirectory, config: Config, report: Report) -> None:
        self.config = config
        self.verdict: Record = {}
        """The newest verdict, as in `gatecheck.json`; empty before the first update."""
        self.metrics = RecordWriter(run.metrics)
        self._run = run
        self._report = report
        self._history = History()
        self._verdict_problem = ""
        self._trouble = ""
        self._verdict_written = -math.inf  # monotonic time
        self._undefined: set[str] = set()
        self._progress = RateLimit(PROGRESS_S)
        self._scheduled = RateLimit(SCHEDULED_S)

    def row(self, row: Record) -> None:
        """Append the row of an update, judge the run anew, and log progress now and then."""
        clean, undefined = finite_or_null({name: row[name] for name in NAMES})
        self.metrics.append(clean)
        if new := [name for name in undefined if name not in self._undefined]:
            self._undefined.update(new)
            self.warn(row["update"], f"not finite, written as null: {', '.join(new)}")
        self._history.add(clean)
        previous = self.verdict
        self.verdict = with_since(judge_run(self._history, self.config), previous).as_dict()
        changed = False
        for kind, (now, before) in _verdicts(self.verdict, previous).items():
            if now != before:
                changed = True
                LOGGER.info("GateCheck's %s at update %s: %s, was %s", kind, f"{row['update']:,}", now, before)
                self.event(row["update"], kind, verdict=now, previous=before)
        if changed or time.monotonic() - self._verdict_written >= VERDICT_S:
            self.write_verdict()
        level = self._progress.level("progress")
        if LOGGER.isEnabledFor(level):
            far = f"update {row['update']:,} of {self.config.num_updates:,}, {row['env_steps']:,} env steps"
            metrics = [f"{name} {clean[name]:.4g}" for name in LOGGED if clean[name] is not None]
            LOGGER.log(level, ", ".join([far, f"{row['steps_per_s']:,.0f} steps/s", *metrics]))

    def write_verdict(self, *, ended: bool = False) -> None:
        """Bring `gatecheck.json` up to the newest update; in between it is renewed a few times a second.

        Of a run that has `ended` nothing is advised that only helps one that goes on.

        It is derived from the metrics: where it cannot be written nothing is lost.
        """
        if self.verdict and ended:
            self.verdict = with_since(judge_run(self._history, self.config, ended=True), self.verdict).as_dict()
        if self.verdict:
            self._verdict_problem = try_write_json(self._run.gatecheck, self.verdict)
        self._verdict_written = time.monotonic()

    def report_trouble(self, update: int, *others: str) -> None:
        """Report what cannot be written at the moment, once it changes; an empty sentence says that all is well again."""
        trouble = "; ".join(filter(None, (self.metrics.trouble, self._verdict_problem, *others)))
        if trouble != self._trouble:
            self._trouble = trouble
            LOGGER.log(logging.ERROR if trouble else logging.INFO, trouble or "everything can be written again")
            self.event(update, "trouble", message=trouble)

    def restore(self, verdict: Record) -> None:
        """Go on from the rows in the metrics file and from a snapshot's verdict, which says since when each status holds."""
        for row in read_records(self._run.metrics):
            self._history.add(row)
        self.verdict = with_since(judge_run(self._history, self.config), verdict).as_dict()

    def event(self, update: int, kind: str, **fields: Any) -> None:
        """Report an event of an update; fields that are None are left out."""
        known = {name: value for name, value in fields.items() if value is not None}
        self._report(event(kind, **known, update=update, env_steps=update * self.config.steps_per_update))

    def done(self, update: int, kind: str, seconds: float, words: str, **fields: Any) -> None:
        """Report a snapshot or evaluation and log it; of those without a `request` most lines are left out."""
        level = logging.INFO if fields["request"] else self._scheduled.level(kind)
        LOGGER.log(level, "%s of update %s in %.2f s: %s", kind, f"{update:,}", seconds, words)
        self.event(update, kind, **fields)

    def warn(self, update: int, sentence: str) -> None:
        """Log and report what went wrong without ending the run."""
        LOGGER.warning("update %s: %s", f"{update:,}", sentence)
        self.event(update, "warning", message=sentence)

    def close(self) -> None:
        """Sync and close the metrics file."""
        with suppress(OSError):  # said as trouble already
            self.metrics.sync()
        self.metrics.close()


def _verdicts(now: Record, before: Record) -> dict[str, tuple[str, str]]:
    """By the kind of event that tells of a change: the verdict on training and that on the gate, and what they were."""
    of_gate = [mapping(record.get("gate")).get("verdict", "wait") for record in (now, before)]
    return {"verdict": (now["verdict"], before.get("verdict", "wait")), "gate_verdict": (of_gate[0], of_gate[1])}


def gate_metrics(rollout: Rollout) -> dict[str, Any]:
    """The metrics of the gate over a rollout's steps; correlations and curve leave the first steps of episodes out."""
    block = rollout.block
    later = ~block.is_first
    td_abs = np.abs((block.td_prev - rollout.td_mean) / rollout.td_std)[later]
    c, prior = block.c[later], block.prior[later]
    correlations = gate_numbers(td_abs, c, prior)
    return {
        "mean_c": float(block.c.mean(dtype=np.float64)),
        # Where c equals its prior, as in the first rollout, delta_c has no correlation: that is null, and no fault.
        **{name: None if math.isnan(value) else value for name, value in correlations.items()},
        "gate_curve": gate_curve(td_abs, c, prior),
    }
