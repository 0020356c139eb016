"""What a rule of GateCheck is, and the context that it reads: a run's history, its settings and what follows from them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gwt_ib.config import Config
from gwt_ib.gatecheck.causes import first_cause
from gwt_ib.gatecheck.ceilings import known_ceiling
from gwt_ib.gatecheck.findings import NOT_ASKED, Evidence, Finding
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.looks import look_at
from gwt_ib.gatecheck.statistics import (
    Bins,
    Doubles,
    bins_of,
    episode_spread,
    seed_differences,
    sign_flip_p_value,
)
from gwt_ib.runs.metrics import BY_NAME, Threshold

FEWEST_EVALUATIONS = 4
LATE_SHARE = 0.5  # rules about a trained agent judge from this share of the run on
FAILING_SHARE = 2 / 3  # evaluations that do not improve may still do so before this share of the run
LEAST_RISE = 0.5
"""The share of the spread of an evaluation's episodes that a rise of the mean return takes to count."""

SMOOTHING_ROWS = 10
SATURATED = 0.02  # c is that near 0 or 1, on average
CONSTANT = 0.01  # a standard deviation of c that is less is none
Measured = tuple[float | None, tuple[Evidence, ...]]
"""A number, none while it is not known, and the evidence whose last piece it is."""


@dataclass(frozen=True)
class Improvement:
    """The oldest tenth of the evaluations, at least two, against the newest third, at the newest look.

    Many tasks are learnt within the first few evaluations, so the early ones are few. `first` and `last` are how many
    evaluations each part holds, of the `kept` ones that the look is over; `early` and `late` are mean returns, None where
    every return was null. The look's test has the level `level`. `least` is the rise that is needed beside: `LEAST_RISE`
    of the spread of an evaluation's episodes. A policy that merely wanders takes all seeds with it, which no test over
    seeds tells from one that learns.
    """

    first: int
    last: int
    kept: int
    seeds: int
    early: float | None
    late: float | None
    p_value: float
    level: float
    least: float
    evidence: tuple[Evidence, ...]

    @property
    def rise(self) -> float | None:
        """How much more the late evaluations return."""
        return None if self.early is None or self.late is None else self.late - self.early

    @property
    def rises(self) -> bool:
        """Whether returns rise, beyond chance and by enough to count."""
        return self.p_value <= self.level and (self.rise or 0.0) > self.least


class RuleContext:
    """A run's history and configuration with what follows from them, worked out once.

    `lives` says whether the run goes on, so that its settings may be changed: its history does not tell whether it was
    stopped (`ended`). `warned` says whether a rule that only warns does so; it is known to the rules that decide, which are
    judged last. `is_late` says whether the agent counts as trained; until then the next step of a rule may be
    `judged_from`. `has_had_its_time` says whether a run whose evaluations do not improve fails; until then it waits
    (`fails_from`). `evaluated_to_the_end` says whether the last evaluation that is planned has had its turn. `curve` are
    the bins of the newest gate curve, `spread_of_c` is the standard deviation of c in the last ten rollouts, `ceiling` is
    the task's, `progress` a part of a sentence.
    """

    def __init__(self, history: History, config: Config, *, ended: bool = False) -> None:
        self.history = history
        self.config = config
        self.lives = not ended and (history.update or 0) < config.num_updates
        self.warned = False
        self.ceiling = known_ceiling(config.env_id)
        self.curve = bins_of(history.latest.get("gate_curve"))
        self.spread_of_c = history.spread_of_c()
        last_evaluation = config.eval_every and config.num_updates // config.eval_every * config.eval_every
        self.evaluated_to_the_end = bool(last_evaluation) and (history.update or 0) >= last_evaluation
        self.improvement = _improvement(history, ended=self.evaluated_to_the_end)
        self.ends_at_ceiling = self.improvement is not None and self.at_ceiling(self.improvement.late)
        late, update = math.ceil(config.num_updates * LATE_SHARE), history.update
        self.is_late = (update or 0) >= late
        self.judged_from = f"Judged from update {late} on."
        failing = math.ceil(config.num_updates * FAILING_SHARE)
        self.has_had_its_time = (update or 0) >= failing
        self.fails_from = f"It can fail from update {failing} on."
        self.progress = f"{'before update 1' if update is None else f'at update {update}'} of {config.num_updates}"

    def in_new_run(self, advice: str, *, live: bool = False) -> str:
        """Advice about settings, which only a run that goes on can follow, and only where they are all `live`."""
        return advice if live and self.lives else f"In a new run: {advice[:1].lower()}{advice[1:]}"

    def wait(self, advice: str) -> str:
        """What to wait for; of a run that has ended, what would go on with it."""
        if self.lives:
            return advice
        ran_to_its_end = (self.history.update or 0) >= self.config.num_updates
        return (
            "A longer run would tell (total_timesteps)."
            if ran_to_its_end
            else "The run ended early: resume it to know."
        )

    def at_ceiling(self, mean_return: float | None) -> bool:
        """Whether a mean return is at the task's known ceiling; it is not where either is unknown."""
        return self.ceiling is not None and mean_return is not None and self.ceiling.reached(mean_return)

    def of_curve(self, number: Callable[[Bins], Doubles]) -> Measured:
        """A number of the newest gate curve; none where there is no curve."""
        if self.curve is None:
            return None, ()
        value = float(number(self.curve))
        return value, (Evidence("gate_curve", value, self.history.env_steps),)

    def mean(self, name: str, rows: int = 1) -> Measured:
        """The mean of a metric over its newest `rows`, and the same as evidence; of one row any metric's value."""
        if rows == 1:
            value = self.history.value(name)
        else:
            values = self.history.recent(name, rows)
            value = average(values) if values else None
        return value, (Evidence(name, value, self.history.env_steps),)


