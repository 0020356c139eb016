"""What the learned gate is worth against each replacement: returns paired by seed, pooled over the late evaluations.

All evaluations of a run play the same seeds, so those of different updates are no new episodes: they share hard and easy
ones, and a policy that moves slowly makes the same mistakes again. What is independent is one seed of another. So the
differences of each seed are averaged over the newer half of the evaluations that a look has, and the test and the
interval are over seeds: whether the gate matters to *these* snapshots, on any episodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gwt_ib.gatecheck.findings import Effect
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.looks import look_at
from gwt_ib.gatecheck.statistics import Doubles, mean_interval, sign_flip_p_value
from gwt_ib.lenient import real
from gwt_ib.replacements import REPLACEMENTS

FEWEST_SEEDS = 7  # the fewest whose smallest p-value, 0.5^7, is below the last look's level


@dataclass(frozen=True)
class PairedTest:
    """The learned gate against one replacement at a look of the level `level`.

    `better` and `worse` are the one-sided p-values of its being better or worse; `differences` are those of the seeds.
    """

    effect: Effect
    differences: Doubles
    level: float
    better: float
    worse: float

    def reach(self, level: float) -> tuple[float, float]:
        """What the gate is worth at least and at most, each with a probability of being wrong of `level`."""
        return mean_interval(self.differences, 1.0 - 2.0 * level)


def paired_tests(history: History, *, ended: bool) -> dict[str, PairedTest]:
    """A test of each replacement that was played on enough seeds, in the order of `REPLACEMENTS`."""
    found = {word: _paired_test(word, history, ended=ended) for word in REPLACEMENTS}
    return {word: test for word, test in found.items() if test is not None}


def _paired_test(word: str, history: History, *, ended: bool) -> PairedTest | None:
    pairs = history.pairs(word)
    look = look_at(len(pairs), 1, ended=ended)
    if look is None:
        return None
    late = pairs[look.count // 2 : look.count]
    with np.errstate(over="ignore", invalid="ignore"):
        table = np.stack([evaluation.learned - evaluation.replaced for evaluation in late])
    known = np.isfinite(table)
    seeds = known.any(axis=0)
    if int(seeds.sum()) < FEWEST_SEEDS:
        return None
    differences = (np.where(known, table, 0.0) / np.maximum(known.sum(axis=0), 1))[:, seeds].sum(axis=0)
    rounding = 1e-12 * max(float(np.nanmax(np.abs(evaluation.learned[seeds]))) for evaluation in late)
    differences[np.abs(differences) <= rounding] = 0.0
    low, high = mean_interval(differences)
    mean = float((differences / differences.size).sum())
    effect = Effect(
        gate=word,
        difference=real(0.0 if abs(mean) <= rounding else mean),
        low=real(low),
        high=real(high),
        episodes=int(known.sum()),
        step=late[-1].env_steps,
    )
    p_values = sign_flip_p_value(differences), sign_flip_p_value(-differences)
    return PairedTest(effect, differences, look.level, *p_values)
