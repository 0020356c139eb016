"""A recorded episode at one of its steps, as it is played; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gwt_ib.rollout.recorded_episode import RecordedEpisode
from gwt_ib_tui.state.run.playback import SPEEDS, Playback

SPEED = 5.0
"""Steps per second that it begins with."""


@dataclass(frozen=True, eq=False)
class EpisodeView:
    """`playback` counts steps: its position is one from 0 to T, where T is what was seen after the last step."""

    recorded: RecordedEpisode
    playback: Playback

    @staticmethod
    def of(recorded: RecordedEpisode, speed: float = SPEED, *, playing: bool = True) -> EpisodeView:
        """From its start."""
        return EpisodeView(recorded, Playback(0.0, float(recorded.steps), speed, playing))

    @property
    def step(self) -> int:
        """Where it is, from 0 to T."""
        return min(int(self.playback.position), self.recorded.steps)

    @property
    def over(self) -> bool:
        """Whether it is after the last step."""
        return self.step >= self.recorded.steps

    @property
    def so_far(self) -> float:
        """The return of the steps before this one."""
        return float(self.recorded.reward[: self.step].astype(float).sum())

    def advanced(self, seconds: float) -> EpisodeView:
        """After so many seconds."""
        return replace(self, playback=self.playback.advanced(seconds))

    def moved(self, by: int) -> EpisodeView:
        """So many steps on or back, paused; no further than either end."""
        return self.at(self.step + by)

    def at(self, step: int) -> EpisodeView:
        """At a step, paused, or at the end where there are not so many."""
        place = min(max(step, 0), self.recorded.steps)
        return replace(self, playback=replace(self.playback, position=float(place), playing=False))

    def toggled(self) -> EpisodeView:
        """Paused, or playing; from the end it plays from the start."""
        return replace(self, playback=self.playback.toggled())

    def faster(self, by: int) -> EpisodeView:
        """`by` speeds faster."""
        return replace(self, playback=self.playback.at_speed(by))


def nearest_speed(wanted: float) -> float:
    """The speed that can be chosen and is nearest to the wanted one."""
    return min(SPEEDS, key=lambda speed: abs(speed - wanted))
