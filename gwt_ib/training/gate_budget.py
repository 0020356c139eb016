"""When a run's scheduled evaluations also play replaced gates, and how many: as much as fits in a small part of the run.

Counted in steps and not in seconds, so that a run that is resumed, or begun again with its seed, plays the same episodes.
N actors make N steps at a time and the evaluator one, so a step of it counts as N of the run's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gwt_ib.config import Config
from gwt_ib.lenient import whole
from gwt_ib.replacements import DECISIVE, sensible
from gwt_ib.rollout.evaluation import OVERHEAD_ROWS
from gwt_ib.rollout.replaced_gate import Replaced

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

    def due(self, config: Config, update: int, longest: int) -> Look | None:
        """The look of this update's evaluation, whose longest episode is given; None while too little is left for one."""
        words = sensible(config.gate)
        deciding = tuple(word for word in DECISIVE if word in words)
        if len(deciding) < len(DECISIVE) or longest < 1:
            return None
        last = update + config.eval_every > config.num_updates
        earned = self._allowed(config, config.num_updates if last else update)
        left = earned - self.spent
        longest = max(longest, self.longest)
        whole_set = longest * (config.eval_episodes + OVERHEAD_ROWS)
        others = tuple(word for word in words if word not in deciding)
        if last:
            words = deciding + others if left >= len(words) * whole_set else deciding
        else:
            left -= min(SAVED * earned, len(words) * whole_set)
            words = others if others and self.looks % OTHERS_EVERY == OTHERS_EVERY - 1 else deciding
        size = min(config.eval_episodes, int(left / (len(words) * longest)) - OVERHEAD_ROWS)
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
        return dict(vars(self))

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot; one of a run that had no such looks knows nothing."""
        for name in vars(self):
            setattr(self, name, max(0, whole(state.get(name)) or 0))

    @staticmethod
    def _allowed(config: Config, update: int) -> float:
        """Computed steps that may have been spent by this update."""
        return config.eval_gate_share * update * config.steps_per_update / config.num_actors
