"""The verdicts on a run: every rule applied to what was recorded, the gate judged, and since when each status holds.

Both are pure functions of recorded metrics (`History`) and the configuration, so the learner, `check RUN` and the
dashboard come to the same verdict on the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gwt_ib.config import Config
from gwt_ib.gatecheck.findings import Finding, GateVerdict, Verdict
from gwt_ib.gatecheck.gate_verdict import judge_gate
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.looks import LEVEL
from gwt_ib.gatecheck.rule import RuleContext
from gwt_ib.gatecheck.rules import RULES


def judge_run(history: History, config: Config, *, ended: bool = False) -> Verdict:
    """Apply every rule to what was recorded so far. The verdict fails before it waits before it passes.

    `ended` says that a run that has not come to its last update goes on no more; that only changes what is advised.
    """
    context = RuleContext(history, config, ended=ended)
    advice = [rule.judge(context) for rule in RULES if not rule.decides]
    context.warned = any(finding.status == "warn" for finding in advice)
    deciding = [rule.judge(context) for rule in RULES if rule.decides]
    statuses = {finding.kind: finding.status for finding in deciding}
    return Verdict(
        status=next((status for status in ("fail", "wait") if status in statuses.values()), "pass"),
        update=history.update,
        env_steps=history.env_steps,
        findings=(*deciding, *advice),
        numbers=_numbers(context, statuses),
        gate=judge_gate(context),
    )


def with_since(verdict: Verdict, previous: Mapping[str, Any]) -> Verdict:
    """The verdict with every `since` filled in from the one before it, in its JSON form; empty where there was none.

    A status that is the same keeps its `since`; any other, or one whose `since` is not known, begins with this verdict's
    update. `previous` may be damaged. It is not used where updates lie between the two verdicts, as the status may have
    changed meanwhile. It may also be the *later* of the two, as after a run was cut back to a snapshot: what holds since
    update 20 in a verdict of update 80 held at update 50; what began at 60 is not used.
    """
    update, before = verdict.update, Verdict.from_dict(previous)
    if before is None or update is None or before.update is None or before.update < update - 1:
        before = Verdict("")
    findings = {finding.kind: finding for finding in before.findings}

    def since(status: str, earlier: Verdict | GateVerdict | Finding | None) -> int | None:
        if earlier is None or update is None or earlier.since is None or earlier.status != status:
            return update
        return earlier.since if 0 < earlier.since <= update else update

    return replace(
        verdict,
        since=since(verdict.status, before),
        gate=replace(verdict.gate, since=since(verdict.gate.status, before.gate)),
        findings=tuple(
            replace(finding, since=since(finding.status, findings.get(finding.kind))) for finding in verdict.findings
        ),
    )


def _numbers(context: RuleContext, statuses: Mapping[str, str]) -> dict[str, Any]:
    names = ("rho_td_c", "rho_tail", "rho_td_dc", "rho_tail_dc", "td_std", "mean_c", "explained_variance", "ep100")
    test = context.improvement
    return {
        **{name: context.history.value(name) for name in names},
        "std_ok": statuses["td_std"] == "pass",
        "eval_ok": statuses["eval_improves"] == "pass",
        "evaluations": context.history.evaluations_seen,
        "eval_early": test.early if test else None,
        "eval_late": test.late if test else None,
        "eval_p_value": test.p_value if test else None,
        "eval_alpha": LEVEL,
        "eval_level": test.level if test else None,
        "ceiling": context.ceiling.value if context.ceiling else None,
    }
