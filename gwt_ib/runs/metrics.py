"""The names of the metrics: one table with unit, meaning, healthy range and remedy (docs/metrics.md)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Metric:
    """One metric as the documentation, the dashboard and the checks know it.

    Where there is a `healthy` range, `remedy` says what to do when the metric leaves it. A `sparse` metric has a value
    now and then; its nulls are no gaps.
    """

    name: str
    unit: str
    meaning: str
    healthy: str = ""
    remedy: str = ""
    sparse: bool = False


METRICS: tuple[Metric, ...] = (
    Metric("update", "updates", "updates finished, counted from 1"),
    Metric("env_steps", "env steps", "environment steps learnt from so far, over all environments"),
    Metric(
        "elapsed_s", "s", "time the run has been training, pauses left out, earlier segments of a resumed run included"
    ),
    Metric(
        "steps_per_s", "env steps/s", "environment steps of this update over its rollout, learning and evaluation time"
    ),
    Metric("rollout_s", "s", "time the learner waited for this update's rollout"),
    Metric("learn_s", "s", "time spent learning from it"),
    Metric("policy_version", "versions", "weights published after this update; version 0 is the untrained agent"),
    Metric(
        "policy_lag_max",
        "versions",
        "how many versions behind the learner the oldest block of the rollout was",
        "0 or 1",
        "look in the log for actors that died or stall; max_policy_lag = 0 makes the run strictly on-policy",
    ),
    Metric("lr", "", "learning rate"),
    Metric("td_mean", "reward", "running mean of the TD errors, after this update"),
    Metric(
        "td_std",
        "reward",
        "running scale of the TD errors, after this update",
        "0.01 to 10, not pinned",
        "too small: raise td_quantile where rewards are rare, else scale rewards up or lower td_std_min; too large: lower "
        "lr where value_loss explodes, else scale rewards down or raise td_std_max",
    ),
    Metric(
        "mean_c",
        "",
        "mean gate over the rollout",
        "near target_c, within 0.1",
        "after the warm-up of lambda_c: double lambda_c; in a new run move bias_init too, down where mean_c is too high",
    ),
    Metric("target_c", "", "the gate's budget"),
    Metric("lambda_c", "", "weight of the bottleneck loss in this update"),
    Metric(
        "bias",
        "logit",
        "learnt part of the prior's logit, after this update",
        "inside its clamps, by default -4 to 2",
        "at a clamp: move base_logit the way that the bias was going, or widen that clamp",
    ),
    Metric(
        "explained_variance",
        "",
        "share of the returns' variance that the behaviour policy's values explain",
        "0.5 to 0.95, rising",
        "low: try half and double lr, more rollout_steps, a larger vf_coef; falling: lower lr or epochs; above 0.95 is no "
        "fault where evaluations are good",
    ),
    Metric("policy_loss", "", "PPO's clipped surrogate loss, mean over minibatches"),
    Metric("value_loss", "reward^2", "half the squared error of the values, mean over minibatches"),
    Metric(
        "entropy",
        "nats",
        "entropy of the policy, positive",
        "falls slowly, not to 0",
        "raise ent_coef or lower lr; near 0 is no fault where the task is solved",
    ),
    Metric("ib_loss", "", "mean over sequences of (mean_c of the sequence - target_c)^2"),
    Metric(
        "approx_kl",
        "nats",
        "KL divergence from the behaviour policy, the estimator (r - 1) - log r",
        "below about 0.05",
        "lower lr, epochs or clip_eps",
    ),
    Metric(
        "clip_fraction",
        "",
        "share of samples whose probability ratio left the clipping range",
        "below about 0.3",
        "lower lr or epochs",
    ),
    Metric("grad_norm", "", "global norm of the gradient before clipping, mean over minibatches"),
    Metric(
        "ep100",
        "return",
        "mean return of the last 100 episodes; null before the first",
        "depends on the task; rising",
        "see what GateCheck says of eval_improves, and compare with memory = false",
    ),
    Metric("ep_len100", "env steps", "mean length of the last 100 episodes; null before the first"),
    Metric("episodes", "episodes", "episodes finished so far"),
    Metric("mmer", "return", "highest ep100 so far, once 100 episodes have ended (POPGym's score)"),
    Metric(
        "eval_return",
        "return",
        "mean return of this update's evaluation; null where the schedule has none",
        "rises beyond chance, late against early",
        "act on GateCheck's warnings first; then half and double lr, more rollout_steps, a longer run",
        sparse=True,
    ),
    Metric("eval_returns", "return", "the returns of its episodes, in the order of their seeds", sparse=True),
    Metric("rho_td_c", "", "correlation of |td_norm| with c over the rollout, first steps of episodes left out"),
    Metric(
        "rho_tail",
        "",
        "the same over the fifth of the steps with the largest |td_norm|",
        "positive",
        "where the prior is near 1 in the tail of the gate curve, lower td_scale or base_logit; where rho_tail_dc is "
        "negative, lower lr or lambda_c",
    ),
    Metric("rho_td_dc", "", "correlation of |td_norm| with delta_c = c - prior"),
    Metric("rho_tail_dc", "", "the same over the fifth of the steps with the largest |td_norm|"),
    Metric("gate_curve", "", "c and prior by bins of |td_norm|: {td: edges, c, c_std, prior, count}"),
)

NAMES: tuple[str, ...] = tuple(metric.name for metric in METRICS)
SPARSE: frozenset[str] = frozenset(metric.name for metric in METRICS if metric.sparse)


def finite_or_null(record: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A copy of `record` in which every number that is not finite is null, and the names of the fields where one was."""
    changed: list[str] = []

    def clean(value: Any, name: str) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            if name not in changed:
                changed.append(name)
            return None
        if isinstance(value, dict):
            return {key: clean(item, name) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [clean(item, name) for item in value]
        return value

    return {name: clean(value, name) for name, value in record.items()}, changed
