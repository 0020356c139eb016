"""GateCheck's rules, one family a file. A new rule is a class in one of them and an object in its list."""

from __future__ import annotations

from gwt_ib.gatecheck.rule import Rule
from gwt_ib.gatecheck.rules import deciding, gate, learning

RULES: tuple[Rule, ...] = (*deciding.RULES, *gate.RULES, *learning.RULES)
"""In the order of a verdict's findings: those that decide come first."""
