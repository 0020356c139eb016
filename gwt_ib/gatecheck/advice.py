"""GateCheck's rules that warn and never decide: about the gate, the critic, exploration and stale data."""

from __future__ import annotations

import math

import numpy as np

from gwt_ib.gatecheck.curve import distance_from_prior, mean_of_c, spread_of_c
from gwt_ib.gatecheck.facts import Facts, average
from gwt_ib.gatecheck.findings import Evidence, Finding
from gwt_ib.gatecheck.threshold import Threshold
from gwt_ib.lenient import real

BUDGET_TOLERANCE = 0.1
CLAMP_TOLERANCE = 1e-4  # as a share of the room between the clamps
SATURATION = 0.02
CONSTANT_SPREAD = 0.01
PRIOR_SPREAD = 0.01
LOW_EXPLAINED_VARIANCE = 0.5
EXPLAINED_VARIANCE_DROP = 0.1
FEWEST_TREND_ROWS = 20
COLLAPSED_ENTROPY = 0.02  # as a share of the highest entropy of the run
COLLAPSED_DIFFERENTIAL_ENTROPY = 4.0  # nats below the highest


def _mean_c_off_target(facts: Facts) -> Finding:
    kind, config = "mean_c_off_target", facts.config
    mean_c, evidence = facts.newest("mean_c")
    near = Threshold(config.target_c - BUDGET_TOLERANCE, config.target_c + BUDGET_TOLERANCE)
    if config.lambda_c == 0.0:
        near = Threshold(name="any, lambda_c = 0")
    if mean_c is None:
        return Finding.unknown(kind, "mean_c", near)
    if config.lambda_c == 0.0:
        summary = f"mean_c = {mean_c:.3f}; lambda_c = 0, so no budget draws it anywhere."
        return Finding(kind, "pass", summary, evidence, threshold=near)
    if (facts.history.update or 0) <= config.budget_warmup_updates:
        summary = f"mean_c = {mean_c:.3f}; lambda_c is still warming up, {facts.progress}."
        next_step = f"Judged after update {config.budget_warmup_updates}."
        return Finding(kind, "wait", summary, evidence, next_step, near)
    off = mean_c - config.target_c
    summary = f"mean_c = {mean_c:.3f} with target_c = {config.target_c:g}"
    if near.holds(mean_c):
        return Finding(kind, "pass", f"{summary}: within {BUDGET_TOLERANCE:g}.", evidence, threshold=near)
    way = "lower" if off > 0 else "raise"
    next_step = (
        f"Double lambda_c to {2 * config.lambda_c:g} (it can be set live) to weigh the budget more; "
        f"in a new run also {way} bias_init from {config.bias_init:g}."
    )
    return Finding(kind, "warn", f"{summary}: off by {off:+.3f}.", evidence, next_step, near)


def _bias_at_clamp(facts: Facts) -> Finding:
    kind, config = "bias_at_clamp", facts.config
    bias, evidence = facts.newest("bias")
    low, high = config.bias_clamp_min, config.bias_clamp_max
    inside = Threshold(low, high, strict=True) if low < high else Threshold(name=f"held at {low:g}")
    if bias is None:
        return Finding.unknown(kind, "bias", inside)
    if low == high:
        summary = f"bias is held at {low:g} by its clamps on purpose."
        return Finding(kind, "pass", summary, evidence, threshold=inside)
    near = CLAMP_TOLERANCE * (high - low)
    if low + near < bias < high - near:
        summary = f"bias = {bias:.3f} is inside its clamps [{low:g}, {high:g}]."
        return Finding(kind, "pass", summary, evidence, threshold=inside)
    at_low = bias <= low + near
    name, way, other = ("bias_clamp_min", "lower", "raise") if at_low else ("bias_clamp_max", "raise", "lower")
    summary = f"bias = {bias:.3f} is at {name} = {low if at_low else high:g}: it can move no further."
    next_step = (
        f"{way.capitalize()} base_logit from {config.base_logit:g}, which does the bias's work, or {way} {name}; "
        f"or {other} target_c, if the budget is not needed."
    )
    return Finding(kind, "warn", summary, evidence, next_step, inside)


