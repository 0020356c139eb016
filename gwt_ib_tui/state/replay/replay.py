"""The source of a replay: a recorded run is read once, and shown as it was at one position after another."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import compress

from gwt_ib.config import Config
from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.gatecheck.gate_evaluation import GateEvaluation
from gwt_ib.lenient import real, whole
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import Event
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.record import ActorRecord, RunRecord
from gwt_ib_tui.state.history.gate_history import GateCurve, GateHistory, moment_of
from gwt_ib_tui.state.history.log_tail import LogView
from gwt_ib_tui.state.replay.recording import Recording, ReplayFrame, Verdicts
from gwt_ib_tui.state.run.feed import Feed, Limits
from gwt_ib_tui.state.run.follower import Source
from gwt_ib_tui.state.run.playback import Playback
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.state.run.timeline import timeline_of

EVENTS_KEPT = 10_000  # so that those of an early moment are there too
JUDGING_S = 0.02  # at once, between two pictures
NOT_IN_A_REPLAY = "not in a replay: the run is asked nothing, and space pauses what is shown"
READING_PAUSE_S = 0.005  # leaves the interpreter to the event loop while a long file is read


class Replay(Source):
    """Plays a run directory again, a live one up to now. A thread reads and shows; any thread may ask.

    It plays from the start at once. While the file is read, only what was read already can be shown.
    """

    live = False
    refusal = NOT_IN_A_REPLAY
    scopes = ("replay",)

    def __init__(self, run: RunDirectory, interval: float = 0.1, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__("replay", self._follow)
        self._recording = Recording()
        self._verdicts = Verdicts()
        self._feed = Feed(run, interval, Limits(events=EVENTS_KEPT), self._recording)
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._reading = True
        self._playback = Playback.of(self._feed.run_view.metric("elapsed_s") or 0.0)  # of the last row, read ahead
        self._played_at: float | None = None
        self._shown: tuple[ReplayFrame, int, bool] | None = None
        self._then = self._feed.run_view
        self.run_view = self._feed.run_view

    def play(self, change: Callable[[Playback], Playback]) -> None:
        """Go on from here with another position, speed, or pause."""
        self._advance()
        with self._lock:
            self._playback = change(self._playback)
        self.wake()

    def read(self) -> bool:
        """Read for a moment; true while there is more."""
        more = self._feed.poll()
        if not more:
            with self._lock:
                self._playback = self._playback.lasting(self._recording.length)
        return more

    def show(self) -> None:
        """Publish what there was at the present position, where that is another picture than the last."""
        playback, known = self._advance(), self._feed.run_view
        ended = playback.at_end and known.loading is None
        frame = self._recording.newest if ended else self._recording.at(playback.position)
        picture = (frame, known.version, self._verdicts.knows(frame))
        if self._shown != picture or self.run_view.replay != playback:
            if self._shown != picture:
                self._shown = picture
                self._then = known if ended else as_of(known, frame, self._verdicts.at(frame, known.config))
            self.run_view = replace(self._then, version=self.run_view.version + 1, replay=playback)

    def judge(self, seconds: float = JUDGING_S) -> None:
        """Find out for a moment since when the rules say what they say."""
        config = self._feed.run_view.config
        if config is not None:
            self._verdicts.work(self._recording.frames, config, seconds)

    def _follow(self) -> float:
        if self._reading or self._feed.run_view.problem:
            self._reading = self.read()
        self.show()
        if self._reading:
            return READING_PAUSE_S
        self.judge()
        return self._interval

    def _advance(self) -> Playback:
        with self._lock:
            now = self._clock()
            self._playback = self._playback.advanced(0.0 if self._played_at is None else now - self._played_at)
            self._played_at = now
            return self._playback


def as_of(run_view: RunView, frame: ReplayFrame, verdict: Verdict | None) -> RunView:
    """What was known at `frame` of the run that `run_view` knows as a whole; `verdict` is the one there.

    Series and gate moments end with the frame's row exactly; events and lines of the log are where the run's timeline
    has them.
    """
    row = frame.history.latest
    update = real(row.get("update")) or 0.0
    moments, own = tuple(moment for moment in run_view.gate.moments if moment.update < update), moment_of(row)
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
        gate=GateHistory((*moments, own) if own else moments),
        verdict=verdict,
        gate_evaluation=_evaluation_then(run_view.gate_evaluation, real(row.get("env_steps"))),
        events=events,
        events_seen=run_view.events_seen - (len(run_view.events) - len(events)),
        log=_log_until(run_view.log, now),
        usage={},
    )


def _evaluation_then(evaluation: GateEvaluation | None, env_steps: float | None) -> GateEvaluation | None:
    """The evaluation that was asked for, where the run had come so far; only the newest one is kept."""
    made = None if evaluation is None else evaluation.env_steps
    return None if made is None or env_steps is None or made > env_steps else evaluation


def _log_until(log: LogView, now: float) -> LogView:
    """The lines until then, of those that are kept; the counts are of these."""
    lines = tuple(line for line in log.lines if line.time <= now)
    serious = tuple(line for line in log.serious if line.time <= now)
    counts = Counter((line.process, line.level) for line in lines if line.begins)
    return replace(log, lines=lines, serious=serious, counts=counts)


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
    then = replace(run, state="running", trainer=None, learner=None, heartbeat=None, exit_code=None)
    return replace(then, message="", actors=actors)
