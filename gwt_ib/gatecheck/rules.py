"""GateCheck's rules: two decide the verdict, the others warn; each says what it saw and what to do next.

Everything is a pure function of recorded metrics (`History`) and the configuration, so the learner, `check RUN` and the
dashboard come to the same verdict on the same rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeGuard

import numpy as np

from gwt_ib.config import Config
from gwt_ib.gatecheck.ceilings import Ceiling, known_ceiling
from gwt_ib.gatecheck.history import Evaluation, History, as_number
from gwt_ib.gatecheck.statistics import Doubles, seed_differences, sign_flip_p_value

__all__ = ["ALPHA", "RULES", "Evidence", "Finding", "History", "Verdict", "evaluate"]

Status = Literal["pass", "fail", "warn", "wait"]

ALPHA = 0.05
FEWEST_EVALUATIONS = 4
FLOOR_FACTOR = 5.0
CEILING_SHARE = 0.99  # td_std approaches its ceiling as an average does, so near it counts as at it
LATE_SHARE = 0.5  # rules about a trained agent judge from this share of the run on
SMOOTHING_ROWS = 10
BUDGET_TOLERANCE = 0.1
SATURATION = 0.02
CONSTANT_SPREAD = 0.01
PRIOR_SPREAD = 0.01
LOW_EXPLAINED_VARIANCE = 0.5
EXPLAINED_VARIANCE_DROP = 0.1
FEWEST_TREND_ROWS = 20
COLLAPSED_ENTROPY = 0.02
COLLAPSED_DIFFERENTIAL_ENTROPY = 4.0


@dataclass(frozen=True)
class Evidence:
    """A number that a finding rests on: which metric, its value, and after how many environment steps."""

    metric: str
    value: float | None
    step: int | None


@dataclass(frozen=True)
class Finding:
    """What one rule has to say."""

    kind: str
    status: Status
    summary: str
    evidence: tuple[Evidence, ...] = ()
    next_step: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "kind": self.kind,
            "status": self.status,
            "summary": self.summary,
            "evidence": [{"metric": e.metric, "value": e.value, "step": e.step} for e in self.evidence],
            "next_step": self.next_step,
        }


@dataclass(frozen=True)
class Verdict:
    """The verdict with all findings (the two that decide come first) and the numbers of the printed block."""

    status: Literal["pass", "fail", "wait"]
    findings: tuple[Finding, ...]
    update: int | None
    env_steps: int | None
    numbers: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: what `gatecheck.json` holds."""
        return {
            "verdict": self.status,
            "update": self.update,
            "env_steps": self.env_steps,
            "numbers": dict(self.numbers),
            "findings": [finding.as_dict() for finding in self.findings],
        }


def evaluate(history: History, config: Config) -> Verdict:
    """Apply every rule to what was recorded so far."""
    facts = _Facts(history, config)
    findings = tuple(rule(facts) for rule in RULES)
    deciding = [finding.status for finding in findings[:DECIDING]]
    if "fail" in deciding:
        status: Literal["pass", "fail", "wait"] = "fail"
    else:
        status = "wait" if "wait" in deciding else "pass"
    return Verdict(status, findings, history.update, history.env_steps, _numbers(facts, deciding))


def _numbers(facts: _Facts, deciding: list[Status]) -> dict[str, Any]:
    names = ("rho_td_c", "rho_tail", "rho_td_dc", "rho_tail_dc", "td_std", "mean_c", "explained_variance", "ep100")
    test = facts.improvement
    return {
        **{name: facts.history.value(name) for name in names},
        "std_ok": deciding[0] == "pass",
        "eval_ok": deciding[1] == "pass",
        "evaluations": facts.history.evaluations_seen,
        "eval_early": test.early if test else None,
        "eval_late": test.late if test else None,
        "eval_p_value": test.p_value if test else None,
        "eval_alpha": ALPHA,
        "ceiling": facts.ceiling.value if facts.ceiling else None,
    }


