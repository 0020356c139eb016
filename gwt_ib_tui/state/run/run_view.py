"""What the dashboard knows at one moment, made of what a run directory says; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gwt_ib.config import Config
from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.gatecheck.gate_evaluation import GateEvaluation
from gwt_ib.lenient import real
from gwt_ib.runs.causes import cause_first
from gwt_ib.runs.events import Event
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.record import ENDED, KILLED, STALLED, UNKNOWN, ClusterRecord, RunRecord
from gwt_ib_tui.state.history.gate_history import GateCurve, GateHistory
from gwt_ib_tui.state.history.log_tail import LogView
from gwt_ib_tui.state.history.series import SeriesView
from gwt_ib_tui.state.run.machine import Machine
from gwt_ib_tui.state.run.playback import Playback
from gwt_ib_tui.state.run.usage import Usage

DAMAGED = "run.json is missing or damaged"
WHAT_CANNOT_WAIT = (
    "state",
    "config",
    "events_seen",
    "loading",
    "problem",
    "file_problems",
    "replay",
    "gate_evaluation",
)
"""Parts of a view that are shown at the next picture, however many rows come in."""


@dataclass(frozen=True, eq=False)
class RunView:
    """All that the widgets show, at one moment. `version` grows; two views are equal only if they are one."""

    version: int
    path: Path
    now: float
    run: RunRecord
    state: str
    config: Config | None
    row: Record
    row_age_s: float | None
    series: SeriesView
    curve: GateCurve | None
    gate: GateHistory
    verdict: Verdict | None
    events: tuple[Event, ...]
    events_seen: int
    loading: float | None
    problem: str
    replay: Playback | None = None
    log: LogView = field(default_factory=LogView)
    usage: Mapping[int, Usage] = field(default_factory=dict)
    machine: Machine | None = None
    """The machine that this is shown on; none of a replay."""
    gate_evaluation: GateEvaluation | None = None
    """The newest evaluation with the gate replaced that somebody asked for."""
    file_problems: tuple[str, ...] = ()
    """What cannot be read as it should be, each in a sentence that names the file."""

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more: the run says so, or its trainer is gone."""
        return self.state in ENDED or self.state == KILLED

    def only_adds_rows_to(self, other: RunView) -> bool:
        """Whether nothing but rows of metrics, and what follows from them, is new since `other`."""
        verdicts = [view.verdict and (view.verdict.status, view.verdict.gate.status) for view in (self, other)]
        return verdicts[0] == verdicts[1] and all(
            getattr(self, name) == getattr(other, name) for name in WHAT_CANNOT_WAIT
        )

    @property
    def halted(self) -> bool:
        """Whether a run that has not ended makes no steps at this moment, so that it has no speed."""
        return self.state in ("paused", STALLED, UNKNOWN)

    @property
    def cluster(self) -> ClusterRecord | None:
        """The machines that the actors are on, while they are; nothing is recorded of their past."""
        return None if self.ended or self.replay is not None else self.run.cluster

    @property
    def trouble(self) -> str:
        """Why the run failed, what does not work though it goes on, or why nothing can be said of it; or empty."""
        if self.state == UNKNOWN:
            return DAMAGED
        if self.state == "failed":
            return cause_first(self.run.message)
        return "" if self.ended else self.run.trouble

    def metric(self, name: str) -> float | None:
        """The newest row's value of one metric."""
        return real(self.row.get(name))

    @property
    def progress(self) -> float | None:
        """Share of the run's environment steps that are done, from 0 to 1."""
        return self.run.share_done(self.metric("env_steps"))

    @property
    def steps_per_s(self) -> float | None:
        """Environment steps per second of training over the newest rows, so that one slow update does not jump."""
        steps, elapsed = (self.series.newest(name, 20) for name in ("env_steps", "elapsed_s"))
        if len(steps) > 1 and np.isfinite([steps[0], steps[-1], elapsed[0], elapsed[-1]]).all():
            seconds = float(elapsed[-1] - elapsed[0])
            if seconds > 0 and steps[-1] > steps[0]:
                return float(steps[-1] - steps[0]) / seconds
        return self.metric("steps_per_s")

    @property
    def seconds_left(self) -> float | None:
        """Time to the end of the run at the present speed; none when that cannot be said."""
        steps, total, speed = self.metric("env_steps"), self.run.total_timesteps, self.steps_per_s
        if self.state != "running" or steps is None or total is None or not speed:
            return None
        return max(total - steps, 0.0) / speed
