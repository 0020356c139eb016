"""Known ceilings of POPGym's tasks: the mean return that perfect or near-perfect play reaches.

Measured on popgym 1.0.7 with hand-written players that remember all of the history, or exact by the definition of the
reward. 44 of the 48 ids have one; for LabyrinthExplore and MineSweeperHard none was computed. Several are strong
references rather than bounds: a good agent can end slightly above them, and 0.911 for the noisy pendulums is what play
without the noise reaches.

The tolerance is 0.05, a fortieth of the nominal range [-1, 1], except where half of the distance to the best play
*without* memory is less (HigherLower: else a memoryless agent would count as being at the ceiling) and where the
measurement itself is coarser (MineSweeperMedium: 60 episodes).
"""

from __future__ import annotations

from dataclasses import dataclass

_TOLERANCE = 0.05


@dataclass(frozen=True)
class Ceiling:
    """A known ceiling; a mean return of at least `value - tolerance` is at it."""

    value: float
    tolerance: float
    source: str

    def reached(self, mean_return: float) -> bool:
        """Whether this mean return is at the ceiling."""
        return mean_return >= self.value - self.tolerance


_PERFECT = (1.0, 1.0, 1.0)

# family: the values for Easy, Medium and Hard, and where they come from
_FAMILIES: dict[str, tuple[tuple[float | None, float | None, float | None], str]] = {
    "Autoencode": (_PERFECT, "exact: perfect recall"),
    "RepeatPrevious": (_PERFECT, "exact: perfect recall"),
    "RepeatFirst": (_PERFECT, "exact: perfect recall"),
    "CountRecall": (_PERFECT, "exact: perfect counter"),
    "PositionOnlyCartPole": (_PERFECT, "exact: bound of the reward"),
    "VelocityOnlyCartpole": (_PERFECT, "exact: bound of the reward"),
    "NoisyPositionOnlyCartPole": ((0.991, 0.604, 0.372), "measured: Kalman filter and LQR"),
    "PositionOnlyPendulum": ((0.911, 0.882, 0.823), "measured: dynamic programming on the full state"),
    "NoisyPositionOnlyPendulum": ((0.911, 0.911, 0.911), "measured: dynamic programming on the full state, no noise"),
    "MultiarmedBandit": ((0.653, 0.746, 0.774), "measured: Thompson sampling"),
    "HigherLower": ((0.529, 0.516, 0.512), "measured: card counting"),
    "Battleship": ((0.514, 0.583, 0.588), "measured: density search with perfect memory"),
    "Concentration": ((0.816, 0.811, 0.697), "measured: greedy play with perfect memory"),
    "MineSweeper": ((0.772, 0.589, None), "measured: greedy play on the exact posterior"),
    "LabyrinthEscape": ((0.979, 0.965, 0.947), "measured: shortest path on the full map"),
}

_OTHER_TOLERANCES = {
    "popgym-HigherLowerEasy-v0": 0.015,
    "popgym-HigherLowerMedium-v0": 0.009,
    "popgym-HigherLowerHard-v0": 0.007,
    "popgym-MineSweeperMedium-v0": 0.1,
}


CEILINGS: dict[str, Ceiling] = {
    env_id: Ceiling(value, _OTHER_TOLERANCES.get(env_id, _TOLERANCE), source)
    for family, (values, source) in _FAMILIES.items()
    for level, value in zip(("Easy", "Medium", "Hard"), values, strict=True)
    for env_id in [f"popgym-{family}{level}-v0"]
    if value is not None
}


def known_ceiling(env_id: str) -> Ceiling | None:
    """The ceiling of a task by its id, with or without `module:` before it; None where none is known."""
    return CEILINGS.get(env_id.rpartition(":")[2])