@dataclass(frozen=True)
class _Improvement:
    """Early against late evaluations; `early` and `late` are mean returns, None where every return was null."""

    part: int
    kept: int
    seeds: int
    early: float | None
    late: float | None
    early_step: int | None
    late_step: int | None
    p_value: float

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return (
            Evidence("eval_return", self.early, self.early_step),
            Evidence("eval_return", self.late, self.late_step),
            Evidence("eval_p_value", self.p_value, self.late_step),
        )


@dataclass(frozen=True)
class _Bin:
    """One bin of the gate curve that holds steps; `high` is infinite for the last, which is open above."""

    low: float
    high: float
    c: float
    c_std: float
    prior: float
    count: float


class _Facts:
    """What several rules need, worked out once."""

    def __init__(self, history: History, config: Config) -> None:
        self.history = history
        self.config = config
        self.ceiling: Ceiling | None = known_ceiling(config.env_id)

    @property
    def late_update(self) -> int:
        """The update from which on the agent counts as trained."""
        return math.ceil(self.config.num_updates * LATE_SHARE)

    @property
    def is_late(self) -> bool:
        return (self.history.update or 0) >= self.late_update

    @property
    def progress(self) -> str:
        """How far the run is, as a part of a sentence."""
        update, of = self.history.update, self.config.num_updates
        if update is None:
            return f"before update 1 of {of}"
        return f"at update {update} of {of} ({min(1.0, update / of):.0%} of the run)"

    @cached_property
    def improvement(self) -> _Improvement | None:
        """None while there are too few evaluations."""
        evaluations = self.history.evaluations()
        if len(evaluations) < FEWEST_EVALUATIONS:
            return None
        part = len(evaluations) // 3
        early, late = _returns(evaluations[:part]), _returns(evaluations[-part:])
        differences = seed_differences(early, late)
        return _Improvement(
            part=part,
            kept=len(evaluations),
            seeds=differences.size,
            early=_mean(early),
            late=_mean(late),
            early_step=evaluations[part - 1].env_steps,
            late_step=evaluations[-1].env_steps,
            p_value=sign_flip_p_value(differences),
        )

    @property
    def ends_at_ceiling(self) -> bool:
        """Whether the newest third of the evaluations is at the task's known ceiling."""
        test = self.improvement
        return bool(self.ceiling and test and test.late is not None and self.ceiling.reached(test.late))

    @cached_property
    def curve(self) -> list[_Bin]:
        """The bins of the newest gate curve that hold steps; empty where there is no curve."""
        curve = self.history.latest.get("gate_curve")
        if not isinstance(curve, dict):
            return []
        names = ("td", "c", "c_std", "prior", "count")
        columns = [column for name in names if isinstance(column := curve.get(name), list | tuple)]
        if len(columns) < len(names):
            return []
        edges, *others = columns
        bins = []
        for row in zip(edges[:-1], (*edges[1:-1], None), *others, strict=False):
            low, high, c, c_std, prior, count = map(as_number, row)
            if low is None or not (_is_share(c) and _is_share(c_std) and _is_share(prior)) or not count or count < 0:
                continue
            bins.append(_Bin(low, math.inf if high is None else high, c, c_std, prior, count))
        return bins

    def newest(self, *names: str) -> tuple[Evidence, ...]:
        """Metrics of the newest row as evidence."""
        return tuple(Evidence(name, self.history.value(name), self.history.env_steps) for name in names)

    def smoothed(self, name: str) -> tuple[float, tuple[Evidence, ...]] | None:
        """The mean of a metric over the newest rows, and the same as evidence; None where it is not known."""
        values = self.history.recent(name, SMOOTHING_ROWS)
        if not values:
            return None
        mean = _average(values)
        return mean, (Evidence(name, mean, self.history.env_steps),)


# ---- the two rules that decide


