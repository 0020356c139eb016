"""Rules about the gate: does it move, does it add to its prior, does it open with surprise?"""

from __future__ import annotations

from gwt_ib.config import Config
from gwt_ib.gatecheck.context import SMOOTHING_ROWS, Measured, RuleContext
from gwt_ib.gatecheck.curve import distance_from_prior, mean_of_c, spread_of_c
from gwt_ib.gatecheck.rule import NumberRule
from gwt_ib.runs.metrics import BY_NAME
from gwt_ib.runs.threshold import Threshold

SPREAD_OF_C, DISTANCE_FROM_PRIOR = "spread of c", "c from its prior"
"""Numbers of the gate curve (`curve`), which two rules follow in place of a metric."""

SATURATION = 0.02
CONSTANT_SPREAD = 0.01
PRIOR_SPREAD = 0.01


class GateSaturated(NumberRule):
    kind = "gate_saturated"
    follows = "mean_c"
    asks = "Is the gate neither shut, when nothing is written, nor wide open, when every step overwrites?"
    remedy = "raise (shut) or lower (open) bias_init or base_logit, or raise lambda_c"

    def threshold(self, config: Config) -> Threshold:
        return Threshold(SATURATION, 1.0 - SATURATION)

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        if threshold.holds(value):
            return "pass", f"The gate is neither shut nor wide open: mean_c = {value:.3f}.", ""
        if value < SATURATION:
            summary = f"The gate is shut: mean_c = {value:.4f}, so next to nothing is written to memory."
            next_step = "Raise bias_init or base_logit, or raise lambda_c so that the budget opens the gate."
            return "warn", summary, next_step
        summary = f"The gate is wide open: mean_c = {value:.4f}, so every step overwrites memory."
        return "warn", summary, "Lower bias_init or td_scale, or raise lambda_c so that the budget closes the gate."


class GateConstant(NumberRule):
    kind = "gate_constant"
    follows = SPREAD_OF_C
    metric = "gate_curve"
    asks = "Does c differ from step to step?"
    remedy = "raise td_scale; where nearly every |td_norm| is near 0, lower td_quantile too"

    def threshold(self, config: Config) -> Threshold:
        return Threshold(low=CONSTANT_SPREAD)

    def measure(self, context: RuleContext) -> Measured:
        return context.of_curve(spread_of_c)

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        if threshold.holds(value):
            return "pass", f"The gate moves: c has a standard deviation of {value:.3f}.", ""
        mean = "nan" if context.curve is None else f"{mean_of_c(context.curve):.3f}"
        next_step = (
            f"Raise td_scale above {context.config.td_scale:g} so that surprise moves the gate; "
            f"if nearly every |td_norm| is near 0, also lower td_quantile from {context.config.td_quantile:g}."
        )
        return "warn", f"The gate is constant: c = {mean} with a standard deviation of {value:.4f}.", next_step


class GateFollowsPrior(NumberRule):
    kind = "gate_follows_prior"
    follows = DISTANCE_FROM_PRIOR
    metric = "gate_curve"
    asks = "Has the router learnt something beside the prior?"
    remedy = "raise lr, or lower td_scale to leave the router room; it is no fault where returns are good"

    def threshold(self, config: Config) -> Threshold:
        return Threshold(low=PRIOR_SPREAD)

    def measure(self, context: RuleContext) -> Measured:
        bias, config = context.history.value("bias"), context.config
        return context.of_curve(
            lambda bins: distance_from_prior(bins, config.bias_init if bias is None else bias, config)
        )

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        if not context.is_late:
            summary = f"c differs from its prior by {value:.3f} (root mean square), {context.progress}."
            return "wait", summary, context.judged_from
        if threshold.holds(value):
            summary = f"The router adds to the prior: c differs from it by {value:.3f} (root mean square)."
            return "pass", summary, ""
        next_step = (
            "The router has learnt nothing about what to store: see whether evaluations improve, "
            "raise lr, or lower td_scale to leave it room."
        )
        summary = f"The gate follows its prior alone: c differs from it by {value:.4f} (root mean square)."
        return "warn", summary, next_step


class RhoTailNegative(NumberRule):
    kind = "rho_tail_negative"
    follows = "rho_tail"
    asks = "Does the gate open, not close, with the largest surprises?"
    remedy = BY_NAME["rho_tail"].remedy
    mean_of = SMOOTHING_ROWS

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        summary = f"rho_tail = {value:.3f} over the last updates"
        if threshold.holds(value):
            return "pass", f"{summary}: large surprises do not close the gate.", ""
        next_step = (
            "If the gate curve's prior is saturated in the tail, lower td_scale or base_logit; "
            "if the router works against it (rho_tail_dc), lower lr or lambda_c."
        )
        return "warn", f"{summary}: the largest surprises open the gate less.", next_step
