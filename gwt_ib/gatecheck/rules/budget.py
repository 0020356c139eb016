"""Rules about the gate's budget: is the mean gate near it, and is the bias that moves it there free to move?"""

from __future__ import annotations

from gwt_ib.gatecheck.context import RuleContext
from gwt_ib.gatecheck.rule import NumberRule
from gwt_ib.runs.metrics import BUDGET_TOLERANCE, BY_NAME
from gwt_ib.runs.threshold import Threshold


class MeanCOffTarget(NumberRule):
    kind = "mean_c_off_target"
    follows = "mean_c"
    asks = "Is the mean gate near its budget once lambda_c is warmed up?"
    remedy = BY_NAME["mean_c"].remedy

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        config = context.config
        if config.lambda_c == 0.0:
            return "pass", f"mean_c = {value:.3f}; lambda_c = 0, so no budget draws it anywhere.", ""
        if (context.history.update or 0) <= config.budget_warmup_updates:
            summary = f"mean_c = {value:.3f}; lambda_c is still warming up, {context.progress}."
            return "wait", summary, f"Judged after update {config.budget_warmup_updates}."
        off = value - config.target_c
        summary = f"mean_c = {value:.3f} with target_c = {config.target_c:g}"
        if threshold.holds(value):
            return "pass", f"{summary}: within {BUDGET_TOLERANCE:g}.", ""
        next_step = (
            f"Double lambda_c to {2 * config.lambda_c:g} (it can be set live) to weigh the budget more; "
            f"in a new run also {'lower' if off > 0 else 'raise'} bias_init from {config.bias_init:g}."
        )
        return "warn", f"{summary}: off by {off:+.3f}.", next_step


class BiasAtClamp(NumberRule):
    kind = "bias_at_clamp"
    follows = "bias"
    asks = "Is the learnt bias free to move? At a clamp it cannot bring the prior to the budget."
    remedy = BY_NAME["bias"].remedy

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        config = context.config
        low, high = config.bias_clamp_min, config.bias_clamp_max
        if low == high:
            return "pass", f"bias is held at {low:g} by its clamps on purpose.", ""
        if threshold.holds(value):
            return "pass", f"bias = {value:.3f} is inside its clamps [{low:g}, {high:g}].", ""
        at_low = value < (low + high) / 2
        name, way, other = ("bias_clamp_min", "lower", "raise") if at_low else ("bias_clamp_max", "raise", "lower")
        next_step = (
            f"{way.capitalize()} base_logit from {config.base_logit:g}, which does the bias's work, or {way} {name}; "
            f"or {other} target_c, if the budget is not needed."
        )
        summary = f"bias = {value:.3f} is at {name} = {low if at_low else high:g}: it can move no further."
        return "warn", summary, next_step
