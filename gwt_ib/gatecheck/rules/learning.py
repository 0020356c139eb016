"""Rules about what is learnt: does the critic explain the returns, does the policy explore, is no rollout too old?"""

from __future__ import annotations

import math

import numpy as np

from gwt_ib.gatecheck.findings import Evidence, Finding
from gwt_ib.gatecheck.rule import SMOOTHING_ROWS, Measured, NumberRule, Rule, RuleContext, average
from gwt_ib.lenient import real
from gwt_ib.runs.metrics import COLLAPSED_ENTROPY, Threshold

EXPLAINED_VARIANCE_DROP = 0.1
FEWEST_TREND_ROWS = 20
COLLAPSED_DIFFERENTIAL_ENTROPY = 4.0  # nats below the highest


class CriticExplainsReturns(NumberRule):
    kind = "critic_explains_returns"
    follows = "explained_variance"
    asks = "Does the critic explain at least half of the returns' variance? TD errors of a poor critic are noise."
    mean_of = SMOOTHING_ROWS

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        summary = f"Explained variance is {value:.3g} over the last updates"
        if threshold.contains(value):
            return "pass", f"{summary}.", ""
        if not context.is_late:
            return "wait", f"{summary}, {context.progress}.", context.judged_from
        next_step = context.in_new_run(
            f"Try half and double lr = {context.config.lr:g}, raise rollout_steps or vf_coef: "
            "TD errors of a poor critic are noise."
        )
        return "warn", f"{summary}, below {threshold.low:g}.", next_step


class CriticKeepsUp(Rule):
    kind = "critic_keeps_up"
    follows = "explained_variance"
    asks = "Does the critic keep what it has learnt, over the last 50 updates?"
    remedy = "lower lr or epochs; see whether approx_kl and clip_fraction are high"
    passing = Threshold(high=EXPLAINED_VARIANCE_DROP, name="fall")

    def judge(self, context: RuleContext) -> Finding:
        rows = context.history.recent_steps(self.follows)
        if len(rows) < FEWEST_TREND_ROWS:
            summary = f"{len(rows)} of the {FEWEST_TREND_ROWS} updates needed to see a trend of the explained variance."
            next_step = context.wait(f"Wait for {FEWEST_TREND_ROWS - len(rows)} more updates.")
            return self.finding(context, "wait", summary, (), next_step)
        half = len(rows) // 2
        before, after = [value for _, value in rows[:half]], [value for _, value in rows[half:]]
        was, now = average(before), average(after)
        with np.errstate(over="ignore"):
            error = math.sqrt(np.var(before) / (len(before) - 1) + np.var(after) / (len(after) - 1))
        small = Threshold(high=max(EXPLAINED_VARIANCE_DROP, 2 * error), name="fall")
        evidence = (
            Evidence("explained_variance", was, rows[half - 1][0]),
            Evidence("explained_variance", now, rows[-1][0]),
            Evidence("explained_variance_fall", real(was - now), rows[-1][0]),
        )
        summary = f"Explained variance went from {was:.3g} to {now:.3g} over the last {len(rows)} updates"
        if small.contains(was - now):
            return self.finding(context, "pass", f"{summary}.", evidence, threshold=small)
        lower = "lower lr (live)" if context.lives else "in a new run lower lr or epochs"
        next_step = f"The critic loses track: see whether approx_kl and clip_fraction are high, and {lower}."
        return self.finding(context, "warn", f"{summary}: it is falling.", evidence, next_step, small)


class PolicyStillExplores(NumberRule):
    kind = "policy_still_explores"  # a discrete policy's entropy is never below 0, that of continuous actions may be
    follows = "entropy"
    asks = "Does the policy still explore?"
    mean_of = SMOOTHING_ROWS

    def threshold_of(self, context: RuleContext) -> Threshold:
        highest, lowest = context.history.entropy_max or 0.0, context.history.entropy_min or 0.0
        differential = lowest < 0.0
        limit = highest - COLLAPSED_DIFFERENTIAL_ENTROPY if differential else COLLAPSED_ENTROPY * highest
        return Threshold(low=limit, strict=True)

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        highest = context.history.entropy_max or 0.0
        summary = f"Entropy is {value:.3g} nats over the last updates; its highest was {highest:.3g}"
        if threshold.contains(value):
            return "pass", f"{summary}.", ""
        if context.ends_at_ceiling:
            return "pass", f"{summary}; returns are at the task's ceiling.", ""
        next_step = context.in_new_run(
            "If evaluations have stopped improving, raise ent_coef or lower lr; a solved task may end like this too.",
            live=True,
        )
        return "warn", f"{summary}: the policy has stopped exploring.", next_step


class RolloutsAreFresh(NumberRule):
    kind = "rollouts_are_fresh"
    follows = "policy_lag_max"
    asks = "Is no rollout older than max_policy_lag allows?"

    def measure(self, context: RuleContext) -> Measured:
        lags = context.history.recent_steps(self.follows)
        if not lags:
            return None, ()
        step, lag = max(reversed(lags), key=lambda entry: entry[1])
        return lag, (Evidence(self.follows, lag, step),)

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        limit = context.config.max_policy_lag
        if threshold.contains(value):
            return "pass", f"No rollout was more than {limit} versions behind the learner.", ""
        next_step = (
            "Data is staler than max_policy_lag allows: see the events for actors that died or stalled, and report it."
        )
        return "warn", f"A rollout was {value:g} versions behind the learner; max_policy_lag is {limit}.", next_step


RULES = (CriticExplainsReturns(), CriticKeepsUp(), PolicyStillExplores(), RolloutsAreFresh())
