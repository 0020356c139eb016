"""Rules about the gate: is it near its budget and free to move, does it add to its prior, does it open with surprise?"""

from __future__ import annotations

from gwt_ib.gatecheck.rule import SMOOTHING_ROWS, Measured, NumberRule, RuleContext
from gwt_ib.gatecheck.statistics import distance_from_prior, mean_of_c, spread_of_c
from gwt_ib.runs.metrics import BUDGET_TOLERANCE, Threshold

SPREAD_OF_C, DISTANCE_FROM_PRIOR = "spread of c", "c from its prior"
"""Numbers of the gate curve, which two rules follow in place of a metric."""

LEARNT = ("td", "router", "prior")
DRIVEN = ("td", "prior")
"""Gates that learn, and those of them that have a prior driven by the TD error, whose bias is learnt."""

SATURATION = 0.02

BUDGET_PRICE = "RepeatPreviousEasy returned 0.56, 0.39, 0.00 at 0.05, 0.1, 0.8"
"""What the budget was measured to cost: 400,000 steps, target_c 0.35, by lambda_c."""


class MeanCNearTarget(NumberRule):
    kind = "mean_c_near_target"
    gates = LEARNT
    follows = "mean_c"
    asks = "Is the mean gate near its budget once lambda_c is warmed up?"

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        config = context.config
        if config.lambda_c == 0.0:
            return "pass", f"mean_c = {value:.3f}; lambda_c = 0, so no budget draws it anywhere.", ""
        if (context.history.update or 0) <= config.budget_warmup_updates:
            summary = f"mean_c = {value:.3f}; lambda_c is still warming up, {context.progress}."
            return "wait", summary, f"Judged after update {config.budget_warmup_updates}."
        off = value - config.target_c
        summary = f"mean_c = {value:.3f} with target_c = {config.target_c:g}"
        if threshold.contains(value):
            return "pass", f"{summary}: within {BUDGET_TOLERANCE:g}.", ""
        double = f"{'Double' if context.lives else 'In a new run double'} lambda_c to {2 * config.lambda_c:g}"
        live = " (live)" if context.lives else ""
        if off < 0:
            next_step = f"{double}{live} to weigh the budget more, or raise bias_init from {config.bias_init:g}."
        else:
            next_step = f"{double}{live} only if a closed gate is worth it: {BUDGET_PRICE}. Or raise target_c."
        return "warn", f"{summary}: off by {off:+.3f}.", next_step


class BiasInsideClamps(NumberRule):
    kind = "bias_inside_clamps"
    gates = DRIVEN
    follows = "bias"
    asks = "Is the learnt bias free to move? At a clamp it cannot bring the prior to the budget."

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        config = context.config
        low, high = config.bias_clamp_min, config.bias_clamp_max
        if low == high:
            return "pass", f"bias is fixed at {low:g} by its clamps on purpose.", ""
        if threshold.contains(value):
            return "pass", f"bias = {value:.3f} is inside its clamps [{low:g}, {high:g}].", ""
        at_low = value < (low + high) / 2
        name, way, other = ("bias_clamp_min", "lower", "raise") if at_low else ("bias_clamp_max", "raise", "lower")
        next_step = (
            f"{way.capitalize()} base_logit from {config.base_logit:g}, which does the bias's work, or {way} {name}; "
            f"or {other} target_c, if the budget is not needed."
        )
        summary = f"bias = {value:.3f} is at {name} = {low if at_low else high:g}: it can move no further."
        return "warn", summary, next_step


