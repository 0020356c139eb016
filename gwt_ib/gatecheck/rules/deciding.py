"""The two rules that decide the verdict on training: is td_std between its limits, and do evaluations improve?

Neither fails before the run has had its time: a young run waits.
"""

from __future__ import annotations

from gwt_ib.gatecheck.findings import Finding
from gwt_ib.gatecheck.looks import LEVEL
from gwt_ib.gatecheck.rule import FEWEST_EVALUATIONS, Improvement, Rule, RuleContext
from gwt_ib.runs.metrics import FLOOR_FACTOR, Threshold

FEWEST_EPISODES = 7  # the fewest pairs whose smallest p-value, 0.5^7, is below the level of the last look


class TdStd(Rule):
    kind = follows = "td_std"
    asks = (
        "Is the scale of the TD errors between five times its floor and its ceiling? Pinned, the gate sees noise. The "
        "metric's typical range is a rule of thumb."
    )
    decides = True

    def judge(self, context: RuleContext) -> Finding:
        config, between = context.config, self.threshold(context.config)
        floor, ceiling = between.low or 0.0, between.high or 0.0
        if context.history.rows_seen == 0:
            return self.finding(context, "wait", "No update has been recorded yet.", (), "Wait for the first update.")
        value, evidence = context.mean(self.follows)
        pinned = f"{FLOOR_FACTOR:g} * td_std_min = "
        if value is None:
            summary = "td_std of the newest update is not a finite number."
            lower = "lower lr" if context.lives else "lower lr in a new run"
            next_step = f"Look for other nulls and warnings in this run, then {lower}."
        elif floor >= ceiling:
            summary = f"No td_std can pass: {pinned}{floor:g} is not below td_std_max = {config.td_std_max:g}."
            next_step = context.in_new_run("Lower td_std_min or raise td_std_max.")
        elif between.contains(value):
            summary = f"td_std = {value:.3g} is above {pinned}{floor:.3g} and below td_std_max = {config.td_std_max:g}."
            return self.finding(context, "pass", summary, evidence)
        elif value <= floor and context.ends_at_ceiling and context.ceiling:
            summary = (
                f"td_std = {value:.3g} is at its floor: returns are at the task's known ceiling "
                f"{context.ceiling.value:g}, so no surprise is left."
            )
            return self.finding(context, "pass", summary, evidence)
        elif value <= floor:
            summary = f"td_std = {value:.3g} is pinned at its floor: not above {pinned}{floor:.3g}."
            next_step = context.in_new_run(
                "If rewards are rare (see ep100), raise td_quantile so that the scale covers them; "
                "if they are small, scale them up or lower td_std_min."
            )
        else:
            summary = f"td_std = {value:.3g} is at its ceiling td_std_max = {config.td_std_max:g}."
            next_step = context.in_new_run(
                "If value_loss explodes, lower lr; if rewards are that large, scale them down or raise td_std_max."
            )
        return self.finding(context, "fail" if context.is_late else "wait", summary, evidence, next_step)


class EvalImproves(Rule):
    kind = "eval_improves"
    follows = "eval_return"
    asks = (
        "Do late evaluations return more than early ones: beyond chance over all looks of the run, and by enough to "
        "count? Or was it at the task's ceiling early?"
    )
    decides = True
    passing = Threshold(high=LEVEL / 2, name="p")

    def judge(self, context: RuleContext) -> Finding:
        test, ceiling = context.improvement, context.ceiling
        if test is None:
            return self.finding(context, "wait", *_too_few(context))
        means = f"{_shown(test.early)} (first {test.first} of {test.kept} evaluations) to {_shown(test.late)}"
        if ceiling and context.at_ceiling(test.early) and context.ends_at_ceiling:
            summary = f"Returns are at the task's known ceiling {ceiling.value:g}: {means}, {context.progress}."
            near = Threshold(low=ceiling.value - ceiling.tolerance)
            return self.finding(context, "pass", summary, test.evidence[:2], threshold=near)
        if test.seeds < FEWEST_EPISODES:
            summary = f"Too few complete episodes ({test.seeds}) for a test: {means}, {context.progress}."
            next_step = "Returns are missing: look for warnings about numbers that are not finite."
            return self.finding(context, "wait", summary, test.evidence, next_step)
        level = Threshold(high=test.level, name="p")
        how = f"{means}, p = {test.p_value:.2g} (level {test.level:.2g} of {LEVEL:g}, {test.seeds} seeds)"
        if test.rises:
            return self.finding(context, "pass", f"Returns rise: {how}.", test.evidence, threshold=level)
        status = "fail" if context.has_had_its_time else "wait"
        next_step = _what_to_try(context) if context.has_had_its_time else _meanwhile(context)
        return self.finding(context, status, f"{_no_rise(test)}: {how}.", test.evidence, next_step, level)


def _no_rise(test: Improvement) -> str:
    if test.p_value <= test.level:
        return f"The rise is too small beside the spread of the episodes ({test.least:.3g} would count)"
    return "No rise beyond chance"


def _meanwhile(context: RuleContext) -> str:
    warnings = ", and look at the warnings meanwhile" if context.warned else ""
    young = "The run is young: let it go on" if context.lives else "The run ended young: resume it"
    return f"{young}{warnings}. {context.fails_from}"


def _what_to_try(context: RuleContext) -> str:
    then = "Act on the warnings first. Then try" if context.warned else "Try"
    return (
        f"{then} in new runs half and double lr = {context.config.lr:g}, more rollout_steps, "
        "a longer run (total_timesteps), and memory = false."
    )


def _too_few(context: RuleContext) -> tuple[str, tuple[()], str]:
    """Summary, no evidence and next step, where there are too few evaluations for a test.

    Settings that lead to that are among `causes`.
    """
    config, found = context.config, len(context.history.evaluations())
    needed = f"of the {FEWEST_EVALUATIONS} evaluations needed"
    if config.eval_every == 0:
        return f"Evaluation is off (eval_every = 0), with {found} {needed}.", (), ""
    summary = f"{found} {needed}: {FEWEST_EVALUATIONS - found} missing, {context.progress}."
    return summary, (), context.wait(f"Wait: an evaluation runs every {config.eval_every} updates.")


def _shown(value: float | None) -> str:
    return "nan" if value is None else f"{round(value, 3) + 0.0:.4g}"  # 0.0 takes the sign from -0


RULES = (TdStd(), EvalImproves())
