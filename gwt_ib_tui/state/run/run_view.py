"""What the dashboard knows at one moment, made of what a run directory says; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gwt_ib.config import Config
from gwt_ib.lenient import mappings, real, text, whole
from gwt_ib.runs.events import Event
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.lifecycle import ENDED, KILLED, STALLED, UNKNOWN
from gwt_ib.runs.record import RunRecord
from gwt_ib_tui.state.events.log_tail import LogView
from gwt_ib_tui.state.history.gate_history import GateCurve, GateHistory
from gwt_ib_tui.state.history.series import SeriesView
from gwt_ib_tui.state.replay.playback import Playback
from gwt_ib_tui.state.run.usage import Usage

DAMAGED = "run.json is missing or damaged"


@dataclass(frozen=True)
class Evidence:
    """A number that a rule rests on, and after how many environment steps it was so."""

    metric: str
    value: float | None
    step: int | None


@dataclass(frozen=True)
class Finding:
    """One rule of GateCheck. `value` is what is held against `threshold`, of which `limits` are the two ends.

    A file of an older version says nothing of `threshold`, `limits`, `since` and `decides`.
    """

    kind: str
    status: str
    summary: str
    next_step: str
    evidence: tuple[Evidence, ...] = ()
    threshold: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    since: int | None = None
    decides: bool = False

    @property
    def metric(self) -> str:
        """What `value` is a value of."""
        return self.evidence[-1].metric if self.evidence else ""

    @property
    def value(self) -> float | None:
        """The newest number that the rule rests on."""
        return self.evidence[-1].value if self.evidence else None


@dataclass(frozen=True)
class Report:
    """gatecheck.json: the verdict, since which update it holds, and its findings in the order of the file."""

    verdict: str
    update: int | None
    findings: tuple[Finding, ...]
    since: int | None = None

    @staticmethod
    def of(record: Mapping[str, Any]) -> Report | None:
        """Read a gatecheck.json; none while there is no verdict."""
        verdict = text(record.get("verdict")).lower()
        if not verdict:
            return None
        findings = tuple(_finding(entry) for entry in mappings(record.get("findings")))
        return Report(verdict, whole(record.get("update")), findings, whole(record.get("since")))


WHAT_CANNOT_WAIT = ("state", "config", "events_seen", "loading", "problem", "file_problems", "replay")
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
    report: Report | None
    events: tuple[Event, ...]
    events_seen: int
    loading: float | None
    problem: str
    replay: Playback | None = None
    log: LogView = field(default_factory=LogView)
    usage: Mapping[int, Usage] = field(default_factory=dict)
    file_problems: tuple[str, ...] = ()
    """What cannot be read as it should be, each in a sentence that names the file."""

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more: the run says so, or its trainer is gone."""
        return self.state in ENDED or self.state == KILLED

    def only_adds_rows_to(self, other: RunView) -> bool:
        """Whether nothing but rows of metrics, and what follows from them, is new since `other`."""
        same_verdict = (self.report and self.report.verdict) == (other.report and other.report.verdict)
        return same_verdict and all(getattr(self, name) == getattr(other, name) for name in WHAT_CANNOT_WAIT)

    @property
    def halted(self) -> bool:
        """Whether a run that has not ended makes no steps at this moment, so that it has no speed."""
        return self.state in ("paused", STALLED, UNKNOWN)

    @property
    def trouble(self) -> str:
        """Why the run failed, or why nothing can be said of it; empty where neither is so."""
        if self.state == UNKNOWN:
            return DAMAGED
        return self.run.message if self.state == "failed" else ""

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


def _finding(entry: Mapping[str, Any]) -> Finding:
    limits = entry.get("limits")
    low, high = limits if isinstance(limits, list) and len(limits) == 2 else (None, None)
    return Finding(
        kind=text(entry.get("kind")),
        status=text(entry.get("status")).lower(),
        summary=text(entry.get("summary")),
        next_step=text(entry.get("next_step")),
        evidence=tuple(
            Evidence(text(item.get("metric")), real(item.get("value")), whole(item.get("step")))
            for item in mappings(entry.get("evidence"))
        ),
        threshold=text(entry.get("threshold")),
        limits=(real(low), real(high)),
        since=whole(entry.get("since")),
        decides=entry.get("decides") is True,
    )
