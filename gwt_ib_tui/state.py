"""What the dashboard knows at one moment, made of what a run directory says; pure, and wary of damaged files.

A run directory may be half written, from another version, or edited by hand. Nothing here raises for it: a value of the
wrong kind is as good as absent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gwt_ib.config import Config
from gwt_ib.runs.lifecycle import ENDED, KILLED, UNKNOWN
from gwt_ib.runs.records import Record
from gwt_ib_tui.series import Doubles, SeriesView


@dataclass(frozen=True)
class Actor:
    """One actor process as run.json describes it."""

    number: int
    pid: int | None
    alive: bool
    steps_per_s: float | None
    policy_version: int | None
    policy_lag: int | None
    restarts: int


@dataclass(frozen=True)
class RunInfo:
    """run.json."""

    name: str
    state: str
    env_id: str
    seed: int | None
    total_timesteps: int | None
    host: str
    trainer: int | None
    created: float | None
    heartbeat: float | None
    exit_code: int | None
    message: str
    actors: tuple[Actor, ...]

    @property
    def last_sign(self) -> float | None:
        """When the trainer last gave a sign of life, or made the run."""
        return self.heartbeat if self.heartbeat is not None else self.created

    @staticmethod
    def of(record: Mapping[str, Any], name: str) -> RunInfo:
        """Read a run.json; `name` is the run's name where the record has none."""
        pids = _mapping(record.get("pids"))
        actors = [_actor(entry, place) for place, entry in enumerate(_mappings(record.get("actors")))]
        return RunInfo(
            name=_text(record.get("run")) or name,
            state=_text(record.get("state")) or UNKNOWN,
            env_id=_text(record.get("env_id")),
            seed=_whole(record.get("seed")),
            total_timesteps=_whole(record.get("total_timesteps")),
            host=_text(record.get("host")),
            trainer=_whole(pids.get("trainer")),
            created=real(record.get("created")),
            heartbeat=real(record.get("heartbeat")),
            exit_code=_whole(record.get("exit_code")),
            message=_text(record.get("message")),
            actors=tuple(actors),
        )


@dataclass(frozen=True)
class Finding:
    """One rule of GateCheck, with the newest value of the metric that it is about."""

    kind: str
    status: str
    summary: str
    next_step: str
    metric: str
    value: float | None
    step: int | None


@dataclass(frozen=True)
class Report:
    """gatecheck.json: the verdict and its findings in the order of the file."""

    verdict: str
    update: int | None
    findings: tuple[Finding, ...]

    @staticmethod
    def of(record: Mapping[str, Any]) -> Report | None:
        """Read a gatecheck.json; none while there is no verdict."""
        verdict = _text(record.get("verdict")).lower()
        if not verdict:
            return None
        findings = tuple(_finding(entry) for entry in _mappings(record.get("findings")))
        return Report(verdict, _whole(record.get("update")), findings)


@dataclass(frozen=True, eq=False)
class GateCurve:
    """c and its prior by bins of |td_norm|: `edges` has one entry more than the others; NaN in empty bins."""

    edges: Doubles
    c: Doubles
    c_std: Doubles
    prior: Doubles
    count: Doubles

    @staticmethod
    def of(value: object) -> GateCurve | None:
        """Read the metric `gate_curve`; none where it is missing or its parts do not fit together."""
        record = _mapping(value)
        edges, c, c_std, prior, counts = (_reals(record.get(name)) for name in ("td", "c", "c_std", "prior", "count"))
        if len(edges) < 2 or {len(c), len(c_std), len(prior), len(counts)} != {len(edges) - 1}:
            return None
        if not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
            return None
        return GateCurve(edges, c, c_std, prior, np.nan_to_num(counts))


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that the widgets show, at one moment. `version` grows; two snapshots are equal only if they are one."""

    version: int
    path: Path
    now: float
    run: RunInfo
    state: str
    config: Config | None
    row: Record
    row_age_s: float | None
    series: SeriesView
    curve: GateCurve | None
    report: Report | None
    events: tuple[Record, ...]
    events_seen: int
    loading: float | None
    problem: str

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more: the run says so, or its trainer is gone."""
        return self.state in ENDED or self.state == KILLED

    def metric(self, name: str) -> float | None:
        """The newest row's value of one metric."""
        return real(self.row.get(name))

    @property
    def progress(self) -> float | None:
        """Share of the run's environment steps that are done, from 0 to 1."""
        steps, total = self.metric("env_steps"), self.run.total_timesteps
        return None if steps is None or not total or total <= 0 else min(max(steps / total, 0.0), 1.0)

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
        if self.state not in ("running", "paused") or steps is None or total is None or not speed:
            return None
        return max(total - steps, 0.0) / speed


def real(value: object) -> float | None:
    """A finite number, or none for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def _whole(value: object) -> int | None:
    result = real(value)
    return None if result is None else int(result)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _reals(value: object) -> Doubles:
    entries = value if isinstance(value, list) else []
    numbers = [real(entry) for entry in entries]
    return np.array([math.nan if entry is None else entry for entry in numbers], dtype=np.float64)


def _actor(entry: Mapping[str, Any], place: int) -> Actor:
    number = _whole(entry.get("actor"))
    return Actor(
        number=place if number is None else number,
        pid=_whole(entry.get("pid")),
        alive=entry.get("alive") is True,
        steps_per_s=real(entry.get("steps_per_s")),
        policy_version=_whole(entry.get("policy_version")),
        policy_lag=_whole(entry.get("policy_lag")),
        restarts=_whole(entry.get("restarts")) or 0,
    )


def _finding(entry: Mapping[str, Any]) -> Finding:
    evidence = _mappings(entry.get("evidence"))
    # Of several values of the rule's first metric (early and late, say) the last is the newest.
    metric = _text(evidence[0].get("metric")) if evidence else ""
    newest: Mapping[str, Any] = next((item for item in reversed(evidence) if _text(item.get("metric")) == metric), {})
    return Finding(
        kind=_text(entry.get("kind")),
        status=_text(entry.get("status")).lower(),
        summary=_text(entry.get("summary")),
        next_step=_text(entry.get("next_step")),
        metric=metric,
        value=real(newest.get("value")),
        step=_whole(newest.get("step")),
    )