def _td_std(facts: _Facts) -> Finding:
    kind, config = "td_std", facts.config
    floor, ceiling = FLOOR_FACTOR * config.td_std_min, CEILING_SHARE * config.td_std_max
    value, evidence = facts.history.value("td_std"), facts.newest("td_std")
    if facts.history.rows_seen == 0:
        return Finding(kind, "wait", "No update has been recorded yet.", (), "Wait for the first update.")
    if value is None:
        summary = "td_std of the newest update is not a finite number."
        return Finding(kind, "fail", summary, evidence, "Look for other nulls and warnings in this run, then lower lr.")
    if floor >= ceiling:
        summary = f"No td_std can pass: 5 * td_std_min = {floor:g} is not below td_std_max = {config.td_std_max:g}."
        return Finding(kind, "fail", summary, evidence, "Lower td_std_min or raise td_std_max.")
    if value <= floor:
        summary = f"td_std = {value:.3g} is pinned at its floor: not above 5 * td_std_min = {floor:.3g}."
        next_step = (
            "See whether rewards arrive at all (ep100); if they are rare, raise td_quantile so that the scale covers "
            "them; if they are merely small, adjust the normalisation: scale them up or lower td_std_min."
        )
        return Finding(kind, "fail", summary, evidence, next_step)
    if value >= ceiling:
        summary = f"td_std = {value:.3g} is at its ceiling td_std_max = {config.td_std_max:g}."
        next_step = (
            "TD errors are as large as the ceiling: see whether value_loss explodes (then lower lr); "
            "if the task's rewards are that large, scale them down or raise td_std_max."
        )
        return Finding(kind, "fail", summary, evidence, next_step)
    summary = (
        f"td_std = {value:.3g} is above 5 * td_std_min = {floor:.3g} and below td_std_max = {config.td_std_max:g}."
    )
    return Finding(kind, "pass", summary, evidence)


def _eval_improves(facts: _Facts) -> Finding:
    kind, test, ceiling = "eval_improves", facts.improvement, facts.ceiling
    if test is None:
        return _too_few_evaluations(facts)
    early, late = _shown(test.early), _shown(test.late)
    means = f"mean return {early} in the first {test.part} of {test.kept} evaluations, {late} in the last {test.part}"
    if ceiling and test.early is not None and ceiling.reached(test.early) and facts.ends_at_ceiling:
        summary = (
            f"The task's known ceiling of {ceiling.value:g} was reached early and held: {means}, {facts.progress}."
        )
        return Finding(kind, "pass", summary, test.evidence)
    if 0.5**test.seeds > ALPHA:
        summary = (
            f"{test.seeds} complete episodes in each evaluation are too few: no improvement can be told from chance "
            f"at level {ALPHA}; {means}, {facts.progress}."
        )
        if facts.config.eval_episodes < 5:
            next_step = "Set eval_episodes to 5 or more; 20 make a good test."
        else:
            next_step = "Returns are missing: look for warnings about numbers that are not finite."
        return Finding(kind, "wait", summary, test.evidence, next_step)
    how = (
        f"{means} (paired over {test.seeds} seeds, one-sided p = {test.p_value:.2g}, level {ALPHA}), {facts.progress}."
    )
    if test.p_value <= ALPHA:
        return Finding(kind, "pass", f"Evaluations improve: {how}", test.evidence)
    if facts.is_late:
        next_step = (
            "Act on the warnings first; then check lr, increase rollout_steps, and compare with a longer run "
            "(total_timesteps) and with memory = false."
        )
    else:
        next_step = "The run is young: let it go on, and look at the warnings meanwhile."
    return Finding(kind, "fail", f"Evaluations do not improve by more than chance: {how}", test.evidence, next_step)


def _too_few_evaluations(facts: _Facts) -> Finding:
    kind, config = "eval_improves", facts.config
    found = len(facts.history.evaluations())
    missing = FEWEST_EVALUATIONS - found
    if config.eval_every == 0:
        summary = f"Evaluation is off (eval_every = 0), with {found} of the {FEWEST_EVALUATIONS} evaluations needed."
        return Finding(
            kind, "wait", summary, (), "Set eval_every to 1 or more: without evaluations nothing is decided."
        )
    summary = f"{found} of the {FEWEST_EVALUATIONS} evaluations needed: {missing} missing, {facts.progress}."
    if config.num_updates // config.eval_every < FEWEST_EVALUATIONS:
        next_step = (
            f"A run of {config.num_updates} updates with eval_every = {config.eval_every} ends before that: "
            f"lower eval_every or raise total_timesteps."
        )
    else:
        next_step = f"Wait: an evaluation runs every {config.eval_every} updates."
    return Finding(kind, "wait", summary, (), next_step)