def _gate_saturated(facts: Facts) -> Finding:
    kind, between = "gate_saturated", Threshold(SATURATION, 1.0 - SATURATION)
    mean_c, evidence = facts.newest("mean_c")
    if mean_c is None:
        return Finding.unknown(kind, "mean_c", between)
    if between.holds(mean_c):
        summary = f"The gate is neither shut nor wide open: mean_c = {mean_c:.3f}."
        return Finding(kind, "pass", summary, evidence, threshold=between)
    if mean_c < SATURATION:
        summary = f"The gate is shut: mean_c = {mean_c:.4f}, so next to nothing is written to memory."
        next_step = "Raise bias_init or base_logit, or raise lambda_c so that the budget opens the gate."
    else:
        summary = f"The gate is wide open: mean_c = {mean_c:.4f}, so every step overwrites memory."
        next_step = "Lower bias_init or td_scale, or raise lambda_c so that the budget closes the gate."
    return Finding(kind, "warn", summary, evidence, next_step, between)


def _gate_constant(facts: Facts) -> Finding:
    kind, bins, enough = "gate_constant", facts.curve, Threshold(low=CONSTANT_SPREAD)
    if bins is None:
        return Finding.unknown(kind, "gate_curve", enough)
    spread = float(spread_of_c(bins))
    evidence = (Evidence("gate_curve", spread, facts.history.env_steps),)
    if enough.holds(spread):
        summary = f"The gate moves: c has a standard deviation of {spread:.3f}."
        return Finding(kind, "pass", summary, evidence, threshold=enough)
    summary = f"The gate is constant: c = {mean_of_c(bins):.3f} with a standard deviation of {spread:.4f}."
    next_step = (
        f"Raise td_scale above {facts.config.td_scale:g} so that surprise moves the gate; "
        f"if nearly every |td_norm| is near 0, also lower td_quantile from {facts.config.td_quantile:g}."
    )
    return Finding(kind, "warn", summary, evidence, next_step, enough)


def _gate_follows_prior(facts: Facts) -> Finding:
    kind, bins, enough = "gate_follows_prior", facts.curve, Threshold(low=PRIOR_SPREAD)
    if bins is None:
        return Finding.unknown(kind, "gate_curve", enough)
    bias = facts.history.value("bias")
    size = float(distance_from_prior(bins, facts.config.bias_init if bias is None else bias, facts.config))
    evidence = (Evidence("gate_curve", size, facts.history.env_steps),)
    if not facts.is_late:
        summary = f"c differs from its prior by {size:.3f} (root mean square), {facts.progress}."
        next_step = f"Judged from update {facts.late_update} on."
        return Finding(kind, "wait", summary, evidence, next_step, enough)
    if enough.holds(size):
        summary = f"The router adds to the prior: c differs from it by {size:.3f} (root mean square)."
        return Finding(kind, "pass", summary, evidence, threshold=enough)
    summary = f"The gate follows its prior alone: c differs from it by {size:.4f} (root mean square)."
    next_step = (
        "The router has learnt nothing about what to store: see whether evaluations improve, "
        "raise lr, or lower td_scale to leave it room."
    )
    return Finding(kind, "warn", summary, evidence, next_step, enough)


def _rho_tail_negative(facts: Facts) -> Finding:
    kind, positive = "rho_tail_negative", Threshold(low=0.0)
    rho, evidence = facts.smoothed("rho_tail")
    if rho is None:
        return Finding.unknown(kind, "rho_tail", positive)
    summary = f"rho_tail = {rho:.3f} over the last updates"
    if positive.holds(rho):
        summary += ": large surprises do not close the gate."
        return Finding(kind, "pass", summary, evidence, threshold=positive)
    next_step = (
        "If the gate curve's prior is saturated in the tail, lower td_scale or base_logit; "
        "if the router works against it (rho_tail_dc), lower lr or lambda_c."
    )
    summary += ": the largest surprises open the gate less."
    return Finding(kind, "warn", summary, evidence, next_step, positive)


