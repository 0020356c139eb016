"""Where a run's events lie on the x axis of its charts, and the sign that each kind has there; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from gwt_ib.numbers import real
from gwt_ib.runs.records import Record
from gwt_ib_tui.state.series import Doubles
from gwt_ib_tui.state.snapshot import Snapshot
from gwt_ib_tui.state.values import text

Severity = Literal["note", "good", "warn", "bad"]
SEVERITIES: tuple[Severity, ...] = ("note", "good", "warn", "bad")
FIELDS = ("env_steps", "update", "elapsed_s")  # of an event, any of which says where it lies
ENDINGS = frozenset({"finished", "stopped", "failed"})


@dataclass(frozen=True)
class EventSign:
    """How one kind of event is drawn: one cell, another one where there is nothing but ASCII, and how grave it is."""

    sign: str
    ascii: str
    severity: Severity
    meaning: str


EVENT_SIGNS: Mapping[str, EventSign] = {
    "evaluation": EventSign("∘", "E", "note", "an evaluation"),
    "snapshot": EventSign("◆", "S", "note", "a snapshot was saved"),
    "paused": EventSign("‖", "P", "note", "paused"),
    "unpaused": EventSign("▸", "G", "note", "went on after a pause"),
    "resumed": EventSign("↺", "U", "note", "resumed from a snapshot"),
    "setting": EventSign("≈", "=", "good", "a setting was changed"),
    "verdict": EventSign("◈", "V", "good", "GateCheck's verdict changed"),
    "actor_replaced": EventSign("↻", "R", "warn", "an actor was replaced"),
    "warning": EventSign("▲", "!", "warn", "a warning"),
    "actor_died": EventSign("✗", "X", "bad", "an actor died"),
}


@dataclass(frozen=True)
class PlacedEvent:
    """One event on an x axis."""

    x: float
    kind: str

    @property
    def sign(self) -> EventSign:
        """How it is drawn."""
        return EVENT_SIGNS[self.kind]


@lru_cache(maxsize=2)  # all charts of a screen ask for the same
def placed_events(snapshot: Snapshot, axis: str) -> tuple[PlacedEvent, ...]:
    """The events with a sign on the axis `env_steps`, `update` or `elapsed_s`, the gravest last.

    An event that names no step lies between those before and after it by its time of day.
    """
    columns = {field: snapshot.series.column(field).mean for field in (*FIELDS, axis)}
    newest = {field: _last(column) for field, column in columns.items()}
    if newest[axis] is None:
        return ()
    located = [(event, _place(event, columns, axis)) for event in _standing(snapshot.events)]
    clock = _clock(located, snapshot, newest[axis])
    placed = []
    for event, x in located:
        kind, stamp = text(event.get("kind")), real(event.get("time"))
        if kind not in EVENT_SIGNS:
            continue
        if x is None and stamp is not None and len(clock):
            x = float(np.interp(stamp, clock[:, 0], clock[:, 1]))
        if x is not None:
            placed.append(PlacedEvent(x, kind))
    return tuple(sorted(placed, key=lambda event: SEVERITIES.index(event.sign.severity)))


def _standing(events: Iterable[Record]) -> list[Record]:
    """Without what came after the snapshot from which the run was resumed: those updates were made again."""
    kept: list[Record] = []
    for event in events:
        resumed = real(event.get("update")) if event.get("kind") == "resumed" else None
        if resumed is not None:
            kept = [earlier for earlier in kept if (real(earlier.get("update")) or 0.0) <= resumed]
        kept.append(event)
    return kept


def _place(event: Record, columns: Mapping[str, Doubles], axis: str) -> float | None:
    """Where an event lies by what it says itself; beyond the newest row it is drawn at this row."""
    for field in FIELDS:
        value = real(event.get(field))
        if value is None:
            continue
        both = np.isfinite(columns[field]) & np.isfinite(columns[axis])
        if both.any():
            return float(np.interp(value, columns[field][both], columns[axis][both]))
    return None


def _clock(located: Sequence[tuple[Record, float | None]], snapshot: Snapshot, newest: float | None) -> Doubles:
    """Times of day and where the run was then [moments, 2], both rising."""
    moments = []
    for event, x in located:
        stamp = real(event.get("time"))
        if x is None and event.get("kind") in ENDINGS:
            x = newest
        if stamp is not None and x is not None:
            moments.append((stamp, x))
    end = snapshot.now if snapshot.run.heartbeat is None else snapshot.run.heartbeat
    if newest is not None:
        moments.append((end, newest))
    clock = np.array(sorted(moments), dtype=np.float64).reshape(-1, 2)
    clock[:, 1] = np.maximum.accumulate(clock[:, 1]) if len(clock) else clock[:, 1]
    return clock


def _last(column: Doubles) -> float | None:
    known = column[np.isfinite(column)]
    return float(known[-1]) if known.size else None
