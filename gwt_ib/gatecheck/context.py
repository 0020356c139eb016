"""What GateCheck's rules read: a run's history and configuration, and what follows from them, worked out once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gwt_ib.config import Config
from gwt_ib.gatecheck.ceilings import known_ceiling
from gwt_ib.gatecheck.curve import Bins, bins_of
from gwt_ib.gatecheck.findings import Evidence
from gwt_ib.gatecheck.history import Evaluation, History
from gwt_ib.gatecheck.statistics import Doubles, seed_differences, sign_flip_p_value

FEWEST_EVALUATIONS = 4
LATE_SHARE = 0.5  # rules about a trained agent judge from this share of the run on
SMOOTHING_ROWS = 10
Measured = tuple[float | None, tuple[Evidence, ...]]
"""A number, none while it is not known, and the evidence whose last piece it is."""


@dataclass(frozen=True)
class Improvement:
    """The oldest third of the evaluations (`early`) against the newest (`late`).

    `part` is how many evaluations each third holds, of `kept` in all; `early` and `late` are mean returns, None where
    every return was null.
    """

    part: int
    kept: int
    seeds: int
    early: float | None
    late: float | None
    early_step: int | None
    late_step: int | None
    p_value: float

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The two means and the p-value."""
        return (
            Evidence("eval_return", self.early, self.early_step),
            Evidence("eval_return", self.late, self.late_step),
            Evidence("eval_p_value", self.p_value, self.late_step),
        )


class RuleContext:
    """A run's history and configuration with what follows from them.

    `warned` says whether a rule that only warns does so; it is known to the rules that decide, which are judged last.
    """

    def __init__(self, history: History, config: Config) -> None:
        self.history = history
        self.config = config
        self.warned = False
        self.ceiling = known_ceiling(config.env_id)

    @property
    def late_update(self) -> int:
        """The update from which on the agent counts as trained."""
        return math.ceil(self.config.num_updates * LATE_SHARE)

    @property
    def is_late(self) -> bool:
        """Whether the agent counts as trained."""
        return (self.history.update or 0) >= self.late_update

    @property
    def judged_from(self) -> str:
        """The next step of a rule that waits for that update."""
        return f"Judged from update {self.late_update} on."

    @property
    def progress(self) -> str:
        """How far the run is, as a part of a sentence."""
        update, of = self.history.update, self.config.num_updates
        return f"before update 1 of {of}" if update is None else f"at update {update} of {of}"

    @cached_property
    def improvement(self) -> Improvement | None:
        """None while there are too few evaluations."""
        evaluations = self.history.evaluations()
        if len(evaluations) < FEWEST_EVALUATIONS:
            return None
        part = len(evaluations) // 3
        early, late = _returns(evaluations[:part]), _returns(evaluations[-part:])
        differences = seed_differences(early, late)
        return Improvement(
            part=part,
            kept=len(evaluations),
            seeds=differences.size,
            early=_known_mean(early),
            late=_known_mean(late),
            early_step=evaluations[part - 1].env_steps,
            late_step=evaluations[-1].env_steps,
            p_value=sign_flip_p_value(differences),
        )

    def at_ceiling(self, mean_return: float | None) -> bool:
        """Whether a mean return is at the task's known ceiling; it is not where either is unknown."""
        return self.ceiling is not None and mean_return is not None and self.ceiling.reached(mean_return)

    @property
    def ends_at_ceiling(self) -> bool:
        """Whether the newest third of the evaluations is at the ceiling."""
        return self.improvement is not None and self.at_ceiling(self.improvement.late)

    @cached_property
    def curve(self) -> Bins | None:
        """The bins of the newest gate curve that hold steps; none where there is no curve."""
        return bins_of(self.history.latest.get("gate_curve"))

    def of_curve(self, number: Callable[[Bins], Doubles]) -> Measured:
        """A number of the newest gate curve; none where there is no curve."""
        if self.curve is None:
            return None, ()
        value = float(number(self.curve))
        return value, (Evidence("gate_curve", value, self.history.env_steps),)

    def mean(self, name: str, rows: int) -> Measured:
        """The mean of a metric over its newest `rows`, and the same as evidence; of one row any metric's value."""
        if rows == 1:
            value = self.history.value(name)
        else:
            values = self.history.recent(name, rows)
            value = average(values) if values else None
        return value, (Evidence(name, value, self.history.env_steps),)


def average(values: list[float]) -> float:
    """The mean of finite numbers, which is finite too: their sum might not be."""
    return sum(value / len(values) for value in values)


def _returns(evaluations: list[Evaluation]) -> Doubles:
    return np.stack([evaluation.returns for evaluation in evaluations])


def _known_mean(returns: Doubles) -> float | None:
    known = returns[np.isfinite(returns)]
    return average(known.tolist()) if known.size else None
