"""What gate curves say in single numbers: how far c is spread, and how far it is from its prior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from gwt_ib.config import Config
from gwt_ib.gatecheck.statistics import Doubles
from gwt_ib.lenient import real

_COLUMNS = ("td", "c", "c_std", "prior", "count")


@dataclass(frozen=True, eq=False)
class Bins:
    """The bins of one gate curve [bins], or of many [curves, bins]; those with a count of 0 say nothing.

    `high` is infinite for the last bin, which is open above.
    """

    low: Doubles
    high: Doubles
    c: Doubles
    c_std: Doubles
    prior: Doubles
    count: Doubles


def bins_of(curve: object) -> Bins | None:
    """The bins of the metric `gate_curve` that hold steps; none where there is none, or the metric is damaged."""
    if not isinstance(curve, dict):
        return None
    columns: list[Any] = [curve.get(name) for name in _COLUMNS]
    if not all(isinstance(column, list | tuple) for column in columns):
        return None
    edges, *others = columns
    bins = []
    for row in zip(edges[:-1], (*edges[1:-1], None), *others, strict=False):
        low, high, c, c_std, prior, count = map(real, row)
        if low is None or not (_is_share(c) and _is_share(c_std) and _is_share(prior)) or not count or count < 0:
            continue
        bins.append((low, math.inf if high is None else high, c, c_std, prior, count))
    return Bins(*np.array(bins, dtype=np.float64).T) if bins else None


def mean_of_c(bins: Bins) -> Doubles:
    """The mean of c over all steps in the bins, for each curve; NaN for one without steps."""
    return _weighted_mean(bins.count, bins.c)


def spread_of_c(bins: Bins) -> Doubles:
    """The standard deviation of c over all steps in the bins, for each curve; NaN for one without steps."""
    mean = mean_of_c(bins)[..., np.newaxis]
    return np.sqrt(_weighted_mean(bins.count, bins.c_std**2 + (bins.c - mean) ** 2))


def distance_from_prior(bins: Bins, bias: float | Doubles, config: Config) -> Doubles:
    """How far delta_c shows, as a root mean square: by the distance of a bin's means, or by a spread of c that the
    prior cannot have by itself. `bias` is that of the update, or of each of them; NaN for a curve without steps.
    """
    known = np.asarray(bias, dtype=np.float64)[..., np.newaxis]
    # A number between two limits has a standard deviation of at most half of their distance.
    widest = (_prior(bins.high, known, config) - _prior(bins.low, known, config)) / 2
    square = (bins.c - bins.prior) ** 2 + np.maximum(0.0, bins.c_std**2 - widest**2)
    return np.sqrt(_weighted_mean(bins.count, square))


def _prior(td_abs: Doubles, bias: Doubles, config: Config) -> Doubles:
    """The prior at a |td_norm|, which may be infinite (docs/model.md, "Prior")."""
    slope = config.td_scale * td_abs if config.td_scale else 0.0
    result: Doubles = 0.5 * (1.0 + np.tanh((slope + config.base_logit + bias) / 2))
    return result


def _weighted_mean(count: Doubles, values: Doubles) -> Doubles:
    """The mean of one value a bin over all steps in the bins."""
    with np.errstate(invalid="ignore", over="ignore"):
        result: Doubles = (count * values).sum(axis=-1) / count.sum(axis=-1)
    return result


def _is_share(value: float | None) -> TypeGuard[float]:
    return value is not None and 0.0 <= value <= 1.0
