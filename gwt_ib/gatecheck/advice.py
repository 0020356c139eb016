"""GateCheck's rules that warn and never decide: about the gate, the critic, exploration and stale data."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from gwt_ib.config import Config
from gwt_ib.gatecheck.facts import Bin, Facts, average
from gwt_ib.gatecheck.findings import Evidence, Finding

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
    if mean_c is None:
        return Finding.unknown(kind, "mean_c")
    if config.lambda_c == 0.0:
        return Finding(kind, "pass", f"mean_c = {mean_c:.3f}; lambda_c = 0, so no budget draws it anywhere.", evidence)
    if (facts.history.update or 0) <= config.budget_warmup_updates:
        summary = f"mean_c = {mean_c:.3f}; lambda_c is still warming up, {facts.progress}."
        return Finding(kind, "wait", summary, evidence, f"Judged after update {config.budget_warmup_updates}.")
    off = mean_c - config.target_c
    summary = f"mean_c = {mean_c:.3f} with target_c = {config.target_c:g}"
    if abs(off) <= BUDGET_TOLERANCE:
        return Finding(kind, "pass", f"{summary}: within {BUDGET_TOLERANCE:g}.", evidence)
    way = "lower" if off > 0 else "raise"
    next_step = (
        f"Raise lambda_c above {config.lambda_c:g} to weigh the budget more, "
        f"or {way} bias_init from {config.bias_init:g}."
    )
    return Finding(kind, "warn", f"{summary}: off by {off:+.3f}.", evidence, next_step)


def _bias_at_clamp(facts: Facts) -> Finding:
    kind, config = "bias_at_clamp", facts.config
    bias, evidence = facts.newest("bias")
    low, high = config.bias_clamp_min, config.bias_clamp_max
    if bias is None:
        return Finding.unknown(kind, "bias")
    if low == high:
        return Finding(kind, "pass", f"bias is held at {low:g} by its clamps on purpose.", evidence)
    near = CLAMP_TOLERANCE * (high - low)
    if low + near < bias < high - near:
        return Finding(kind, "pass", f"bias = {bias:.3f} is inside its clamps [{low:g}, {high:g}].", evidence)
    at_low = bias <= low + near
    name, way = ("bias_clamp_min", "Lower") if at_low else ("bias_clamp_max", "Raise")
    summary = f"bias = {bias:.3f} is at {name} = {low if at_low else high:g}: it can move no further."
    next_step = f"{way} {name}, or bring the prior nearer to the budget with base_logit or target_c."
    return Finding(kind, "warn", summary, evidence, next_step)


def _gate_saturated(facts: Facts) -> Finding:
    kind = "gate_saturated"
    mean_c, evidence = facts.newest("mean_c")
    if mean_c is None:
        return Finding.unknown(kind, "mean_c")
    if SATURATION <= mean_c <= 1.0 - SATURATION:
        return Finding(kind, "pass", f"The gate is neither shut nor wide open: mean_c = {mean_c:.3f}.", evidence)
    if mean_c < SATURATION:
        summary = f"The gate is shut: mean_c = {mean_c:.4f}, so next to nothing is written to memory."
        next_step = "Raise bias_init or base_logit, or raise lambda_c so that the budget opens the gate."
    else:
        summary = f"The gate is wide open: mean_c = {mean_c:.4f}, so every step overwrites memory."
        next_step = "Lower bias_init or td_scale, or raise lambda_c so that the budget closes the gate."
    return Finding(kind, "warn", summary, evidence, next_step)


def _gate_constant(facts: Facts) -> Finding:
    kind, bins = "gate_constant", facts.curve
    if not bins:
        return Finding.unknown(kind, "gate_curve")
    mean = _weighted_mean(bins, (b.c for b in bins))
    spread = math.sqrt(_weighted_mean(bins, (b.c_std**2 + (b.c - mean) ** 2 for b in bins)))
    evidence = (Evidence("gate_curve", spread, facts.history.env_steps),)
    if spread >= CONSTANT_SPREAD:
        return Finding(kind, "pass", f"The gate moves: c has a standard deviation of {spread:.3f}.", evidence)
    summary = f"The gate is constant: c = {mean:.3f} with a standard deviation of {spread:.4f}."
    next_step = "Raise td_scale so that surprise moves the gate, and see whether td_std fits the TD errors."
    return Finding(kind, "warn", summary, evidence, next_step)


def _gate_follows_prior(facts: Facts) -> Finding:
    """Whether delta_c shows: as distance of a bin's means, or as spread of c beyond what the prior's own can be."""
    kind, bins, config = "gate_follows_prior", facts.curve, facts.config
    if not bins:
        return Finding.unknown(kind, "gate_curve")
    known = facts.history.value("bias")
    bias = config.bias_init if known is None else known

    def square(b: Bin) -> float:
        # A number between two limits has a standard deviation of at most half of their distance.
        widest = (_prior(b.high, bias, config) - _prior(b.low, bias, config)) / 2
        return (b.c - b.prior) ** 2 + max(0.0, b.c_std**2 - widest**2)

    size = math.sqrt(_weighted_mean(bins, map(square, bins)))
    evidence = (Evidence("gate_curve", size, facts.history.env_steps),)
    if not facts.is_late:
        summary = f"c differs from its prior by {size:.3f} (root mean square), {facts.progress}."
        return Finding(kind, "wait", summary, evidence, f"Judged from update {facts.late_update} on.")
    if size >= PRIOR_SPREAD:
        summary = f"The router adds to the prior: c differs from it by {size:.3f} (root mean square)."
        return Finding(kind, "pass", summary, evidence)
    summary = f"The gate follows its prior alone: c differs from it by {size:.4f} (root mean square)."
    next_step = (
        "The router has learnt nothing about what to store: see whether evaluations improve, "
        "raise lr, or lower td_scale to leave it room."
    )
    return Finding(kind, "warn", summary, evidence, next_step)


def _rho_tail_negative(facts: Facts) -> Finding:
    kind = "rho_tail_negative"
    rho, evidence = facts.smoothed("rho_tail")
    if rho is None:
        return Finding.unknown(kind, "rho_tail")
    summary = f"rho_tail = {rho:.3f} over the last updates"
    if rho >= 0.0:
        return Finding(kind, "pass", f"{summary}: large surprises do not close the gate.", evidence)
    next_step = (
        "If the gate curve's prior is saturated in the tail, lower td_scale or base_logit; "
        "if the router works against it (rho_tail_dc), lower lr or lambda_c."
    )
    return Finding(kind, "warn", f"{summary}: the largest surprises open the gate less.", evidence, next_step)


def _explained_variance_low(facts: Facts) -> Finding:
    kind = "explained_variance_low"
    value, evidence = facts.smoothed("explained_variance")
    if value is None:
        return Finding.unknown(kind, "explained_variance")
    summary = f"Explained variance is {value:.3g} over the last updates"
    if value >= LOW_EXPLAINED_VARIANCE:
        return Finding(kind, "pass", f"{summary}.", evidence)
    if not facts.is_late:
        next_step = f"Judged from update {facts.late_update} on."
        return Finding(kind, "wait", f"{summary}, {facts.progress}.", evidence, next_step)
    next_step = "Check lr, increase rollout_steps, or raise vf_coef: TD errors of a poor critic are noise."
    return Finding(kind, "warn", f"{summary}, below {LOW_EXPLAINED_VARIANCE}.", evidence, next_step)


def _explained_variance_falling(facts: Facts) -> Finding:
    kind = "explained_variance_falling"
    values = facts.history.recent_steps("explained_variance")
    if len(values) < FEWEST_TREND_ROWS:
        summary = f"{len(values)} of the {FEWEST_TREND_ROWS} updates needed to see a trend of the explained variance."
        return Finding(kind, "wait", summary, (), f"Wait for {FEWEST_TREND_ROWS - len(values)} more updates.")
    half = len(values) // 2
    before, after = [value for _, value in values[:half]], [value for _, value in values[half:]]
    was, now = average(before), average(after)
    with np.errstate(over="ignore"):
        error = math.sqrt(np.var(before) / (len(before) - 1) + np.var(after) / (len(after) - 1))
    evidence = (
        Evidence("explained_variance", was, values[half - 1][0]),
        Evidence("explained_variance", now, values[-1][0]),
    )
    summary = f"Explained variance went from {was:.3g} to {now:.3g} over the last {len(values)} updates"
    if was - now <= max(EXPLAINED_VARIANCE_DROP, 2 * error):
        return Finding(kind, "pass", f"{summary}.", evidence)
    next_step = "The critic loses track: lower lr or epochs, and see whether approx_kl and clip_fraction are high."
    return Finding(kind, "warn", f"{summary}: it is falling.", evidence, next_step)


def _entropy_collapsed(facts: Facts) -> Finding:
    """A discrete policy's entropy is 0 or more; one that was ever below 0 belongs to continuous actions."""
    kind, history = "entropy_collapsed", facts.history
    entropy, evidence = facts.smoothed("entropy")
    highest, lowest = history.entropy_max, history.entropy_min
    if entropy is None or highest is None or lowest is None:
        return Finding.unknown(kind, "entropy")
    differential = lowest < 0.0
    limit = highest - COLLAPSED_DIFFERENTIAL_ENTROPY if differential else COLLAPSED_ENTROPY * highest
    summary = f"Entropy is {entropy:.3g} nats over the last updates; its highest was {highest:.3g}"
    if entropy > limit:
        return Finding(kind, "pass", f"{summary}.", evidence)
    if facts.ends_at_ceiling:
        return Finding(kind, "pass", f"{summary}; returns are at the task's ceiling.", evidence)
    next_step = (
        "If evaluations have stopped improving, raise ent_coef or lower lr; a solved task may end like this too."
    )
    return Finding(kind, "warn", f"{summary}: the policy has stopped exploring.", evidence, next_step)


