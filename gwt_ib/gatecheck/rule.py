"""What a rule of GateCheck is: one object that knows what it asks, where its number passes, and what to do if not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from gwt_ib.config import Config
from gwt_ib.gatecheck.context import Measured, RuleContext
from gwt_ib.gatecheck.findings import Evidence, Finding
from gwt_ib.runs.metrics import BY_NAME
from gwt_ib.runs.threshold import Threshold


class Rule(ABC):
    """One rule: a class in a file of `rules/`, and an object of it in the list `rules.RULES`.

    `asks` says in a sentence what it is for. `follows` is the metric, or the number of the gate curve, whose course
    shows how the status came about. `remedy` is what to do in general, for rules about a metric by itself the metric's
    own; a finding's `next_step` says it for one run at one moment, with its numbers.
    """

    kind: ClassVar[str]
    follows: ClassVar[str]
    asks: ClassVar[str]
    remedy: ClassVar[str]
    decides: ClassVar[bool] = False
    mean_of: ClassVar[int] = 1
    """Of how many of the newest updates its number is the mean; the metric by itself is that of the newest."""

    def threshold(self, config: Config) -> Threshold:
        """Where its number passes: unless a rule says otherwise, in the healthy range of the metric that it follows."""
        return BY_NAME[self.follows].threshold(config) or Threshold()

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
        """A finding of this rule; `threshold` where it follows from the run and not from the configuration alone."""
        if threshold is None:
            threshold = self.threshold(context.config)
        return Finding(
            self.kind, status, summary, next_step, evidence, str(threshold), threshold.limits, decides=self.decides
        )


class NumberRule(Rule):
    """A rule that waits until its number is known, and then says in words how it compares with the threshold."""

    metric: ClassVar[str] = ""
    """What is recorded of its number, where that is not the metric that it follows."""

    def judge(self, context: RuleContext) -> Finding:
        """Wait for the number, then compare it."""
        value, evidence = self.measure(context)
        if value is None:
            metric = self.metric or self.follows
            return self.finding(
                context, "wait", f"{metric} is not known yet.", (), f"Wait for an update with a finite {metric}."
            )
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
