"""GateCheck's rules, one family a file. A new rule is a class in one of them and a line in the list."""

from __future__ import annotations

from gwt_ib.gatecheck.rule import Rule
from gwt_ib.gatecheck.rules.budget import BiasAtClamp, MeanCOffTarget
from gwt_ib.gatecheck.rules.critic import ExplainedVarianceFalling, ExplainedVarianceLow
from gwt_ib.gatecheck.rules.deciding import EvalImproves, TdStd
from gwt_ib.gatecheck.rules.gate import GateConstant, GateFollowsPrior, GateSaturated, RhoTailNegative
from gwt_ib.gatecheck.rules.policy import EntropyCollapsed, PolicyLagExceeded

RULES: tuple[Rule, ...] = (
    TdStd(),
    EvalImproves(),
    MeanCOffTarget(),
    BiasAtClamp(),
    GateSaturated(),
    GateConstant(),
    GateFollowsPrior(),
    RhoTailNegative(),
    ExplainedVarianceLow(),
    ExplainedVarianceFalling(),
    EntropyCollapsed(),
    PolicyLagExceeded(),
)
"""In the order of a verdict's findings: those that decide come first."""
