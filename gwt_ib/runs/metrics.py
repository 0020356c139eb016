"""The metrics of a run: one table with unit, meaning, healthy range and remedy (docs/metrics.md).

Whatever judges or shows a metric reads its range here, so a number such as the tolerance of mean_c is written once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gwt_ib.config import Config
from gwt_ib.lenient import real

FLOOR_FACTOR = 5.0  # td_std below so many times its floor is pinned
CEILING_SHARE = 0.99  # td_std approaches its ceiling as an average does, so near it counts as at it
BUDGET_TOLERANCE = 0.1
CLAMP_TOLERANCE = 1e-4  # as a share of the room between the clamps
COLLAPSED_ENTROPY = 0.02  # as a share of the highest entropy of the run


@dataclass(frozen=True)
class Threshold:
    """A range. `low` or `high` is None where it is open; with `strict` the ends are outside.

    A number within `margin` of a strict end counts as at it: for numbers that approach their limit as an average does.
    `name` says which number is meant where it is not the metric itself (`p`); a threshold without limits is only a name.
    """

    low: float | None = None
    high: float | None = None
    strict: bool = False
    name: str = ""
    margin: float = 0.0

    def contains(self, value: float) -> bool:
        """Whether a number lies in the range."""
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        return low + self.margin < value < high - self.margin if self.strict else low <= value <= high

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """Both ends; none where one is open."""
        return real(self.low), real(self.high)

    def __str__(self) -> str:
        """As in `> 0.005, < 49.5`, `0.25 to 0.45`, `p <= 0.05`."""
        if self.low is not None and self.high is not None and not self.strict:
            parts = [f"{self.low:.4g} to {self.high:.4g}"]
        else:
            signs = (">", "<") if self.strict else (">=", "<=")
            ends = zip(signs, (self.low, self.high), strict=True)
            parts = [f"{sign} {end:.4g}" for sign, end in ends if end is not None]
        return " ".join(part for part in (self.name, ", ".join(parts)) if part)


@dataclass(frozen=True)
class Metric:
    """One metric as the documentation, the dashboard and the checks know it.

    `healthy` is where it should be, `typical` a rule of thumb inside that, `trend` what it should do where that is no
    number; where one of them is given, `remedy` says what to do when it is not so. A `sparse` metric has a value now and
    then; its nulls are no gaps.
    """

    name: str
    unit: str
    meaning: str
    healthy: Callable[[Config], Threshold] | None = None
    typical: Threshold | None = None
    trend: str = ""
    remedy: str = ""
    sparse: bool = False

    def threshold(self, config: Config) -> Threshold | None:
        """The healthy range under a configuration."""
        return None if self.healthy is None else self.healthy(config)

    def healthy_words(self, config: Config) -> str:
        """Healthy range, trend and typical range, as in `>= 0.5; rising`; empty where there is none of them."""
        typical = "" if self.typical is None else f"typically {self.typical}"
        return "; ".join(str(part) for part in (self.threshold(config), self.trend, typical) if part)


def _above_floor(config: Config) -> Threshold:
    return Threshold(FLOOR_FACTOR * config.td_std_min, CEILING_SHARE * config.td_std_max, strict=True)


def _near_target(config: Config) -> Threshold:
    if config.lambda_c == 0.0:
        return Threshold(name="any, lambda_c = 0")
    return Threshold(config.target_c - BUDGET_TOLERANCE, config.target_c + BUDGET_TOLERANCE)


def _inside_clamps(config: Config) -> Threshold:
    low, high = config.bias_clamp_min, config.bias_clamp_max
    if low == high:
        return Threshold(name=f"fixed at {low:g}")
    return Threshold(low, high, strict=True, margin=CLAMP_TOLERANCE * (high - low))


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
        "policy_lag_max", "versions", "how many versions behind the learner the oldest block of the rollout was",
        healthy=lambda config: Threshold(high=config.max_policy_lag),
        remedy="look in the log for actors that died or stalled, and report it; max_policy_lag = 0 makes the run strictly "
        "on-policy",
    ),
    Metric("lr", "", "learning rate of this update"),
    Metric("td_mean", "reward", "running mean of the TD errors, after this update"),
    Metric(
        "td_std", "reward", "running scale of the TD errors, after this update",
        healthy=_above_floor, typical=Threshold(0.01, 10.0),
        remedy="too small: raise td_quantile where rewards are rare, else scale rewards up or lower td_std_min; too large: "
        "lower lr where value_loss explodes, else scale rewards down or raise td_std_max",
    ),
    Metric(
        "mean_c", "", "mean gate over the rollout",
        healthy=_near_target, trend="near target_c",
        remedy="after the warm-up of lambda_c: double lambda_c, live too; in a new run move bias_init, down where mean_c is "
        "too high",
    ),
    Metric("target_c", "", "the gate's budget"),
    Metric("lambda_c", "", "weight of the bottleneck loss in this update"),
    Metric(
        "explained_variance", "", "share of the returns' variance that the behaviour policy's values explain",
        healthy=lambda config: Threshold(low=0.5), typical=Threshold(high=0.95), trend="rising",
        remedy="low: try half and double lr, more rollout_steps, a larger vf_coef; falling: lower lr or epochs; above 0.95 "
        "is no fault where evaluations are good",
    ),
    Metric(
        "bias", "logit", "learnt part of the prior's logit, after this update",
        healthy=_inside_clamps, trend="inside its clamps",
        remedy="at a clamp: move base_logit the way that the bias was going, or widen that clamp",
    ),
    Metric("policy_loss", "", "PPO's clipped surrogate loss, mean over minibatches"),
    Metric("value_loss", "reward^2", "half the squared error of the values, mean over minibatches"),
    Metric(
        "entropy", "nats", "entropy of the policy, positive",
        healthy=lambda config: Threshold(name=f"> {COLLAPSED_ENTROPY:.0%} of highest"), trend="falls slowly",
        remedy="raise ent_coef, live too, or lower lr; near 0 is no fault where the task is solved",
    ),
    Metric("ib_loss", "", "mean over sequences of (mean_c of the sequence - target_c)^2"),
    Metric(
        "approx_kl", "nats", "KL divergence from the behaviour policy, the estimator (r - 1) - log r",
        healthy=lambda config: Threshold(high=0.05), remedy="lower lr, epochs or clip_eps",
    ),
    Metric(
        "clip_fraction", "", "share of samples whose probability ratio left the clipping range",
        healthy=lambda config: Threshold(high=0.3), remedy="lower lr or epochs",
    ),
    Metric("grad_norm", "", "global norm of the gradient before clipping, mean over minibatches"),
    Metric(
        "ep100", "return", "mean return of the last 100 episodes; null before the first",
        trend="depends on the task; rising",
        remedy="see what GateCheck says of eval_improves, and compare with memory = false",
    ),
    Metric("ep_len100", "env steps", "mean length of the last 100 episodes; null before the first"),
    Metric("episodes", "episodes", "episodes finished so far"),
    Metric("ep_return", "return", "mean return of the episodes that ended in this update; null where none did", sparse=True),
    Metric("mmer", "return", "highest ep100 so far, once 100 episodes have ended; `results` has POPGym's own, by epochs"),
    Metric(
        "eval_return", "return", "mean return of this update's evaluation; null where the schedule has none",
        trend="rises beyond chance, late against early", sparse=True,
        remedy="act on GateCheck's warnings first; then half and double lr, more rollout_steps, a longer run; compare with "
        "memory = false",
    ),
    Metric("eval_returns", "return", "the returns of its episodes, in the order of their seeds", sparse=True),
    Metric(
        "eval_replaced", "return", "their returns with the gate replaced, by the word of each replacement "
        "(`evaluate --gate`); null for an episode that was not played, and where no replacement was due", sparse=True,
    ),
    Metric("rho_td_c", "", "correlation of |td_norm| with c over the rollout, first steps of episodes left out"),
    Metric(
        "rho_tail", "", "the same over the fifth of the steps with the largest |td_norm|",
        healthy=lambda config: Threshold(low=0.0),
        remedy="where the prior is near 1 in the tail of the gate curve, lower td_scale or base_logit; where rho_tail_dc is "
        "negative, lower lr or lambda_c",
    ),
    Metric("rho_td_dc", "", "correlation of |td_norm| with delta_c = c - prior"),
    Metric("rho_tail_dc", "", "the same over the fifth of the steps with the largest |td_norm|"),
    Metric("gate_curve", "", "c and prior by bins of |td_norm|: {td: edges, c, c_std, prior, count}"),
)  # fmt: skip

BY_NAME: dict[str, Metric] = {metric.name: metric for metric in METRICS}
NAMES: tuple[str, ...] = tuple(BY_NAME)
NUMBERS: tuple[str, ...] = tuple(name for name in NAMES if name not in ("eval_returns", "eval_replaced", "gate_curve"))
"""The metrics that are one number a row; the others are lists or tables."""
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