# ---- the rules that warn


def _mean_c_off_target(facts: _Facts) -> Finding:
    kind, config = "mean_c_off_target", facts.config
    mean_c, evidence = facts.history.value("mean_c"), facts.newest("mean_c")
    if mean_c is None:
        return _unknown(kind, "mean_c")
    if config.lambda_c == 0.0:
        return Finding(kind, "pass", f"mean_c = {mean_c:.3f}; lambda_c = 0, so no budget draws it anywhere.", evidence)
    if (facts.history.update or 0) <= config.budget_warmup_updates:
        summary = f"mean_c = {mean_c:.3f}; lambda_c is still warming up, {facts.progress}."
        return Finding(kind, "wait", summary, evidence, f"Judged after update {config.budget_warmup_updates}.")
    off = mean_c - config.target_c
    summary = f"mean_c = {mean_c:.3f} with target_c = {config.target_c:g}"
    if abs(off) <= BUDGET_TOLERANCE:
        return Finding(kind, "pass", f"{summary}: within {BUDGET_TOLERANCE:g}.", evidence)
    next_step = (
        f"Adjust lambda_c (raise it above {config.lambda_c:g} to weigh the budget more) or bias_init "
        f"({'lower' if off > 0 else 'raise'} it from {config.bias_init:g})."
    )
    return Finding(kind, "warn", f"{summary}: off by {off:+.3f}.", evidence, next_step)


def _bias_at_clamp(facts: _Facts) -> Finding:
    kind, config = "bias_at_clamp", facts.config
    bias, evidence = facts.history.value("bias"), facts.newest("bias")
    low, high = config.bias_clamp_min, config.bias_clamp_max
    if bias is None:
        return _unknown(kind, "bias")
    if low == high:
        return Finding(kind, "pass", f"bias is held at {low:g} by its clamps on purpose.", evidence)
    near = 1e-4 * (high - low)
    if low + near < bias < high - near:
        return Finding(kind, "pass", f"bias = {bias:.3f} is inside its clamps [{low:g}, {high:g}].", evidence)
    at_low = bias <= low + near
    name, way = ("bias_clamp_min", "Lower") if at_low else ("bias_clamp_max", "Raise")
    summary = f"bias = {bias:.3f} is at {name} = {low if at_low else high:g}: it can move no further."
    next_step = f"{way} {name}, or bring the prior nearer to the budget with base_logit or target_c."
    return Finding(kind, "warn", summary, evidence, next_step)


def _gate_saturated(facts: _Facts) -> Finding:
    kind = "gate_saturated"
    mean_c, evidence = facts.history.value("mean_c"), facts.newest("mean_c")
    if mean_c is None:
        return _unknown(kind, "mean_c")
    if SATURATION <= mean_c <= 1.0 - SATURATION:
        return Finding(kind, "pass", f"The gate is neither shut nor wide open: mean_c = {mean_c:.3f}.", evidence)
    if mean_c < SATURATION:
        summary = f"The gate is shut: mean_c = {mean_c:.4f}, so next to nothing is written to memory."
        next_step = "Raise bias_init or base_logit, or raise lambda_c so that the budget opens the gate."
    else:
        summary = f"The gate is wide open: mean_c = {mean_c:.4f}, so every step overwrites memory."
        next_step = "Lower bias_init or td_scale, or raise lambda_c so that the budget closes the gate."
    return Finding(kind, "warn", summary, evidence, next_step)


def _gate_constant(facts: _Facts) -> Finding:
    kind, bins = "gate_constant", facts.curve
    if not bins:
        return _unknown(kind, "gate_curve")
    steps = sum(b.count for b in bins)
    mean = sum(b.count * b.c for b in bins) / steps
    spread = math.sqrt(sum(b.count * (b.c_std**2 + (b.c - mean) ** 2) for b in bins) / steps)
    evidence = (Evidence("gate_curve", spread, facts.history.env_steps),)
    if spread >= CONSTANT_SPREAD:
        return Finding(kind, "pass", f"The gate moves: c has a standard deviation of {spread:.3f}.", evidence)
    summary = f"The gate is constant: c = {mean:.3f} with a standard deviation of {spread:.4f}."
    next_step = "Raise td_scale so that surprise moves the gate, and see whether td_std fits the TD errors."
    return Finding(kind, "warn", summary, evidence, next_step)


