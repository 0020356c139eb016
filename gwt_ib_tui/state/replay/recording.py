"""A recorded run: moments at which everything is known as it was, in bounded memory, and GateCheck's verdicts there."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from gwt_ib.config import Config
from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run, with_since
from gwt_ib.lenient import real
from gwt_ib.runs.jsonl import Record

MAX_FRAMES = 1024


@dataclass(frozen=True, eq=False)
class ReplayFrame:
    """One recorded moment: `number` rows were there, `time` seconds of training were over.

    `history` is what GateCheck knew; its newest row is the frame's.
    """

    number: int
    time: float
    history: History


class Recording:
    """Takes the rows of a run; keeps every k-th as a `ReplayFrame`, k doubling whenever `most` are kept, and the newest."""

    def __init__(self, most: int = MAX_FRAMES) -> None:
        self._most = max(most, 2)
        self.forget()

    def forget(self) -> None:
        """Begin again: the rows that came were cut off or replaced."""
        self._history = History()
        self.frames: list[ReplayFrame] = []  # those that are kept, oldest first
        self._stride = 1
        self._newest: ReplayFrame | None = None
        self.length = 0.0

    def take(self, row: Record) -> None:
        """Take the next row. One that does not say when it was recorded counts as a second."""
        elapsed = real(row.get("elapsed_s"))
        self.length = self.length + 1.0 if elapsed is None else max(elapsed, self.length)
        self._history.add(row)
        self._newest = None
        if (self._history.rows_seen - 1) % self._stride == 0:
            if len(self.frames) >= self._most:
                self._stride *= 2
                self.frames = [kept for kept in self.frames if (kept.number - 1) % self._stride == 0]
            if (self._history.rows_seen - 1) % self._stride == 0:
                self.frames.append(self.newest)

    @property
    def newest(self) -> ReplayFrame:
        """The frame of the newest row; of no rows where none came."""
        if self._newest is None:
            self._newest = ReplayFrame(self._history.rows_seen, self.length, self._history.copy())
        return self._newest

    def at(self, time: float) -> ReplayFrame:
        """The last frame that is not later than `time`; the first where all are."""
        if not self.frames or time >= self.length:
            return self.newest
        return self.frames[max(bisect_right(self.frames, time, key=attrgetter("time")) - 1, 0)]


class Verdicts:
    """Judges the frames of a recording one after another, a few at a time; `since` is unknown until then.

    Only the statuses are kept: the verdict of one frame is quickly made again.
    """

    def __init__(self) -> None:
        self._statuses: dict[int, Mapping[str, Any]] = {}
        self._done = 0
        self._last: Mapping[str, Any] = {}

    def work(self, frames: Sequence[ReplayFrame], config: Config, seconds: float) -> None:
        """Judge frames for about `seconds`, from the first that has no verdict yet."""
        deadline = time.monotonic() + seconds
        while self._done < len(frames) and time.monotonic() < deadline:
            frame = frames[self._done]
            verdict = judge_run(frame.history, config)
            # Between two frames may lie rows that are not kept; the status is taken to have changed with the frame.
            before = {} if verdict.update is None else {**self._last, "update": verdict.update - 1}
            verdict = with_since(verdict, before)
            findings = [{"kind": item.kind, "status": item.status, "since": item.since} for item in verdict.findings]
            status: dict[str, Any] = {
                "verdict": verdict.status,
                "update": verdict.update,
                "since": verdict.since,
                "findings": findings,
            }
            status |= {"gate": {"verdict": verdict.gate.status, "since": verdict.gate.since}}
            self._last = self._statuses[frame.number] = status
            self._done += 1

    def knows(self, frame: ReplayFrame) -> bool:
        """Whether this frame was reached."""
        return frame.number in self._statuses

    def at(self, frame: ReplayFrame, config: Config | None) -> Verdict | None:
        """The verdict at a frame; none before the first row, and without a configuration."""
        if config is None or not frame.history.rows_seen:
            return None
        verdict = judge_run(frame.history, config)
        return with_since(verdict, self._statuses[frame.number]) if self.knows(frame) else verdict
