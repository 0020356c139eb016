"""Where in a run its events lie: at which update each was, where on a chart, and which a resume has undone; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gwt_ib.runs.events import KINDS, SEVERITIES, Event, EventKind
from gwt_ib.runs.record import ENDED
from gwt_ib_tui.state.history.series import Doubles
from gwt_ib_tui.state.run.run_view import RunView

Moment = tuple[float, float]
"""A time stamp and the update that the run was at then."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """The events that stand, the update of each, and `moments`: when the run was where, both rising."""

    events: tuple[Event, ...]
    updates: Doubles
    moments: tuple[Moment, ...]

    def time_of(self, update: float) -> float | None:
        """When an update was made, as a time stamp; none where no event says when anything was."""
        return _time_of(self.moments, update) if self.moments else None


@lru_cache(maxsize=4)  # all charts of a screen ask for the same, and a replay for every picture
def timeline_of(run_view: RunView) -> Timeline:
    """The timeline of what a view of the run knows.

    An event is at the update that it names, or at the one of its time of day, between those before and after it that
    name one; without a time it is where the event before it was. A resume undoes what was after its snapshot: those
    updates are made again, and events that were at them no longer stand.
    """
    segments: list[list[Event]] = []  # each from one start of the trainer to the next resume
    for event in run_view.events:
        if event.kind == "resumed" or not segments:
            segments.append([])
        segments[-1].append(event)
    newest = run_view.metric("update")
    last_sign = run_view.now if run_view.run.heartbeat is None else run_view.run.heartbeat
    placed: list[tuple[Event, float]] = []
    moments: list[Moment] = []
    if run_view.run.created is not None:
        moments.append((run_view.run.created, 0.0))
    began, last = 0, 0.0
    for segment in segments:
        resumed = _own_update(segment[0], run_view) if segment[0].kind == "resumed" else None
        if resumed is not None:
            moments = _until(moments, resumed)
            placed = [(event, update) for event, update in placed if update <= resumed]
            began, last = len(moments), resumed
        own = [_own_update(event, run_view) for event in segment]
        now = segment is segments[-1]  # its end is at the newest row
        newer = [
            (event.time, newest if now and update is None and event.kind in ENDED else update)
            for event, update in zip(segment, own, strict=True)
        ]
        newer += [(last_sign, newest)] if now else []
        known = [(stamp, update) for stamp, update in newer if stamp is not None and update is not None]
        here = _rising([*moments[began:], *known])
        stamps, reached = _columns(here)
        for event, update in zip(segment, own, strict=True):
            if update is None and event.time is not None and here:
                update = float(np.interp(event.time, stamps, reached))
            last = last if update is None else update
            placed.append((event, last))
        moments = _rising([*moments[:began], *here])
    if not segments and newest is not None:
        moments = _rising([*moments, (last_sign, newest)])
    updates = np.array([update for _, update in placed], dtype=np.float64)
    return Timeline(tuple(event for event, _ in placed), updates, tuple(moments))


@lru_cache(maxsize=2)  # all charts of a screen ask for the same
def placed_events(run_view: RunView, axis: str) -> tuple[tuple[float, EventKind], ...]:
    """Place and kind of the events with a marker, on the axis `env_steps`, `update` or `elapsed_s`; the most severe last.

    They are where the run's timeline has them; beyond the newest row they are drawn at this row.
    """
    updates, places = (run_view.series.column(name).mean for name in ("update", axis))
    known = np.isfinite(updates) & np.isfinite(places)
    if not known.any():
        return ()
    timeline = timeline_of(run_view)
    found = np.interp(timeline.updates, updates[known], places[known]).tolist()
    kinds = (KINDS.get(event.kind) for event in timeline.events)
    placed = [(x, kind) for x, kind in zip(found, kinds, strict=True) if kind is not None and kind.marker]
    return tuple(sorted(placed, key=lambda event: SEVERITIES.index(event[1].severity)))


def _own_update(event: Event, run_view: RunView) -> float | None:
    """The update that an event names, in whichever way."""
    if event.update is not None:
        return float(event.update)
    updates = run_view.series.column("update").mean
    for axis, value in (("env_steps", event.env_steps), ("elapsed_s", event.number("elapsed_s"))):
        column = run_view.series.column(axis).mean
        known = np.isfinite(column) & np.isfinite(updates)
        if value is not None and known.any():
            return float(np.interp(value, column[known], updates[known]))
    return None


def _rising(moments: Sequence[Moment]) -> list[Moment]:
    """In the order of their times; the run does not go back between two resumes."""
    ordered = sorted(moments)
    updates = np.maximum.accumulate(np.array([update for _, update in ordered], dtype=np.float64)).tolist()
    return [(stamp, update) for (stamp, _), update in zip(ordered, updates, strict=True)]


def _columns(moments: Sequence[Moment]) -> tuple[Doubles, Doubles]:
    table = np.array(moments, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _until(moments: list[Moment], update: float) -> list[Moment]:
    """The moments up to an update, the last of them when it was reached."""
    kept = [moment for moment in moments if moment[1] <= update]
    return [*kept, (_time_of(moments, update), update)] if len(kept) < len(moments) else kept


def _time_of(moments: Sequence[Moment], update: float) -> float:
    stamps, updates = _columns(moments)
    return float(np.interp(update, updates, stamps))
