"""What each kind of gate consists of (docs/model.md, "Kinds of gates"); known without torch."""

from __future__ import annotations

import math
from typing import NamedTuple

from gwt_ib.config import Config


class PriorLine(NamedTuple):
    """The prior's logit is `slope * |td_norm| + shift`, and the learnt bias where there is one."""

    slope: float
    shift: float


def has_bias(config: Config) -> bool:
    """Whether the gate has a prior that is driven by the TD error, whose logit has a learnt bias."""
    return config.gate in ("td", "prior")


def has_router(config: Config) -> bool:
    """Whether a router adds to the prior's logit."""
    return config.gate in ("td", "router")


def prior_line(config: Config) -> PriorLine:
    """The line of a kind of gate; a gate that never moves is one whose logit is a number, infinite where c is 0 or 1."""
    if has_bias(config):
        return PriorLine(config.td_scale, config.base_logit)
    if config.gate == "router":
        return PriorLine(0.0, 0.0)
    return PriorLine(0.0, logit(1.0 if config.gate == "open" else config.target_c))


def logit(c: float) -> float:
    """The number whose sigmoid is `c`."""
    if c in (0.0, 1.0):
        return math.inf if c else -math.inf
    return math.log(c) - math.log1p(-c)