def _policy_lag_exceeded(facts: Facts) -> Finding:
    kind, limit = "policy_lag_exceeded", facts.config.max_policy_lag
    lags = facts.history.recent_steps("policy_lag_max")
    if not lags:
        return Finding.unknown(kind, "policy_lag_max")
    step, lag = max(reversed(lags), key=lambda entry: entry[1])  # of equal ones the newest
    evidence = (Evidence("policy_lag_max", lag, step),)
    if lag <= limit:
        return Finding(kind, "pass", f"No rollout was more than {limit} versions behind the learner.", evidence)
    summary = f"A rollout was {lag:g} versions behind the learner; max_policy_lag is {limit}."
    next_step = (
        "Data is staler than max_policy_lag allows: see the events for actors that died or stalled, and report it."
    )
    return Finding(kind, "warn", summary, evidence, next_step)


def _prior(td_abs: float, bias: float, config: Config) -> float:
    """The prior at a |td_norm|, which may be infinite (DESIGN 2.3)."""
    slope = config.td_scale * td_abs if config.td_scale else 0.0
    return 0.5 * (1.0 + math.tanh((slope + config.base_logit + bias) / 2))


def _weighted_mean(bins: list[Bin], values: Iterable[float]) -> float:
    """The mean of one value a bin over all steps in the bins."""
    return sum(b.count * value for b, value in zip(bins, values, strict=True)) / sum(b.count for b in bins)


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