class GatePartlyOpen(NumberRule):
    kind = "gate_partly_open"
    gates = LEARNT
    follows = "mean_c"
    asks = "Is the gate neither shut, when nothing is written, nor wide open, when every step overwrites?"
    remedy = "raise (shut) or lower (open) bias_init or base_logit, or raise lambda_c"
    passing = Threshold(SATURATION, 1.0 - SATURATION)

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        if threshold.contains(value):
            return "pass", f"The gate is neither shut nor wide open: mean_c = {value:.3f}.", ""
        if value < SATURATION:
            summary = f"The gate is shut: mean_c = {value:.4f}, so next to nothing is written to memory."
            next_step = "Raise bias_init or base_logit, or raise lambda_c so that the budget opens the gate."
            return "warn", summary, next_step
        summary = f"The gate is wide open: mean_c = {value:.4f}, so every step overwrites memory."
        config = context.config
        if config.gate == "open":
            return "warn", summary, "It is so by gate = open."
        if config.lambda_c == 0.0:
            return "warn", summary, "lambda_c = 0: nothing asks it to close. Where every step matters that is right."
        next_step = f"Lower bias_init or td_scale, or weigh the budget more: {BUDGET_PRICE} of lambda_c."
        return "warn", summary, next_step


class GateMoves(NumberRule):
    kind = "gate_moves"
    gates = LEARNT
    follows = SPREAD_OF_C
    metric = "gate_curve"
    asks = "Does c differ from step to step?"
    remedy = "raise td_scale; where nearly every |td_norm| is near 0, lower td_quantile too"
    passing = Threshold(low=0.01)

    def measure(self, context: RuleContext) -> Measured:
        return context.of_curve(spread_of_c)

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        if threshold.contains(value):
            return "pass", f"The gate moves: c has a standard deviation of {value:.3f}.", ""
        mean = "nan" if context.curve is None else f"{mean_of_c(context.curve):.3f}"
        next_step = (
            f"Raise td_scale above {context.config.td_scale:g} so that surprise moves the gate; "
            f"if nearly every |td_norm| is near 0, also lower td_quantile from {context.config.td_quantile:g}."
        )
        return "warn", f"The gate is constant: c = {mean} with a standard deviation of {value:.4f}.", next_step


class RouterAddsToPrior(NumberRule):
    kind = "router_adds_to_prior"
    gates = ("td",)
    follows = DISTANCE_FROM_PRIOR
    metric = "gate_curve"
    asks = "Has the router learnt something beside the prior?"
    remedy = "raise lr, or lower td_scale to leave the router room; it is no fault where returns are good"
    passing = Threshold(low=0.01)

    def measure(self, context: RuleContext) -> Measured:
        bias, config = context.history.value("bias"), context.config
        known = config.bias_init if bias is None else bias
        return context.of_curve(lambda bins: distance_from_prior(bins, known, config))

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        if not context.is_late:
            summary = f"c differs from its prior by {value:.3f} (root mean square), {context.progress}."
            return "wait", summary, context.judged_from
        if threshold.contains(value):
            summary = f"The router adds to the prior: c differs from it by {value:.3f} (root mean square)."
            return "pass", summary, ""
        next_step = (
            "The router has learnt nothing about what to store: see whether evaluations improve, "
            "raise lr, or lower td_scale to leave it room."
        )
        summary = f"The gate follows its prior alone: c differs from it by {value:.4f} (root mean square)."
        return "warn", summary, next_step


class SurpriseOpensGate(NumberRule):
    kind = "surprise_opens_gate"
    gates = DRIVEN
    follows = "rho_tail"
    asks = "Does the gate open, not close, with the largest surprises?"
    mean_of = SMOOTHING_ROWS

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        summary = f"rho_tail = {value:.3f} over the last updates"
        if threshold.contains(value):
            return "pass", f"{summary}: large surprises do not close the gate.", ""
        next_step = (
            "If the gate curve's prior is saturated in the tail, lower td_scale or base_logit; "
            "if the router works against it (rho_tail_dc), lower lr or lambda_c."
        )
        return "warn", f"{summary}: the largest surprises open the gate less.", next_step


RULES = (MeanCNearTarget(), BiasInsideClamps(), GatePartlyOpen(), GateMoves(), RouterAddsToPrior(), SurpriseOpensGate())
