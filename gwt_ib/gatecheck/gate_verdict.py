"""The verdict on the gate: does it gate at all, and is it a cause of the returns?

*open*, *shut*, *constant*: c hardly differs from step to step. Otherwise snapshots are played with the gate replaced
(`effects`), and the verdict is made of paired returns:

- *works*: learned is better than each of `open`, `constant` and `shuffled`, which are gates that do not gate. All three
  must be beyond chance, so each is tested at the look's whole level (an intersection-union test).
- *harmful*: one of the replacements is better than learned; the smallest p-value counts times their number, as Holm's.
- *decoration*: against one of the three the gate is neither better nor worse by as much as would matter, by an interval
  (two one-sided tests), in a run that is past its half. What matters is `MATTERS` of what the run has gained since its
  early evaluations, or of the spread of its episodes' returns where that is more.
- *wait*: none of these yet; the sentence says what is missing.

The levels hold over all looks of a run (`looks`). The 95 % intervals that are shown are those of one look.
"""

from __future__ import annotations

import math

import numpy as np

from gwt_ib.gatecheck.causes import first_cause
from gwt_ib.gatecheck.effects import PairedTest, paired_tests
from gwt_ib.gatecheck.findings import GateVerdict
from gwt_ib.gatecheck.rule import CONSTANT, SATURATED, SMOOTHING_ROWS, RuleContext
from gwt_ib.gatecheck.statistics import episode_spread, mean_interval
from gwt_ib.model.gate_kinds import has_bias
from gwt_ib.replacements import DECISIVE

MATTERS = 0.25
"""The share of a run's gain, or of the spread of its episodes' returns, from which on an effect of the gate matters."""

FIXED = ("open", "constant")
"""Gates that nothing in a run moves."""


def judge_gate(context: RuleContext) -> GateVerdict:
    """The verdict on the gate of a run as it was recorded so far."""
    tests = paired_tests(context.history, ended=context.evaluated_to_the_end)
    still = _still(context)
    if still is None or (still[0] != "constant" and _works(tests)):
        status, summary, next_step = _by_evaluations(context, tests)
    else:
        status, summary, next_step = still
    if status != "works" and context.config.gate not in FIXED:
        next_step = first_cause(context.config, "gate") or next_step
    return GateVerdict(status, summary, next_step, tuple(test.effect for test in tests.values()))


def _still(context: RuleContext) -> tuple[str, str, str] | None:
    """Verdict, summary and next step where c hardly differs from step to step; None where it does or is not known."""
    means, spread = context.history.recent("mean_c", SMOOTHING_ROWS), context.spread_of_c
    if len(means) < SMOOTHING_ROWS:
        return None
    mean = float(np.mean(means))
    words = f"mean_c = {mean:.3f} over the last {SMOOTHING_ROWS} updates"
    if mean > 1.0 - SATURATED:
        return "open", f"The gate is open at every step: {words}.", _to_move(context, "open")
    if mean < SATURATED and (spread or 0.0) < CONSTANT:  # else it opens at few steps, such as the first
        return "shut", f"The gate is shut at every step: {words}.", _to_move(context, "shut")
    if spread is not None and spread < CONSTANT:
        summary = f"The gate is constant: {words}, with a standard deviation of {spread:.4f} from step to step."
        return "constant", summary, _to_move(context, "constant")
    return None


def _to_move(context: RuleContext, status: str) -> str:
    """What to try where the gate does not move, of what its kind has: only a prior has a logit and a slope."""
    config = context.config
    if config.gate in FIXED:
        by = f" with target_c = {config.target_c:g}" if config.gate == "constant" else ""
        return f"It is so by gate = {config.gate}{by}; train the same with gate = td to compare."
    if status == "constant":
        if has_bias(config):
            return context.in_new_run(f"Raise td_scale from {config.td_scale:g}, so that surprise moves the gate.")
        return "The router does not tell steps apart: compare with gate = open and gate = td."
    if status == "open" and config.lambda_c == 0.0:
        return "lambda_c = 0, so nothing asks the gate to close: train with lambda_c = 0.05 too and compare returns."
    names = ["base_logit"] if has_bias(config) else []
    names += ["target_c"] if config.lambda_c else []  # without a budget nothing is drawn to it
    if status == "open":
        return context.in_new_run(f"lower {' or '.join(names)}; where every step matters, open is right.")
    if not names:
        return "lambda_c = 0, so nothing asks the gate to open: train with lambda_c = 0.05 too and compare returns."
    return context.in_new_run(f"raise {' or '.join(names)}, so that it opens.")


def _works(tests: dict[str, PairedTest]) -> bool:
    return all(word in tests and tests[word].better <= tests[word].level for word in DECISIVE)