class Rule(ABC):
    """One rule: a class in a file of `rules/`, and an object of it in the list `rules.RULES`.

    `asks` says in a sentence what it is for. `follows` is the metric, or the number of the gate curve, whose course
    shows how the status came about; `mean_of` is over how many of the newest updates its mean is taken. `passing` is
    where the number passes, if that is not the metric's healthy range.
    """

    kind: ClassVar[str]
    follows: ClassVar[str]
    asks: ClassVar[str]
    decides: ClassVar[bool] = False
    mean_of: ClassVar[int] = 1
    passing: ClassVar[Threshold | None] = None

    @property
    def remedy(self) -> str:
        """What to do in general, unless a rule says otherwise the metric's own; `next_step` says it for one run."""
        return BY_NAME[self.follows].remedy

    def threshold(self, config: Config) -> Threshold:
        """Where the number passes under a configuration."""
        return self.passing or BY_NAME[self.follows].threshold(config) or Threshold()

    @abstractmethod
    def judge(self, context: RuleContext) -> Finding:
        """What the rule says of a run, with the next step to try where it does not pass."""

    def finding(
        self,
        context: RuleContext,
        status: str,
        summary: str,
        evidence: tuple[Evidence, ...] = (),
        next_step: str = "",
        threshold: Threshold | None = None,
    ) -> Finding:
        """A finding of this rule; `threshold` where it follows from the run and not from the configuration alone.

        A setting that explains why it does not pass is named in place of any other next step.
        """
        if status in ("fail", "warn") or (self.decides and status == "wait"):
            next_step = first_cause(context.config, self.kind) or next_step
        used = threshold or self.threshold(context.config)
        return Finding(self.kind, status, summary, next_step, evidence, str(used), used.limits, decides=self.decides)


class NumberRule(Rule):
    """A rule that waits until its number is known, and then says in words how it compares with the threshold."""

    metric: ClassVar[str] = ""
    """The metric that its number is worked out from, where that is not the one that it follows."""
    gates: ClassVar[tuple[str, ...]] = ()
    """The kinds of gates that it can be asked of; none: all. Of another kind the answer is known beforehand."""

    def judge(self, context: RuleContext) -> Finding:
        """Wait for the number, then compare it."""
        if self.gates and context.config.gate not in self.gates:
            summary = f"Not asked of gate = {context.config.gate}, only of {' and '.join(self.gates)}."
            return Finding(self.kind, "pass", summary, threshold=NOT_ASKED)
        value, evidence = self.measure(context)
        if value is None:
            metric = self.metric or self.follows
            next_step = context.wait(f"Wait for an update with a finite {metric}.")
            return self.finding(context, "wait", f"{metric} is not known yet.", (), next_step)
        threshold = self.threshold_of(context)
        status, summary, next_step = self.compare(context, value, threshold)
        return self.finding(context, status, summary, evidence, next_step, threshold)

    def measure(self, context: RuleContext) -> Measured:
        """The number, and the same as evidence."""
        return context.mean(self.follows, self.mean_of)

    def threshold_of(self, context: RuleContext) -> Threshold:
        """The threshold once the number is known; that of some rules follows from the run."""
        return self.threshold(context.config)

    @abstractmethod
    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        """Status, summary and next step, which is empty where the rule passes."""


def average(values: list[float]) -> float:
    """The mean of finite numbers, which is finite too: their sum might not be."""
    return sum(value / len(values) for value in values)


def _improvement(history: History, *, ended: bool) -> Improvement | None:
    """None while there are too few evaluations."""
    evaluations = history.evaluations()
    look = look_at(len(evaluations), FEWEST_EVALUATIONS, ended=ended)
    if look is None:
        return None
    evaluations, last = evaluations[: look.count], look.count // 3
    first = min(last, max(2, look.count // 10))
    table = np.stack([found.returns for found in evaluations])
    early, late = table[:first], table[-last:]
    differences = seed_differences(early, late)
    p_value, means = sign_flip_p_value(differences), (_known_mean(early), _known_mean(late))
    evidence = (
        Evidence("eval_return", means[0], evaluations[first - 1].env_steps),
        Evidence("eval_return", means[1], evaluations[-1].env_steps),
        Evidence("eval_p_value", p_value, evaluations[-1].env_steps),
    )
    least = LEAST_RISE * episode_spread(table)
    return Improvement(first, last, look.count, differences.size, *means, p_value, look.level, least, evidence)


def _known_mean(returns: Doubles) -> float | None:
    known = returns[np.isfinite(returns)]
    return average(known.tolist()) if known.size else None
