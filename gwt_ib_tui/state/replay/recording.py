"""A recorded run: moments at which everything is known as it was, in bounded memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from gwt_ib.gatecheck.history import History
from gwt_ib.lenient import real
from gwt_ib.runs.jsonl import Record

MAX_FRAMES = 1024


@dataclass(frozen=True, eq=False)
class Frame:
    """One recorded moment: `number` rows were there, `time` seconds of training were over.

    `history` is what GateCheck knew; its newest row is the frame's.
    """

    number: int
    time: float
    history: History


class Recording:
    """Takes the rows of a run; keeps every k-th as a `Frame`, k doubling whenever `most` are kept, and the newest."""

    def __init__(self, most: int = MAX_FRAMES) -> None:
        self._most = max(most, 2)
        self.forget()

    def forget(self) -> None:
        """Begin again: the rows that came were cut off or replaced."""
        self._history = History()
        self._frames: list[Frame] = []
        self._stride = 1
        self._newest: Frame | None = None
        self.length = 0.0

    def take(self, row: Record) -> None:
        """Take the next row. One that does not say when it was recorded counts as a second."""
        elapsed = real(row.get("elapsed_s"))
        self.length = self.length + 1.0 if elapsed is None else max(elapsed, self.length)
        self._history.add(row)
        self._newest = None
        if (self._history.rows_seen - 1) % self._stride == 0:
            self._keep(self.newest)

    @property
    def frames(self) -> Sequence[Frame]:
        """Those that are kept, oldest first."""
        return self._frames

    @property
    def newest(self) -> Frame:
        """The frame of the newest row; of no rows where none came."""
        if self._newest is None:
            self._newest = Frame(self._history.rows_seen, self.length, self._history.copy())
        return self._newest

    def at(self, time: float) -> Frame:
        """The last frame that is not later than `time`; the first where all are."""
        if not self._frames or time >= self.length:
            return self.newest
        return self._frames[max(bisect_right(self._frames, time, key=attrgetter("time")) - 1, 0)]

    def _keep(self, frame: Frame) -> None:
        if len(self._frames) >= self._most:
            self._stride *= 2
            self._frames = [kept for kept in self._frames if (kept.number - 1) % self._stride == 0]
        if (frame.number - 1) % self._stride == 0:
            self._frames.append(frame)
