"""What a dashboard showed at an earlier moment of a run; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

from gwt_ib.config import Config
from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.lenient import real, whole
from gwt_ib.runs.events import Event
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.record import ActorRecord, RunRecord
from gwt_ib_tui.state.history.gate_history import GateCurve, GateHistory, moment_of
from gwt_ib_tui.state.history.log_tail import LogView
from gwt_ib_tui.state.replay.recording import Frame
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.state.run.timeline import timeline_of


def as_of(run_view: RunView, frame: Frame, verdict: Verdict | None) -> RunView:
    """What was known at `frame` of the run that `run_view` knows as a whole; `verdict` is the one there.

    Series and gate moments end with the frame's row exactly; events and lines of the log are where the run's timeline
    has them.
    """
    row = frame.history.latest
    update = real(row.get("update")) or 0.0
    timeline = timeline_of(run_view)
    events = tuple(compress(timeline.events, timeline.updates <= update))
    now = timeline.time_of(update)
    now = run_view.now if now is None else now
    return replace(
        run_view,
        now=now,
        run=_run_then(run_view.run, events, row, run_view.config),
        state="running",
        row=row,
        row_age_s=None,
        series=run_view.series.until(frame.number, row),
        curve=GateCurve.of(row.get("gate_curve")),
        gate=_gate_until(run_view.gate, row, update),
        verdict=verdict,
        events=events,
        events_seen=run_view.events_seen - (len(run_view.events) - len(events)),
        log=_log_until(run_view.log, now),
        usage={},
    )


def _gate_until(gate: GateHistory, row: Record, update: float) -> GateHistory:
    """The moments before a row, and its own."""
    moments = tuple(moment for moment in gate.moments if moment.update < update)
    own = moment_of(row)
    return GateHistory(moments if own is None else (*moments, own))


def _log_until(log: LogView, now: float) -> LogView:
    """The lines until then, of those that are kept; the counts are of these."""
    lines = tuple(line for line in log.lines if line.time <= now)
    serious = tuple(line for line in log.serious if line.time <= now)
    return replace(
        log, lines=lines, serious=serious, counts=Counter((line.process, line.level) for line in lines if line.begins)
    )


def _run_then(run: RunRecord, events: Sequence[Event], row: Record, config: Config | None) -> RunRecord:
    """run.json as it may have been: its past is not recorded, but the events say which actors died and were replaced.

    The file of a run that has ended names no actors; then they are as many as the settings say.
    """
    dead: set[int | None] = set()
    restarts: Counter[int | None] = Counter()
    for event in events:
        number = whole(event.fields.get("actor"))
        if event.kind in ("started", "resumed"):  # all of them are new processes
            dead.clear()
            restarts.clear()
        elif event.kind == "actor_died":
            dead.add(number)
        elif event.kind == "actor_replaced":
            dead.discard(number)
            restarts[number] += 1
    numbers = [actor.number for actor in run.actors] or range(config.num_actors if config is not None else 0)
    version = whole(row.get("policy_version"))
    actors = tuple(
        ActorRecord(number, alive=number not in dead, policy_version=version, restarts=restarts[number])
        for number in numbers
    )
    return replace(
        run, state="running", trainer=None, learner=None, heartbeat=None, exit_code=None, message="", actors=actors
    )
