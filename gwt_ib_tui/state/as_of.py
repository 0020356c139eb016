"""What a dashboard showed at an earlier moment of a run; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

import numpy as np

from gwt_ib.numbers import real
from gwt_ib.runs.records import Record
from gwt_ib_tui.state.gate_history import GateCurve, GateHistory, moment_of
from gwt_ib_tui.state.log_tail import LogView
from gwt_ib_tui.state.series import Doubles
from gwt_ib_tui.state.snapshot import Report, RunInfo, Snapshot
from gwt_ib_tui.state.tape import Frame
from gwt_ib_tui.state.values import whole


def as_of(snapshot: Snapshot, frame: Frame, report: Report | None) -> Snapshot:
    """What was known at `frame` of the run that `snapshot` knows as a whole; `report` is the verdict there.

    Series and gate moments end with the frame's row exactly. Events belong to the update that they name, or else to
    that of their time of day; so do the lines of the log.
    """
    row = frame.history.latest
    update = real(row.get("update")) or 0.0
    events = tuple(compress(snapshot.events, event_updates(snapshot) <= update))
    now = time_of(snapshot, update)
    return replace(
        snapshot,
        now=now,
        run=_run_then(snapshot.run, events, row),
        state="running",
        row=row,
        row_age_s=None,
        series=snapshot.series.until(frame.number, row),
        curve=GateCurve.of(row.get("gate_curve")),
        gate=_gate_until(snapshot.gate, row, update),
        report=report,
        events=events,
        events_seen=snapshot.events_seen - (len(snapshot.events) - len(events)),
        log=_log_until(snapshot.log, now),
        usage={},
    )


def event_updates(snapshot: Snapshot) -> Doubles:
    """The update that each event belongs to: its own; of one that names none, that of its time of day."""
    updates, stamps = _clock(snapshot)
    found, last = np.empty(len(snapshot.events)), 0.0
    for place, event in enumerate(snapshot.events):
        update, stamp = real(event.get("update")), real(event.get("time"))
        if update is None and stamp is not None and updates:
            update = float(np.interp(stamp, stamps, updates))
        found[place] = last = last if update is None else update
    return found


def time_of(snapshot: Snapshot, update: float) -> float:
    """When an update was made, as a time stamp: between the events that say both."""
    updates, stamps = _clock(snapshot)
    return float(np.interp(update, updates, stamps)) if updates else snapshot.now


def _clock(snapshot: Snapshot) -> tuple[list[float], list[float]]:
    """Updates and their time stamps, both rising. What was made again after a resume counts as it was the last time."""
    known: list[tuple[float, float]] = []
    if snapshot.run.created is not None:
        known.append((0.0, snapshot.run.created))
    for event in snapshot.events:
        update, stamp = real(event.get("update")), real(event.get("time"))
        if update is None or stamp is None:
            continue
        if event.get("kind") == "resumed":
            known = [entry for entry in known if entry[0] <= update]
        if not known or (update >= known[-1][0] and stamp >= known[-1][1]):
            known.append((update, stamp))
    last, sign = snapshot.metric("update"), snapshot.run.heartbeat
    if sign is not None and last is not None and (not known or (last >= known[-1][0] and sign >= known[-1][1])):
        known.append((last, sign))
    return [update for update, _ in known], [stamp for _, stamp in known]


def _gate_until(gate: GateHistory, row: Record, update: float) -> GateHistory:
    """The moments before a row, and its own."""
    moments = tuple(moment for moment in gate.moments if moment.update < update)
    own = moment_of(row)
    return GateHistory(moments if own is None else (*moments, own))


def _log_until(log: LogView, now: float) -> LogView:
    """The lines until then, of those that are held; the counts are of these."""
    lines = tuple(line for line in log.lines if line.time <= now)
    serious = tuple(line for line in log.serious if line.time <= now)
    return replace(
        log, lines=lines, serious=serious, counts=Counter((line.process, line.level) for line in lines if line.begins)
    )


def _run_then(run: RunInfo, events: Sequence[Record], row: Record) -> RunInfo:
    """run.json as it may have been: it is not recorded, but the events tell which actors died and were replaced."""
    dead: dict[int | None, bool] = {}
    restarts: Counter[int | None] = Counter()
    for event in events:
        if event.get("kind") in ("actor_died", "actor_replaced"):
            number, died = whole(event.get("actor")), event["kind"] == "actor_died"
            dead[number] = died
            restarts[number] += not died
    actors = tuple(
        replace(
            actor,
            pid=None,
            alive=not dead.get(actor.number, False),
            steps_per_s=None,
            policy_version=whole(row.get("policy_version")),
            policy_lag=None,
            restarts=restarts[actor.number],
        )
        for actor in run.actors
    )
    return replace(
        run, state="running", trainer=None, learner=None, heartbeat=None, exit_code=None, message="", actors=actors
    )
