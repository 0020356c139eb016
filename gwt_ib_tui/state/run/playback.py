"""Position of a replay in the recorded time, its speed, and whether it plays; pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
WHOLE_RUN_S = 30.0  # how long a whole run takes at the speed it begins with, about


@dataclass(frozen=True)
class Playback:
    """`position` and `length` are seconds of training; `speed` is seconds of training per second."""

    position: float = 0.0
    length: float = 0.0
    speed: float = 1.0
    playing: bool = False

    @staticmethod
    def of(length: float) -> Playback:
        """Playing from the start, at the speed that shows the whole in about half a minute."""
        wanted = math.log(max(length / WHOLE_RUN_S, SPEEDS[0]))
        return Playback(length=length, speed=min(SPEEDS, key=lambda speed: abs(math.log(speed) - wanted)), playing=True)

    @property
    def share(self) -> float:
        """How much of the recording lies behind, from 0 to 1; 1 where nothing lies ahead."""
        return min(self.position / self.length, 1.0) if self.length > 0 else 1.0

    @property
    def at_end(self) -> bool:
        """Whether nothing is left to play."""
        return self.position >= self.length

    def advanced(self, seconds: float) -> Playback:
        """After so many seconds; at the end it stops."""
        if not self.playing:
            return self
        position = min(self.position + self.speed * max(seconds, 0.0), self.length)
        return replace(self, position=position, playing=position < self.length)

    def toggled(self) -> Playback:
        """Paused, or playing; from the end it plays from the start."""
        if self.playing:
            return replace(self, playing=False)
        return replace(self, position=0.0 if self.at_end else self.position, playing=True)

    def moved(self, by: float) -> Playback:
        """`by` a share of the whole further, no further than either end."""
        position = min(max(self.position + by * self.length, 0.0), self.length)
        return replace(self, position=position, playing=self.playing and position < self.length)

    def at_speed(self, by: int) -> Playback:
        """`by` speeds faster, no further than either end of `SPEEDS`."""
        place = min(range(len(SPEEDS)), key=lambda place: abs(SPEEDS[place] - self.speed))
        return replace(self, speed=SPEEDS[min(max(place + by, 0), len(SPEEDS) - 1)])

    def lasting(self, length: float) -> Playback:
        """The same for a recording of another length: it is known for certain once the file is read."""
        if self.length <= 0:
            return replace(Playback.of(length), playing=self.playing)
        return replace(self, length=length, position=min(self.position, length))
