"""The axes of charts: ranges that are never empty, round ticks and short labels; pure numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from gwt_ib_tui.state.series import Doubles

Range = tuple[float, float]

LARGEST = 1e300  # values beyond are drawn at the edge, so that no difference overflows


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` round numbers in [low, high], equally far apart; at least one where `most` is not 0."""
    if most < 1:
        return []
    rough = high / most - low / most
    power = 10.0 ** math.floor(math.log10(rough)) if 0.0 < rough < math.inf else 0.0
    if power <= 0.0:
        return [low]
    for factor in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0):
        step = factor * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [k * step for k in range(first, last + 1)] or [low]
    return [low]


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Labels as short as they can be while no two are alike."""
    largest = max((abs(tick) for tick in ticks), default=0.0)
    nonzero = [abs(b - a) for a, b in itertools.pairwise(ticks) if b != a] or [largest or 1.0]
    step = min(nonzero)
    if largest >= 1e5 or (largest and largest < 1e-3):
        digits = max(math.ceil(math.log10(largest / step) - 1e-9), 0) if step > 0 else 0
        return [_short_exponent(tick, min(digits + 1, 6)) for tick in ticks]
    decimals = min(max(-math.floor(math.log10(step) + 1e-9), 0), 6)
    if any(abs(tick * 10**decimals - round(tick * 10**decimals)) > 1e-6 for tick in ticks):
        decimals += 1  # steps of 2.5
    return [f"{tick:.{decimals}f}" for tick in ticks]


def widened(low: float, high: float, min_span: float) -> Range:
    """A range that is not empty, at least `min_span` long, with a little room when it has a least length."""
    largest = max(abs(low), abs(high))
    span = max(high - low, min_span, largest * 1e-9, 1e-290)
    if high - low < span:
        middle = low / 2 + high / 2
        low, high = middle - span / 2, middle + span / 2
    return (low, high) if min_span == 0.0 else (low - 0.04 * span, high + 0.04 * span)


def position(value: float, limits: Range) -> float:
    """Where a value lies in a range: 0 at its low end, 1 at its high end."""
    low, high = limits
    return (min(max(value, -LARGEST), LARGEST) - low) / (high - low)


def positions(values: Doubles, limits: Range) -> Doubles:
    """The same for an array; NaN stays NaN."""
    low, high = limits
    result: Doubles = (np.clip(values, -LARGEST, LARGEST) - low) / (high - low)
    return result


def _short_exponent(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{max(digits - 1, 0)}e}".partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return "0" if value == 0 else f"{mantissa}e{int(exponent)}"
