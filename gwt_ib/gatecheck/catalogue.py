"""GateCheck's rules for people: what each asks, of which metric, and what to do in general where it does not pass.

A finding's own `next_step` says it for one run at one moment, with its numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from gwt_ib.gatecheck.facts import SMOOTHING_ROWS

SPREAD_OF_C, DISTANCE_FROM_PRIOR = "spread of c", "c from its prior"
"""Numbers of the gate curve (`curve`), which two rules follow in place of a metric."""


@dataclass(frozen=True)
class Rule:
    """One rule. `follows` is the metric, or the number of the gate curve, whose course shows how it came about."""

    kind: str
    follows: str
    asks: str
    remedy: str
    decides: bool = False
    mean_of: int = 1
    """Of how many of the newest updates its number is the mean; the metric by itself is that of the newest."""


RULES: tuple[Rule, ...] = (
    Rule(
        "td_std",
        "td_std",
        "Is the scale of the TD errors between five times its floor and its ceiling? Pinned, the gate sees noise. The "
        "metric's healthy range is a rule of thumb.",
        "raise td_quantile where rewards are rare; scale rewards; move td_std_min or td_std_max; lower lr where "
        "value_loss explodes.",
        decides=True,
    ),
    Rule(
        "eval_improves",
        "eval_return",
        "Do the newest third of the evaluations return more than the oldest third, by more than chance? A run that was "
        "at the task's known ceiling early passes too.",
        "act on the warnings, if any; then half and double lr, more rollout_steps, a longer run; compare with "
        "memory = false.",
        decides=True,
    ),
    Rule(
        "mean_c_off_target",
        "mean_c",
        "Is the mean gate near its budget once lambda_c is warmed up?",
        "double lambda_c, live too; in a new run move bias_init, down where mean_c is too high.",
    ),
    Rule(
        "bias_at_clamp",
        "bias",
        "Is the learnt bias free to move? At a clamp it cannot bring the prior to the budget.",
        "move base_logit the way that the bias was going, or widen that clamp.",
    ),
    Rule(
        "gate_saturated",
        "mean_c",
        "Is the gate neither shut, when nothing is written, nor wide open, when every step overwrites?",
        "raise (shut) or lower (open) bias_init or base_logit, or raise lambda_c.",
    ),
    Rule(
        "gate_constant",
        SPREAD_OF_C,
        "Does c differ from step to step?",
        "raise td_scale; where nearly every |td_norm| is near 0, lower td_quantile too.",
    ),
    Rule(
        "gate_follows_prior",
        DISTANCE_FROM_PRIOR,
        "Has the router learnt something beside the prior?",
        "raise lr, or lower td_scale to leave the router room; it is no fault where returns are good.",
    ),
    Rule(
        "rho_tail_negative",
        "rho_tail",
        "Does the gate open, not close, with the largest surprises?",
        "lower td_scale or base_logit where the prior is near 1 in the tail; lower lr or lambda_c where rho_tail_dc is "
        "negative.",
        mean_of=SMOOTHING_ROWS,
    ),
    Rule(
        "explained_variance_low",
        "explained_variance",
        "Does the critic explain at least half of the returns' variance? TD errors of a poor critic are noise.",
        "half and double lr, more rollout_steps, a larger vf_coef.",
        mean_of=SMOOTHING_ROWS,
    ),
    Rule(
        "explained_variance_falling",
        "explained_variance",
        "Does the critic keep what it has learnt, over the last 50 updates?",
        "lower lr or epochs; see whether approx_kl and clip_fraction are high.",
    ),
    Rule(
        "entropy_collapsed",
        "entropy",
        "Does the policy still explore?",
        "raise ent_coef, live too, or lower lr; it is no fault where the task is solved.",
        mean_of=SMOOTHING_ROWS,
    ),
    Rule(
        "policy_lag_exceeded",
        "policy_lag_max",
        "Is no rollout older than max_policy_lag allows?",
        "look in the log for actors that died or stalled, and report it.",
    ),
)
