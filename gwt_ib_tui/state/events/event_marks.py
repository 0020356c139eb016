"""Where a run's events lie on the x axis of its charts, and the sign that each kind has there; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from gwt_ib.lenient import text
from gwt_ib_tui.state.events.timeline import timeline_of
from gwt_ib_tui.state.run.run_view import RunView

Severity = Literal["note", "good", "warn", "bad"]
SEVERITIES: tuple[Severity, ...] = ("note", "good", "warn", "bad")


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
def placed_events(run_view: RunView, axis: str) -> tuple[PlacedEvent, ...]:
    """The events with a sign on the axis `env_steps`, `update` or `elapsed_s`, the gravest last.

    They are where the run's timeline has them; beyond the newest row they are drawn at this row.
    """
    updates, places = (run_view.series.column(name).mean for name in ("update", axis))
    known = np.isfinite(updates) & np.isfinite(places)
    if not known.any():
        return ()
    timeline = timeline_of(run_view)
    found = np.interp(timeline.updates, updates[known], places[known]).tolist()
    placed = [
        PlacedEvent(x, kind)
        for event, x in zip(timeline.events, found, strict=True)
        if (kind := text(event.get("kind"))) in EVENT_SIGNS
    ]
    return tuple(sorted(placed, key=lambda event: SEVERITIES.index(event.sign.severity)))
