"""Where in a run its events lie: at which update each was, and which of them a resume has undone; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gwt_ib.lenient import real, text
from gwt_ib.runs.jsonl import Record
from gwt_ib_tui.state.history.series import Doubles
from gwt_ib_tui.state.run.run_view import RunView

OTHER_FIELDS = ("env_steps", "elapsed_s")  # of an event, which say where it lies when it names no update
ENDINGS = frozenset({"finished", "stopped", "failed"})

Moment = tuple[float, float]
"""A time stamp and the update that the run was at then."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """The events that stand, the update of each, and `moments`: when the run was where, both rising."""

    events: tuple[Record, ...]
    updates: Doubles
    moments: tuple[Moment, ...]

    def time_of(self, update: float) -> float | None:
        """When an update was made, as a time stamp; none where no event says when anything was."""
        return _time_of(self.moments, update) if self.moments else None


@lru_cache(maxsize=4)  # all charts of a screen ask for the same, and a replay for every picture
def timeline_of(run_view: RunView) -> Timeline:
    """The timeline of what a snapshot knows.

    An event is at the update that it names, or at the one of its time of day, between those before and after it that
    name one; without a time it is where the event before it was. A resume undoes what was after its snapshot: those
    updates are made again, and events that were at them no longer stand.
    """
    segments = list(_segments(run_view.events))
    newest = run_view.metric("update")
    events: list[Record] = []
    updates: list[float] = []
    moments: list[Moment] = []
    if run_view.run.created is not None:
        moments.append((run_view.run.created, 0.0))
    began, last = 0, 0.0
    for number, segment in enumerate(segments):
        resumed = _own_update(segment[0], run_view) if segment[0].get("kind") == "resumed" else None
        if resumed is not None:
            moments = _until(moments, resumed)
            standing = [place for place, update in enumerate(updates) if update <= resumed]
            events, updates = [events[place] for place in standing], [updates[place] for place in standing]
            began, last = len(moments), resumed
        own = [_own_update(event, run_view) for event in segment]
        newer = [] if number < len(segments) - 1 else _end(run_view, segment, own, newest)
        for event, update in zip(segment, own, strict=True):
            stamp = real(event.get("time"))
            if stamp is not None and update is not None:
                newer.append((stamp, update))
        here = _rising([*moments[began:], *newer])
        stamps, reached = _columns(here)
        for event, update in zip(segment, own, strict=True):
            stamp = real(event.get("time"))
            if update is None and stamp is not None and here:
                update = float(np.interp(stamp, stamps, reached))
            last = last if update is None else update
            events.append(event)
            updates.append(last)
        moments = _rising([*moments[:began], *here])
    if not segments and newest is not None:
        moments = _rising([*moments, (_last_sign(run_view), newest)])
    return Timeline(tuple(events), np.array(updates, dtype=np.float64), tuple(moments))


def _segments(events: Iterable[Record]) -> Iterator[list[Record]]:
    """The events from one start of the trainer to the next resume."""
    segment: list[Record] = []
    for event in events:
        if event.get("kind") == "resumed" and segment:
            yield segment
            segment = []
        segment.append(event)
    if segment:
        yield segment


def _own_update(event: Record, run_view: RunView) -> float | None:
    """The update that an event names, in whichever way."""
    update = real(event.get("update"))
    if update is not None:
        return update
    updates = run_view.series.column("update").mean
    for field in OTHER_FIELDS:
        value, column = real(event.get(field)), run_view.series.column(field).mean
        known = np.isfinite(column) & np.isfinite(updates)
        if value is not None and known.any():
            return float(np.interp(value, column[known], updates[known]))
    return None


def _end(run_view: RunView, segment: list[Record], own: list[float | None], newest: float | None) -> list[Moment]:
    """The moments at which the run was, or is, at its newest row."""
    if newest is None:
        return []
    stamps = [
        real(event.get("time"))
        for event, update in zip(segment, own, strict=True)
        if update is None and text(event.get("kind")) in ENDINGS
    ]
    return [(stamp, newest) for stamp in (*stamps, _last_sign(run_view)) if stamp is not None]


def _last_sign(run_view: RunView) -> float:
    return run_view.now if run_view.run.heartbeat is None else run_view.run.heartbeat


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
