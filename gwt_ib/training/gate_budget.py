"""When a run's scheduled evaluations also play replaced gates, and how many: as much as fits in a small part of the run.

Counted in steps and never in seconds, so that a run that is resumed, or begun again with its seed, plays the same episodes
on any machine. A computed step of an evaluation counts as a step of training, which takes twice as long where learning takes
its share, as with POPGym's tasks. Where nearly all time is the environment's, N actors share it and the evaluator does
not: there the part of the time is up to N times as large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gwt_ib.config import Config
from gwt_ib.lenient import whole
from gwt_ib.replacements import DECISIVE, sensible
from gwt_ib.rollout.evaluation import OVERHEAD_ROWS, Played
from gwt_ib.rollout.replaced_gate import PRIOR, Replaced

LEAST = 5
"""Episodes with each replacement that are worth a look."""
LEAST_LAST = 2
"""The same for the run's last look: there is no later one to save for."""
SAVED = 2 / 3
"""Part of what is earned that is kept for the last look, which sees the final weights; never more than that needs."""
OTHERS_EVERY = 6
"""Looks of which one is at the replacements that no verdict needs."""


@dataclass(frozen=True)
class Look:
    """What is due: each of `words` in the place of the gate, in the same `episodes`, for at most so many computed steps."""

    words: tuple[str, ...]
    episodes: tuple[int, ...]
    most_steps: int
    longest: int
    """Steps that the longest of them is expected to take."""


@dataclass
class GateBudget:
    """What has been spent, and what is next: a pure function of the looks so far."""

    spent: int = 0
    """Computed steps so far."""
    looks: int = 0
    seed: int = 0
    """The episode that is next in turn."""
    longest: int = 0
    """Steps of the longest episode of the newest look."""

    def due(self, config: Config, update: int, learned: Played) -> Look | None:
        """The look of this update's evaluation, which is given; None while too little is left for one."""
        words = sensible(config.gate)
        deciding = tuple(word for word in DECISIVE if word in words)
        if len(deciding) < len(DECISIVE) or learned.longest < 1:
            return None
        last = update + config.eval_every > config.num_updates
        share = config.eval_gate_share * config.steps_per_update
        earned = share * (config.num_updates if last else update)
        left, longest = earned - self.spent, max(learned.longest, self.longest)
        others = tuple(word for word in words if word not in deciding)
        if last:
            words = words if left >= _cost(words, config.eval_episodes, config, longest) else deciding
        else:
            left -= min(SAVED * earned, _cost(words, config.eval_episodes, config, longest))
            words = others if others and self.looks % OTHERS_EVERY == OTHERS_EVERY - 1 else deciding
        size = _most_episodes(words, config, longest, left)
        if size < min(config.eval_episodes, LEAST_LAST if last else LEAST):
            return None
        episodes = sorted((self.seed + i) % config.eval_episodes for i in range(size))
        return Look(words, tuple(episodes), int(left), longest)

    def took(self, look: Look, found: Replaced) -> None:
        """Count a look. One that was given up comes again when there is enough for episodes twice as long."""
        self.spent += found.steps
        if not found.returns:
            self.longest = 2 * look.longest
            return
        self.longest = found.longest
        self.looks += 1
        self.seed += len(look.episodes)

    def state(self) -> dict[str, int]:
        """What a snapshot keeps."""
        return asdict(self)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot; one of a run that had no such looks knows nothing."""
        for name in asdict(self):
            setattr(self, name, max(0, whole(state.get(name)) or 0))


def _cost(words: Sequence[str], episodes: int, config: Config, longest: int) -> int:
    """Computed steps of so many episodes with each of some replacements, which are played side by side but for `PRIOR`."""
    alone = episodes if PRIOR in words else 0
    together = len(words) * episodes - alone
    parts = -(-together // config.eval_episodes) + -(-alone // config.eval_episodes)
    return longest * (together + alone + OVERHEAD_ROWS * parts)


def _most_episodes(words: Sequence[str], config: Config, longest: int, most_steps: float) -> int:
    """How many can be played with each replacement for so many computed steps; 0 where not even one can."""
    sizes = range(config.eval_episodes, 0, -1)
    return next((size for size in sizes if _cost(words, size, config, longest) <= most_steps), 0)