def _explained_variance_low(facts: Facts) -> Finding:
    kind, enough = "explained_variance_low", Threshold(low=LOW_EXPLAINED_VARIANCE)
    value, evidence = facts.smoothed("explained_variance")
    if value is None:
        return Finding.unknown(kind, "explained_variance", enough)
    summary = f"Explained variance is {value:.3g} over the last updates"
    if enough.holds(value):
        return Finding(kind, "pass", f"{summary}.", evidence, threshold=enough)
    if not facts.is_late:
        next_step = f"Judged from update {facts.late_update} on."
        return Finding(kind, "wait", f"{summary}, {facts.progress}.", evidence, next_step, enough)
    next_step = (
        f"Try half and double lr = {facts.config.lr:g}, raise rollout_steps or vf_coef: "
        "TD errors of a poor critic are noise."
    )
    return Finding(kind, "warn", f"{summary}, below {LOW_EXPLAINED_VARIANCE}.", evidence, next_step, enough)


def _explained_variance_falling(facts: Facts) -> Finding:
    kind = "explained_variance_falling"
    values = facts.history.recent_steps("explained_variance")
    if len(values) < FEWEST_TREND_ROWS:
        summary = f"{len(values)} of the {FEWEST_TREND_ROWS} updates needed to see a trend of the explained variance."
        next_step = f"Wait for {FEWEST_TREND_ROWS - len(values)} more updates."
        return Finding(kind, "wait", summary, (), next_step, Threshold(high=EXPLAINED_VARIANCE_DROP, name="fall"))
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
        return Finding(kind, "pass", f"{summary}.", evidence, threshold=small)
    next_step = "The critic loses track: lower lr or epochs, and see whether approx_kl and clip_fraction are high."
    return Finding(kind, "warn", f"{summary}: it is falling.", evidence, next_step, small)


def _entropy_collapsed(facts: Facts) -> Finding:
    """A discrete policy's entropy is 0 or more; one that was ever below 0 belongs to continuous actions."""
    kind, history = "entropy_collapsed", facts.history
    entropy, evidence = facts.smoothed("entropy")
    highest, lowest = history.entropy_max, history.entropy_min
    if entropy is None or highest is None or lowest is None:
        return Finding.unknown(kind, "entropy", Threshold(name=f"> {COLLAPSED_ENTROPY:.0%} of highest"))
    differential = lowest < 0.0
    limit = highest - COLLAPSED_DIFFERENTIAL_ENTROPY if differential else COLLAPSED_ENTROPY * highest
    enough = Threshold(low=limit, strict=True)
    summary = f"Entropy is {entropy:.3g} nats over the last updates; its highest was {highest:.3g}"
    if enough.holds(entropy):
        return Finding(kind, "pass", f"{summary}.", evidence, threshold=enough)
    if facts.ends_at_ceiling:
        return Finding(kind, "pass", f"{summary}; returns are at the task's ceiling.", evidence, threshold=enough)
    next_step = (
        "If evaluations have stopped improving, raise ent_coef or lower lr; a solved task may end like this too."
    )
    return Finding(kind, "warn", f"{summary}: the policy has stopped exploring.", evidence, next_step, enough)


def _policy_lag_exceeded(facts: Facts) -> Finding:
    kind, limit = "policy_lag_exceeded", facts.config.max_policy_lag
    allowed = Threshold(high=limit)
    lags = facts.history.recent_steps("policy_lag_max")
    if not lags:
        return Finding.unknown(kind, "policy_lag_max", allowed)
    step, lag = max(reversed(lags), key=lambda entry: entry[1])  # of equal ones the newest
    evidence = (Evidence("policy_lag_max", lag, step),)
    if allowed.holds(lag):
        summary = f"No rollout was more than {limit} versions behind the learner."
        return Finding(kind, "pass", summary, evidence, threshold=allowed)
    summary = f"A rollout was {lag:g} versions behind the learner; max_policy_lag is {limit}."
    next_step = (
        "Data is staler than max_policy_lag allows: see the events for actors that died or stalled, and report it."
    )
    return Finding(kind, "warn", summary, evidence, next_step, allowed)


ADVISING_RULES = (
    _mean_c_off_target,
    _bias_at_clamp,
    _gate_saturated,
    _gate_constant,
    _gate_follows_prior,
    _rho_tail_negative,
    _explained_variance_low,
    _explained_variance_falling,
    _entropy_collapsed,
    _policy_lag_exceeded,
)