def _gate_follows_prior(facts: _Facts) -> Finding:
    """delta_c shows in a bin of the curve as the distance of its means, and as spread of c beyond the prior's own."""
    kind, bins, config = "gate_follows_prior", facts.curve, facts.config
    if not bins:
        return _unknown(kind, "gate_curve")
    bias = facts.history.value("bias")
    bias = config.bias_init if bias is None else bias
    square = 0.0
    for b in bins:
        most = (
            _prior(b.high, bias, config) - _prior(b.low, bias, config)
        ) / 2  # the prior's own spread is at most this
        square += b.count * ((b.c - b.prior) ** 2 + max(0.0, b.c_std**2 - most**2))
    size = math.sqrt(square / sum(b.count for b in bins))
    evidence = (Evidence("gate_curve", size, facts.history.env_steps),)
    if not facts.is_late:
        summary = f"c differs from its prior by {size:.3f} (root mean square by bins), {facts.progress}."
        return Finding(kind, "wait", summary, evidence, f"Judged from update {facts.late_update} on.")
    if size >= PRIOR_SPREAD:
        summary = f"The router adds to the prior: c differs from it by {size:.3f} (root mean square by bins)."
        return Finding(kind, "pass", summary, evidence)
    summary = f"The gate follows its prior alone: c differs from it by {size:.4f} (root mean square by bins)."
    next_step = (
        "The router has learnt nothing about what to store: see whether evaluations improve at all, raise lr, "
        "or lower td_scale so that the prior leaves it room."
    )
    return Finding(kind, "warn", summary, evidence, next_step)


def _rho_tail_negative(facts: _Facts) -> Finding:
    kind = "rho_tail_negative"
    found = facts.smoothed("rho_tail")
    if found is None:
        return _unknown(kind, "rho_tail")
    rho, evidence = found
    summary = f"rho_tail = {rho:.3f} over the last updates"
    if rho >= 0.0:
        return Finding(kind, "pass", f"{summary}: large surprises do not close the gate.", evidence)
    next_step = (
        "Look at the TD->gate curve: if the prior is saturated in the tail, lower td_scale or base_logit; "
        "if the router works against it (rho_tail_dc), lower lr or lambda_c."
    )
    return Finding(kind, "warn", f"{summary}: the largest surprises open the gate less.", evidence, next_step)


def _explained_variance_low(facts: _Facts) -> Finding:
    kind = "explained_variance_low"
    found = facts.smoothed("explained_variance")
    if found is None:
        return _unknown(kind, "explained_variance")
    value, evidence = found
    summary = f"Explained variance is {value:.3f} over the last updates"
    if value >= LOW_EXPLAINED_VARIANCE:
        return Finding(kind, "pass", f"{summary}.", evidence)
    if not facts.is_late:
        next_step = f"Judged from update {facts.late_update} on."
        return Finding(kind, "wait", f"{summary}, {facts.progress}.", evidence, next_step)
    next_step = (
        "Check the learning rate (lr), increase rollout_steps, or raise vf_coef: TD errors of a poor critic are noise."
    )
    return Finding(kind, "warn", f"{summary}, below {LOW_EXPLAINED_VARIANCE}.", evidence, next_step)


