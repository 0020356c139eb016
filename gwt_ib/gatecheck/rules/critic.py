"""Rules about the critic: does it explain the returns, and does it keep what it has learnt?"""

from __future__ import annotations

import math

import numpy as np

from gwt_ib.config import Config
from gwt_ib.gatecheck.context import SMOOTHING_ROWS, RuleContext, average
from gwt_ib.gatecheck.findings import Evidence, Finding
from gwt_ib.gatecheck.rule import NumberRule, Rule
from gwt_ib.lenient import real
from gwt_ib.runs.metrics import BY_NAME
from gwt_ib.runs.threshold import Threshold

EXPLAINED_VARIANCE_DROP = 0.1
FEWEST_TREND_ROWS = 20


class ExplainedVarianceLow(NumberRule):
    kind = "explained_variance_low"
    follows = "explained_variance"
    asks = "Does the critic explain at least half of the returns' variance? TD errors of a poor critic are noise."
    remedy = BY_NAME["explained_variance"].remedy
    mean_of = SMOOTHING_ROWS

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        summary = f"Explained variance is {value:.3g} over the last updates"
        if threshold.holds(value):
            return "pass", f"{summary}.", ""
        if not context.is_late:
            return "wait", f"{summary}, {context.progress}.", context.judged_from
        next_step = (
            f"Try half and double lr = {context.config.lr:g}, raise rollout_steps or vf_coef: "
            "TD errors of a poor critic are noise."
        )
        return "warn", f"{summary}, below {threshold.low:g}.", next_step


class ExplainedVarianceFalling(Rule):
    kind = "explained_variance_falling"
    follows = "explained_variance"
    asks = "Does the critic keep what it has learnt, over the last 50 updates?"
    remedy = "lower lr or epochs; see whether approx_kl and clip_fraction are high"

    def threshold(self, config: Config) -> Threshold:
        return Threshold(high=EXPLAINED_VARIANCE_DROP, name="fall")

    def judge(self, context: RuleContext) -> Finding:
        values = context.history.recent_steps("explained_variance")
        if len(values) < FEWEST_TREND_ROWS:
            summary = (
                f"{len(values)} of the {FEWEST_TREND_ROWS} updates needed to see a trend of the explained variance."
            )
            next_step = f"Wait for {FEWEST_TREND_ROWS - len(values)} more updates."
            return self.finding(context, "wait", summary, (), next_step)
        half = len(values) // 2
        before, after = [value for _, value in values[:half]], [value for _, value in values[half:]]
        was, now = average(before), average(after)
        with np.errstate(over="ignore"):
            error = math.sqrt(np.var(before) / (len(before) - 1) + np.var(after) / (len(after) - 1))
        small = Threshold(high=max(EXPLAINED_VARIANCE_DROP, 2 * error), name="fall")
        evidence = (
            Evidence("explained_variance", was, values[half - 1][0]),
            Evidence("explained_variance", now, values[-1][0]),
            Evidence("explained_variance_fall", real(was - now), values[-1][0]),
        )
        summary = f"Explained variance went from {was:.3g} to {now:.3g} over the last {len(values)} updates"
        if small.holds(was - now):
            return self.finding(context, "pass", f"{summary}.", evidence, threshold=small)
        next_step = "The critic loses track: lower lr or epochs, and see whether approx_kl and clip_fraction are high."
        return self.finding(context, "warn", f"{summary}: it is falling.", evidence, next_step, small)
