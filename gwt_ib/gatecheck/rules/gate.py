"""Rules about the gate: is it near its budget and free to move, does it add to its prior, does it open with surprise?"""

from __future__ import annotations

from gwt_ib.gatecheck.findings import Evidence
from gwt_ib.gatecheck.rule import CONSTANT, SATURATED, SMOOTHING_ROWS, Measured, NumberRule, RuleContext
from gwt_ib.gatecheck.statistics import distance_from_prior
from gwt_ib.model.gate_kinds import has_bias, has_router
from gwt_ib.runs.metrics import BUDGET_TOLERANCE, Threshold

SPREAD_OF_C, DISTANCE_FROM_PRIOR = "spread of c", "c from its prior"
"""Numbers that follow from the gate curve, the first with mean_c; two rules follow them in place of a metric."""

LEARNT = ("td", "router", "prior")
DRIVEN = ("td", "prior")
"""Gates that learn, and those of them that have a prior driven by the TD error, whose bias is learnt."""

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
            bias = f", or raise bias_init from {config.bias_init:g}" if has_bias(config) else ""
            next_step = f"{double}{live} to weigh the budget more{bias}."
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
        next_step = context.in_new_run(
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
    passing = Threshold(SATURATED, 1.0 - SATURATED)

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        if threshold.contains(value):
            return "pass", f"The gate is neither shut nor wide open: mean_c = {value:.3f}.", ""
        config, spread = context.config, context.spread_of_c or 0.0
        if value < SATURATED and spread >= CONSTANT:
            summary = f"The gate opens at few steps: mean_c = {value:.4f}, with a standard deviation of {spread:.3f}."
            return "pass", summary, ""
        if value < SATURATED:
            summary = f"The gate is shut: mean_c = {value:.4f}, so next to nothing is written to memory."
            prior = "raise bias_init or base_logit, or " if has_bias(config) else ""
            next_step = context.in_new_run(f"{prior}raise lambda_c so that the budget opens the gate.")
            return "warn", summary, next_step
        summary = f"The gate is wide open: mean_c = {value:.4f}, so every step overwrites memory."
        if config.gate == "open":
            return "warn", summary, "It is so by gate = open."
        if config.lambda_c == 0.0:
            return "warn", summary, "lambda_c = 0: nothing asks it to close. Where every step matters that is right."
        prior = "lower bias_init or td_scale, or " if has_bias(config) else ""
        next_step = context.in_new_run(f"{prior}weigh the budget more: {BUDGET_PRICE} of lambda_c.")
        return "warn", summary, next_step


class GateMoves(NumberRule):
    kind = "gate_moves"
    gates = LEARNT
    follows = SPREAD_OF_C
    metric = "gate_curve"
    asks = "Does c differ from step to step?"
    mean_of = SMOOTHING_ROWS
    remedy = "raise td_scale; where nearly every |td_norm| is near 0, lower td_quantile too"
    passing = Threshold(low=CONSTANT)

    def measure(self, context: RuleContext) -> Measured:
        value = context.spread_of_c
        return value, () if value is None else (Evidence("gate_curve", value, context.history.env_steps),)

    def compare(self, context: RuleContext, value: float, threshold: Threshold) -> tuple[str, str, str]:
        if threshold.contains(value):
            return "pass", f"The gate moves: c has a standard deviation of {value:.3f}.", ""
        mean, _ = context.mean("mean_c", SMOOTHING_ROWS)
        shown = "nan" if mean is None else f"{mean:.3f}"
        summary = f"The gate is constant: c = {shown} with a standard deviation of {value:.4f}."
        if not has_bias(context.config):
            return "warn", summary, "The router does not tell steps apart: compare with gate = open and gate = td."
        if mean is not None and mean > 1.0 - SATURATED:
            next_step = context.in_new_run(
                "lower base_logit, so that only surprise opens it, if it should close at all."
            )
            return "warn", summary, next_step
        next_step = context.in_new_run(
            f"Raise td_scale above {context.config.td_scale:g} so that surprise moves the gate; "
            f"if nearly every |td_norm| is near 0, also lower td_quantile from {context.config.td_quantile:g}."
        )
        return "warn", summary, next_step


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
            "The router has learnt nothing about what to store: see whether evaluations improve; "
            "in a new run raise lr, or lower td_scale to leave it room."
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
        against = "; if the router works against it (rho_tail_dc), lower lr or lambda_c"
        next_step = context.in_new_run(
            "If the prior is saturated in the tail, lower td_scale or base_logit"
            f"{against if has_router(context.config) else ''}."
        )
        return "warn", f"{summary}: the largest surprises open the gate less.", next_step


RULES = (MeanCNearTarget(), BiasInsideClamps(), GatePartlyOpen(), GateMoves(), RouterAddsToPrior(), SurpriseOpensGate())
