"""The source of a replay: a recorded run is read once, and shown as it was at one position after another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from gwt_ib.lenient import real
from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.state.replay.as_of import as_of
from gwt_ib_tui.state.replay.recording import Frame, Recording
from gwt_ib_tui.state.replay.verdicts import Verdicts
from gwt_ib_tui.state.run.feed import Feed, Limits
from gwt_ib_tui.state.run.playback import Playback
from gwt_ib_tui.state.run.source import Source

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
        self._playback = Playback.of(real(self._feed.run_view.row.get("elapsed_s")) or 0.0)
        self._played_at: float | None = None
        self._shown: tuple[Frame, int, bool] | None = None
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
