"""What a dashboard showed at an earlier moment of a run; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

from gwt_ib.config import Config
from gwt_ib.numbers import real
from gwt_ib.runs.records import Record
from gwt_ib_tui.state.gate_history import GateCurve, GateHistory, moment_of
from gwt_ib_tui.state.log_tail import LogView
from gwt_ib_tui.state.snapshot import Actor, Report, RunInfo, Snapshot
from gwt_ib_tui.state.tape import Frame
from gwt_ib_tui.state.timeline import timeline_of
from gwt_ib_tui.state.values import text, whole


def as_of(snapshot: Snapshot, frame: Frame, report: Report | None) -> Snapshot:
    """What was known at `frame` of the run that `snapshot` knows as a whole; `report` is the verdict there.

    Series and gate moments end with the frame's row exactly; events and lines of the log are where the run's timeline
    has them.
    """
    row = frame.history.latest
    update = real(row.get("update")) or 0.0
    timeline = timeline_of(snapshot)
    events = tuple(compress(timeline.events, timeline.updates <= update))
    now = timeline.time_of(update)
    now = snapshot.now if now is None else now
    return replace(
        snapshot,
        now=now,
        run=_run_then(snapshot.run, events, row, snapshot.config),
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


def _run_then(run: RunInfo, events: Sequence[Record], row: Record, config: Config | None) -> RunInfo:
    """run.json as it may have been: it is not recorded, but the events tell which actors died and were replaced.

    The file of a run that has ended names no actors; then they are as many as the settings say.
    """
    dead: set[int | None] = set()
    restarts: Counter[int | None] = Counter()
    for event in events:
        kind, number = text(event.get("kind")), whole(event.get("actor"))
        if kind in ("started", "resumed"):  # all of them are new processes
            dead.clear()
            restarts.clear()
        elif kind == "actor_died":
            dead.add(number)
        elif kind == "actor_replaced":
            dead.discard(number)
            restarts[number] += 1
    numbers = [actor.number for actor in run.actors] or range(config.num_actors if config is not None else 0)
    actors = tuple(
        Actor(
            number=number,
            pid=None,
            alive=number not in dead,
            steps_per_s=None,
            policy_version=whole(row.get("policy_version")),
            policy_lag=None,
            restarts=restarts[number],
        )
        for number in numbers
    )
    return replace(
        run, state="running", trainer=None, learner=None, heartbeat=None, exit_code=None, message="", actors=actors
    )
