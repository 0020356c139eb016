"""Rules about the policy and its data: does it still explore, and is no rollout too old?"""

from __future__ import annotations

from gwt_ib.gatecheck.context import SMOOTHING_ROWS, Measured, RuleContext
from gwt_ib.gatecheck.findings import Evidence
from gwt_ib.gatecheck.rule import NumberRule
from gwt_ib.runs.metrics import BY_NAME, COLLAPSED_ENTROPY
from gwt_ib.runs.threshold import Threshold

COLLAPSED_DIFFERENTIAL_ENTROPY = 4.0  # nats below the highest


class EntropyCollapsed(NumberRule):
    kind = "entropy_collapsed"  # a discrete policy's entropy is never below 0, that of continuous actions may be
    follows = "entropy"
    asks = "Does the policy still explore?"
    remedy = BY_NAME["entropy"].remedy
    mean_of = SMOOTHING_ROWS

    def threshold_of(self, context: RuleContext) -> Threshold:
        highest, lowest = context.history.entropy_max or 0.0, context.history.entropy_min or 0.0
        differential = lowest < 0.0
        limit = highest - COLLAPSED_DIFFERENTIAL_ENTROPY if differential else COLLAPSED_ENTROPY * highest
        return Threshold(low=limit, strict=True)

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        highest = context.history.entropy_max or 0.0
        summary = f"Entropy is {value:.3g} nats over the last updates; its highest was {highest:.3g}"
        if threshold.holds(value):
            return "pass", f"{summary}.", ""
        if context.ends_at_ceiling:
            return "pass", f"{summary}; returns are at the task's ceiling.", ""
        next_step = (
            "If evaluations have stopped improving, raise ent_coef or lower lr; a solved task may end like this too."
        )
        return "warn", f"{summary}: the policy has stopped exploring.", next_step


class PolicyLagExceeded(NumberRule):
    kind = "policy_lag_exceeded"
    follows = "policy_lag_max"
    asks = "Is no rollout older than max_policy_lag allows?"
    remedy = BY_NAME["policy_lag_max"].remedy

    def measure(self, context: RuleContext) -> Measured:
        lags = context.history.recent_steps("policy_lag_max")
        if not lags:
            return None, ()
        step, lag = max(reversed(lags), key=lambda entry: entry[1])
        return lag, (Evidence("policy_lag_max", lag, step),)

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        limit = context.config.max_policy_lag
        if threshold.holds(value):
            return "pass", f"No rollout was more than {limit} versions behind the learner.", ""
        next_step = (
            "Data is staler than max_policy_lag allows: see the events for actors that died or stalled, and report it."
        )
        return "warn", f"A rollout was {value:g} versions behind the learner; max_policy_lag is {limit}.", next_step