def _by_evaluations(context: RuleContext, tests: dict[str, PairedTest]) -> tuple[str, str, str]:
    """Verdict, summary and next step by paired returns."""
    missing = [word for word in DECISIVE if word not in tests]
    better = [test for test in tests.values() if test.worse * len(tests) <= test.level]
    best = min(better, key=lambda test: float(test.differences.mean()), default=None)
    if _works(tests):
        least = min((tests[word] for word in DECISIVE), key=lambda test: float(test.differences.mean()))
        summary = f"Replacing the gate costs return beyond chance: at least {_worth(least)}."
        return "works", summary, _instead(best, context) if best else ""
    if best:
        summary = f"A replacement is better than the gate beyond chance: {_worth(best)}."
        return "harmful", summary, _instead(best, context)
    matters = _what_matters(context, tests)
    if missing:
        return "wait", *_not_played(context, missing)
    idle = [tests[word] for word in DECISIVE if _is_idle(tests[word], matters)]
    if idle and context.is_late:
        least = min(idle, key=lambda test: abs(float(test.differences.mean())))
        summary = f"Replacing the gate changes nothing that matters ({matters:.3g} would): {_worth(least)}."
        return "decoration", summary, _without(context)
    unclear = [tests[word] for word in DECISIVE if tests[word].better > tests[word].level]
    test = max(unclear, key=lambda test: test.better)
    summary = f"Not known yet: {_worth(test)}; {matters:.3g} would matter."
    return "wait", summary, _more_episodes(context, test, matters)


def _is_idle(test: PairedTest, matters: float) -> bool:
    """Whether the learned gate is neither better nor worse than a replacement by so much, at the look's level."""
    low, high = test.reach(test.level / len(DECISIVE))
    return -matters < low and high < matters


def _worth(test: PairedTest) -> str:
    """As in `+0.12 against shuffled (0.08 to 0.16, 60 pairs)`."""
    effect = test.effect
    low, high = mean_interval(test.differences)
    span = f"{low:+.3g} to {high:+.3g}"
    return f"{float(test.differences.mean()):+.3g} against {effect.gate} ({span}, {effect.episodes} pairs)"


def _instead(better: PairedTest, context: RuleContext) -> str:
    """What to try where a replacement is better."""
    config, gate = context.config, better.effect.gate
    if gate == "open":
        if config.lambda_c == 0.0:
            return "A gate that is closed now and then costs return here: compare with gate = open."
        lower = "lower" if context.lives else "in a new run lower"
        return (
            f"The budget may cost it (CountRecallEasy: -0.53 with it, 0.13 without): {lower} lambda_c = {config.lambda_c:g} "
            "or raise target_c."
        )
    if gate == "prior":
        return f"The router makes it worse than its prior ({_worth(better)}): compare with gate = prior."
    if gate == "no-td":
        return f"The TD error misleads it ({_worth(better)}): compare with gate = router."
    return f"Compare with gate = {'open' if gate == 'shut' else 'constant'} in a new run."


def _without(context: RuleContext) -> str:
    """What to do about a gate that changes nothing."""
    improvement = context.improvement
    if improvement is None or not (improvement.rises or context.ends_at_ceiling):
        return "Returns do not rise so far, so no gate can matter: see the verdict on training first."
    others = " and ".join(f"gate = {kind}" for kind in ("open", "router") if kind != context.config.gate)
    return f"Compare with {others}; a task that needs memory for longer may need it."


def _what_matters(context: RuleContext, tests: dict[str, PairedTest]) -> float:
    """The smallest effect that would matter; 0 where nothing is known.

    Where all evaluations return the same, as of a task that was solved before the first, the scale is what the worst
    replacement costs.
    """
    evaluations = context.history.evaluations()
    late = evaluations[len(evaluations) // 2 :]
    spread = episode_spread(np.stack([found.returns for found in late])) if late else 0.0
    gain = (context.improvement.rise if context.improvement else None) or 0.0
    scale = max(spread, gain) or max((abs(float(test.differences.mean())) for test in tests.values()), default=0.0)
    size = MATTERS * scale
    return size if math.isfinite(size) else 0.0


def _not_played(context: RuleContext, missing: list[str]) -> tuple[str, str]:
    words = " and ".join([", ".join(missing[:-1]), missing[-1]] if len(missing) > 1 else missing)
    summary = f"No evaluation with the gate {words} has been played on enough episodes, {context.progress}."
    if context.config.eval_gate_share == 0.0:
        return summary, "eval_gate_share = 0: none is ever played. The default is 0.02."
    if context.lives:
        return summary, "Wait for scheduled evaluations; evaluate RUN --gate WORD plays one now, for you to see."
    more = f"In a new run raise eval_gate_share from {context.config.eval_gate_share:g}"
    return summary, f"{more}; evaluate RUN --gate all plays it of this one."


def _more_episodes(context: RuleContext, test: PairedTest, matters: float) -> str:
    """About how many pairs would tell."""
    if not context.is_late:
        return f"{context.judged_from} An effect is seen before if it is large."
    half = test.reach(test.level / len(DECISIVE))[1] - float(test.differences.mean())
    pairs = test.effect.episodes or 0
    if matters <= 0.0 or not math.isfinite(half):
        return f"A run with a larger eval_gate_share than {context.config.eval_gate_share:g} has more pairs."
    needed = math.ceil(pairs * (half / matters) ** 2)
    about = f"About {max(needed, 2 * pairs):,} pairs would tell"
    more = f"a longer run has more, and one with a larger eval_gate_share than {context.config.eval_gate_share:g}"
    return f"{about}, of {pairs:,}: {more}."