def _explained_variance_falling(facts: _Facts) -> Finding:
    kind = "explained_variance_falling"
    values = facts.history.recent_steps("explained_variance")
    if len(values) < FEWEST_TREND_ROWS:
        summary = f"{len(values)} of the {FEWEST_TREND_ROWS} updates needed to see a trend of the explained variance."
        return Finding(kind, "wait", summary, (), f"Wait for {FEWEST_TREND_ROWS - len(values)} more updates.")
    half = len(values) // 2
    before, after = [value for _, value in values[:half]], [value for _, value in values[half:]]
    was, now = _average(before), _average(after)
    with np.errstate(over="ignore"):
        error = math.sqrt(np.var(before) / (len(before) - 1) + np.var(after) / (len(after) - 1))
    evidence = (
        Evidence("explained_variance", was, values[half - 1][0]),
        Evidence("explained_variance", now, values[-1][0]),
    )
    summary = f"Explained variance went from {was:.3f} to {now:.3f} over the last {len(values)} updates"
    if was - now <= max(EXPLAINED_VARIANCE_DROP, 2 * error):
        return Finding(kind, "pass", f"{summary}.", evidence)
    next_step = "The critic loses track: lower lr or epochs, and see whether approx_kl and clip_fraction are high."
    return Finding(kind, "warn", f"{summary}: it is falling.", evidence, next_step)


def _entropy_collapsed(facts: _Facts) -> Finding:
    """A discrete policy's entropy is 0 or more; one that was ever below 0 belongs to continuous actions."""
    kind, history = "entropy_collapsed", facts.history
    found = facts.smoothed("entropy")
    highest, lowest = history.entropy_max, history.entropy_min
    if found is None or highest is None or lowest is None:
        return _unknown(kind, "entropy")
    entropy, evidence = found
    differential = lowest < 0.0
    limit = highest - COLLAPSED_DIFFERENTIAL_ENTROPY if differential else COLLAPSED_ENTROPY * highest
    summary = f"Entropy is {entropy:.3f} nats over the last updates; its highest was {highest:.3f}"
    if entropy > limit:
        return Finding(kind, "pass", f"{summary}.", evidence)
    if facts.ends_at_ceiling:
        return Finding(kind, "pass", f"{summary}; as it may be here: evaluations are at the task's ceiling.", evidence)
    next_step = (
        "If evaluations have stopped improving, raise ent_coef or lower lr; a solved task may end like this too."
    )
    return Finding(kind, "warn", f"{summary}: the policy has stopped exploring.", evidence, next_step)


def _policy_lag_exceeded(facts: _Facts) -> Finding:
    kind, limit = "policy_lag_exceeded", facts.config.max_policy_lag
    lags = facts.history.recent_steps("policy_lag_max")
    if not lags:
        return _unknown(kind, "policy_lag_max")
    step, lag = max(reversed(lags), key=lambda entry: entry[1])
    evidence = (Evidence("policy_lag_max", lag, step),)
    if lag <= limit:
        return Finding(kind, "pass", f"No rollout was more than {limit} versions behind the learner.", evidence)
    summary = f"A rollout was {lag:g} versions behind the learner; max_policy_lag is {limit}."
    next_step = (
        "Data is staler than the configuration allows: see the events for actors that died or stalled, and report it."
    )
    return Finding(kind, "warn", summary, evidence, next_step)


RULES: tuple[Callable[[_Facts], Finding], ...] = (
    _td_std,
    _eval_improves,
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
DECIDING = 2


def _unknown(kind: str, metric: str) -> Finding:
    return Finding(kind, "wait", f"{metric} is not known yet.", (), f"Wait for an update with a finite {metric}.")


def _returns(evaluations: list[Evaluation]) -> Doubles:
    return np.stack([evaluation.returns for evaluation in evaluations])


def _mean(returns: Doubles) -> float | None:
    known = returns[np.isfinite(returns)]
    return _average(known.tolist()) if known.size else None


def _average(values: list[float]) -> float:
    return sum(value / len(values) for value in values)  # each is finite, and so is this


def _shown(value: float | None) -> str:
    return "nan" if value is None else f"{value:.3f}"


def _is_share(value: float | None) -> TypeGuard[float]:
    return value is not None and 0.0 <= value <= 1.0


def _prior(td_abs: float, bias: float, config: Config) -> float:
    """The prior at a |td_norm|, which may be infinite (DESIGN section 2)."""
    slope = config.td_scale * td_abs if config.td_scale else 0.0
    return 0.5 * (1.0 + math.tanh((slope + config.base_logit + bias) / 2))
