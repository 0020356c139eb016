"""GateCheck's verdict and the two rules that decide it; the rules that only warn are in `advice`.

Everything is a pure function of recorded metrics (`History`) and the configuration, so the learner, `check RUN` and the
dashboard come to the same verdict on the same rows.
"""

from __future__ import annotations

from typing import Any

from gwt_ib.config import Config
from gwt_ib.gatecheck.advice import ADVISING_RULES
from gwt_ib.gatecheck.facts import FEWEST_EVALUATIONS, Facts
from gwt_ib.gatecheck.findings import Decision, Finding, Status, Verdict
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.threshold import Threshold

ALPHA = 0.05
FLOOR_FACTOR = 5.0
CEILING_SHARE = 0.99  # td_std approaches its ceiling as an average does, so near it counts as at it
FEWEST_EPISODES = 5  # the fewest pairs whose smallest p-value, 0.5^5, is not above ALPHA


def evaluate(history: History, config: Config) -> Verdict:
    """Apply every rule to what was recorded so far."""
    facts = Facts(history, config)
    advice = tuple(rule(facts) for rule in ADVISING_RULES)
    warned = any(finding.status == "warn" for finding in advice)
    deciding = (_td_std(facts), _eval_improves(facts, warned=warned))
    statuses = {finding.kind: finding.status for finding in deciding}
    status: Decision = "pass"
    if "fail" in statuses.values():
        status = "fail"
    elif "wait" in statuses.values():
        status = "wait"
    return Verdict(
        status=status,
        deciding=deciding,
        advice=advice,
        update=history.update,
        env_steps=history.env_steps,
        numbers=_numbers(facts, statuses),
    )


def _numbers(facts: Facts, statuses: dict[str, Status]) -> dict[str, Any]:
    names = ("rho_td_c", "rho_tail", "rho_td_dc", "rho_tail_dc", "td_std", "mean_c", "explained_variance", "ep100")
    test = facts.improvement
    return {
        **{name: facts.history.value(name) for name in names},
        "std_ok": statuses["td_std"] == "pass",
        "eval_ok": statuses["eval_improves"] == "pass",
        "evaluations": facts.history.evaluations_seen,
        "eval_early": test.early if test else None,
        "eval_late": test.late if test else None,
        "eval_p_value": test.p_value if test else None,
        "eval_alpha": ALPHA,
        "ceiling": facts.ceiling.value if facts.ceiling else None,
    }


def _td_std(facts: Facts) -> Finding:
    kind, config = "td_std", facts.config
    floor, ceiling = FLOOR_FACTOR * config.td_std_min, CEILING_SHARE * config.td_std_max
    between = Threshold(floor, ceiling, strict=True)
    if facts.history.rows_seen == 0:
        return Finding(kind, "wait", "No update has been recorded yet.", (), "Wait for the first update.", between)
    value, evidence = facts.newest("td_std")
    if value is None:
        summary = "td_std of the newest update is not a finite number."
        next_step = "Look for other nulls and warnings in this run, then lower lr."
        return Finding(kind, "fail", summary, evidence, next_step, between)
    if floor >= ceiling:
        summary = f"No td_std can pass: 5 * td_std_min = {floor:g} is not below td_std_max = {config.td_std_max:g}."
        return Finding(kind, "fail", summary, evidence, "Lower td_std_min or raise td_std_max.", between)
    if between.holds(value):
        summary = (
            f"td_std = {value:.3g} is above 5 * td_std_min = {floor:.3g} and below td_std_max = {config.td_std_max:g}."
        )
        return Finding(kind, "pass", summary, evidence, threshold=between)
    if value <= floor:
        summary = f"td_std = {value:.3g} is pinned at its floor: not above 5 * td_std_min = {floor:.3g}."
        next_step = (
            "If rewards are rare (see ep100), raise td_quantile so that the scale covers them; "
            "if they are small, scale them up or lower td_std_min."
        )
    else:
        summary = f"td_std = {value:.3g} is at its ceiling td_std_max = {config.td_std_max:g}."
        next_step = "If value_loss explodes, lower lr; if rewards are that large, scale them down or raise td_std_max."
    return Finding(kind, "fail", summary, evidence, next_step, between)


def _eval_improves(facts: Facts, *, warned: bool) -> Finding:
    """`warned` says whether a rule that only warns does, which is then the first thing to look at."""
    kind, test = "eval_improves", facts.improvement
    level = Threshold(high=ALPHA, name="p")
    if test is None:
        return _too_few_evaluations(facts, level)
    means = f"{_shown(test.early)} (first {test.part} of {test.kept} evaluations) to {_shown(test.late)}"
    if facts.ceiling and facts.at_ceiling(test.early) and facts.ends_at_ceiling:
        summary = f"Returns are at the task's known ceiling {facts.ceiling.value:g}: {means}, {facts.progress}."
        near = Threshold(low=facts.ceiling.value - facts.ceiling.tolerance)
        return Finding(kind, "pass", summary, test.evidence[:2], threshold=near)
    if test.seeds < FEWEST_EPISODES:
        summary = f"Too few complete episodes ({test.seeds}) for a test: {means}, {facts.progress}."
        if facts.config.eval_episodes < FEWEST_EPISODES:
            next_step = f"Set eval_episodes to {FEWEST_EPISODES} or more; 20 make a good test."
        else:
            next_step = "Returns are missing: look for warnings about numbers that are not finite."
        return Finding(kind, "wait", summary, test.evidence, next_step, level)
    how = f"{means}, p = {test.p_value:.2g} (level {ALPHA}, {test.seeds} seeds), {facts.progress}."
    if level.holds(test.p_value):
        return Finding(kind, "pass", f"Returns rise: {how}", test.evidence, threshold=level)
    if facts.is_late:
        then = "Act on the warnings first. Then try" if warned else "Try"
        next_step = (
            f"{then} half and double lr = {facts.config.lr:g}, more rollout_steps, "
            "a longer run (total_timesteps), and memory = false."
        )
    else:
        next_step = "The run is young: let it go on" + (", and look at the warnings meanwhile." if warned else ".")
    return Finding(kind, "fail", f"No rise beyond chance: {how}", test.evidence, next_step, level)


def _too_few_evaluations(facts: Facts, level: Threshold) -> Finding:
    kind, config = "eval_improves", facts.config
    found = len(facts.history.evaluations())
    if config.eval_every == 0:
        summary = f"Evaluation is off (eval_every = 0), with {found} of the {FEWEST_EVALUATIONS} evaluations needed."
        next_step = "Set eval_every to 1 or more: without evaluations nothing is decided."
        return Finding(kind, "wait", summary, (), next_step, level)
    missing = FEWEST_EVALUATIONS - found
    summary = f"{found} of the {FEWEST_EVALUATIONS} evaluations needed: {missing} missing, {facts.progress}."
    if config.num_updates // config.eval_every < FEWEST_EVALUATIONS:
        next_step = (
            f"{config.num_updates} updates with eval_every = {config.eval_every} are too few: "
            "lower eval_every or raise total_timesteps."
        )
    else:
        next_step = f"Wait: an evaluation runs every {config.eval_every} updates."
    return Finding(kind, "wait", summary, (), next_step, level)


def _shown(value: float | None) -> str:
    return "nan" if value is None else f"{round(value, 3) + 0.0:.4g}"  # 0.0 takes the sign from -0
