"""The axes of charts: ranges that are never empty, scales, round ticks and short labels; pure numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gwt_ib.text import short_count
from gwt_ib_tui.state.history.series import Doubles

Range = tuple[float, float]
Ticks = tuple[tuple[float, str], ...]
"""Places in the unit interval, each with its label."""

LARGEST = 1e300  # values beyond are drawn at the edge, so that no difference overflows
MANTISSAS = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))
LEAST_LABELLED = 3  # ticks; a logarithmic axis with fewer says too little
TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
LEAST_EVEN = 3  # cells of an axis whose ticks are equally far apart
EVEN_STEPS = (1.0, 2.0, 2.5, 5.0), (4.0,)  # the second where the first have no range
EVEN_MOST = 1.6, 1.75  # times its data: such an axis would be too long; of one that is not tall
EVEN_ROOM = 1.15, 1.3  # how much longer such an axis may be for more ticks, and for a third
EVEN_TALL = 8  # cells of an axis that has a third
LEAST_TIME = 2.0  # seconds; a shorter axis has fractions of them


@dataclass(frozen=True)
class Scale:
    """How values lie along an axis: evenly between `limits`, or by their logarithm, whose limits these are then."""

    limits: Range
    log: bool = False
    marked: tuple[float, ...] = ()
    """Values with a tick, where they are chosen already."""

    def places(self, values: Doubles) -> Doubles:
        """Where values lie: 0 at the low end, 1 at the high end; NaN stays NaN, as what has no logarithm is."""
        return positions(log10(values) if self.log else values, self.limits)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """At most `most` places with labels."""
        find, label = (log_ticks, _log_labels) if self.log else (nice_ticks, tick_labels)
        found = list(self.marked) or find(*self.limits, most)
        return list(zip(self.places(np.array(found)).tolist(), label(found), strict=True))

    def evened(self, rows: int, most: int) -> Scale:
        """A little longer, so that its ticks lie in the middles of cells, equally many cells apart; `rows` are its cells.

        A logarithmic one stays as it is, and one that has no room for two ticks.
        """
        found = None if self.log else even_ticks(*self.limits, rows, most)
        return self if found is None else Scale(found[0], marked=found[1])


def log10(values: Doubles) -> Doubles:
    """The decimal logarithm; NaN where there is none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.log10(np.where(values > 0.0, values, np.nan))


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` round numbers in [low, high], equally far apart: two or more where `most` allows it."""
    if most < 1:
        return []
    rough = high / most - low / most
    power = 10.0 ** math.floor(math.log10(rough)) if 0.0 < rough < math.inf else 0.0
    if power <= 0.0:
        return [low]
    ends: list[float] = []
    for factor in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0):
        step = factor * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            ticks = [k * step for k in range(first, last + 1)]
            # A single tick is no scale: then rather the ends of a finer one.
            return ticks if len(ticks) > 1 or most < 2 else ends or ticks or [low]
        ends = [first * step, last * step]
    return ends if ends and most > 1 else [low]


@lru_cache(maxsize=256)
def even_ticks(low: float, high: float, rows: int, most: int) -> tuple[Range, tuple[float, ...]] | None:
    """The least range about [low, high] in which round numbers lie in the middles of cells, equally many cells apart.

    `rows` cells make up the range, and 2 to `most` of them have a tick. Of ranges that are hardly longer than the least
    that with most ticks is taken. Returns the range and the ticks, or none where there is no such range.
    """
    span = high - low
    if rows < LEAST_EVEN or not 0.0 < span < LARGEST or max(abs(low), abs(high)) / span > 1e9 or span < 1e-280:
        return None
    found = next(filter(None, (_even_cells(low, high, rows, most, factors) for factors in EVEN_STEPS)), None)
    if not found:
        return None
    for room in EVEN_ROOM:
        near = [one for one in found if one[0] <= room * min(found)[0]]
        cell, ticks, apart, lowest = min(near, key=lambda one: (-one[1], one[0]))
        if ticks >= LEAST_LABELLED or rows < EVEN_TALL:
            break
    marked = range(math.ceil(lowest / apart) * apart, lowest + rows, apart)
    return ((lowest - 0.5) * cell, (lowest - 0.5 + rows) * cell), tuple(place * cell for place in marked)


def _even_cells(
    low: float, high: float, rows: int, most: int, factors: Sequence[float]
) -> list[tuple[float, int, int, int]]:
    """Each way to lay steps of such `factors`: the length of a cell, ticks, cells between two ticks, the lowest cell."""
    span, found = high - low, []
    power = math.floor(math.log10(span / rows))
    longest = EVEN_MOST[rows < EVEN_TALL]
    for step in (factor * 10.0**exponent for exponent in range(power, power + 3) for factor in factors):
        most_apart = step * rows / span  # with more cells between two ticks the range would be too short
        for apart in range(max(math.ceil(most_apart / longest), 2), min(math.floor(most_apart) + 1, rows)):
            cell = step / apart
            lowest = math.floor(low / cell + 0.5 + 1e-9)  # the number of the cell in which the range begins
            if (lowest - 0.5 + rows) * cell < high - 1e-9 * span:
                continue
            spare = math.floor((lowest - 0.5 + rows) - high / cell + 1e-9)
            lowest -= min(spare // 2, lowest) if low >= 0.0 else spare // 2
            ticks = (lowest + rows - 1) // apart - math.ceil(lowest / apart) + 1
            if 2 <= ticks <= most:
                found.append((cell, ticks, apart, lowest))
    return found


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` round numbers between 10**low and 10**high, that look evenly far apart on a logarithmic axis."""
    first, last = math.floor(low - 1e-9), math.ceil(high + 1e-9)
    for mantissas in MANTISSAS:
        ticks = [mantissa * 10.0**power for power in range(first, last + 1) for mantissa in mantissas]
        ticks = [tick for tick in ticks if tick > 0.0 and low - 1e-9 <= math.log10(tick) <= high + 1e-9]
        if LEAST_LABELLED <= len(ticks) <= most:
            return ticks
    if len(ticks) < 2:
        return [tick for tick in nice_ticks(10.0**low, 10.0**high, most) if tick > 0.0]
    step = math.ceil(len(ticks) / max(most, 1))
    spread = [tick for tick in ticks if round(math.log10(tick)) % step == 0][:most]
    return spread if len(spread) > 1 or most < 2 else [ticks[0], ticks[-1]]


def count_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Ticks of an axis that counts steps or updates: whole numbers where there are any, as `250k`, `1.25M`."""
    ticks = nice_ticks(low, high, most)
    ticks = [tick for tick in ticks if tick == round(tick)] or ticks
    return list(zip(ticks, count_labels(ticks), strict=True))


def count_labels(ticks: Sequence[float]) -> list[str]:
    """Labels as `short_count` writes them, with more digits where two would be alike."""
    labels = [short_count(tick) for tick in ticks]
    largest = max(map(abs, ticks), default=0.0)
    for digits in range(5, 13):
        if len(set(labels)) == len(ticks) or not 1e3 <= largest < 1e16:
            break
        labels = [short_count(tick, digits) for tick in ticks]
    return labels


def time_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Ticks of an axis of seconds, at round times of day: `30s`, `2m`, `1h30m`, `2d`."""
    for step in TIME_STEPS:
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if high - low >= LEAST_TIME and last - first + 1 <= most:
            ticks = [float(k * step) for k in range(first, last + 1)] or [low]
            break
    else:
        unit = TIME_STEPS[-1] if high - low >= LEAST_TIME else 1
        ticks = [tick * unit for tick in nice_ticks(low / unit, high / unit, most)]
    return [(tick, time_label(tick)) for tick in ticks]


def time_label(seconds: float) -> str:
    """A time since the start, in its largest units: `0`, `1.5s`, `2m`, `1h30m`, `2d`."""
    if abs(seconds) < 60.0 or abs(seconds) >= 1e9:
        return f"{seconds:.4g}s" if seconds else "0"
    left, label = abs(seconds), "-" if seconds < 0 else ""
    for unit, letter in ((86400, "d"), (3600, "h"), (60, "m")):
        whole, left = divmod(left, unit)
        label += f"{whole:.0f}{letter}" if whole else ""
    return label + (f"{left:.4g}s" if left > 1e-6 else "")


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Labels as short as they can be while no two are alike."""
    largest = max(map(abs, ticks), default=0.0)
    step = min((abs(b - a) for a, b in itertools.pairwise(ticks) if b != a), default=largest or 1.0)
    if largest >= 1e5 or (largest and largest < 1e-3):
        digits = max(math.ceil(math.log10(largest / step) - 1e-9), 0) if step > 0 else 0
        return [_short_exponent(tick, min(digits + 1, 6)) for tick in ticks]
    decimals = min(max(-math.floor(math.log10(step) + 1e-9), 0), 6)
    for _ in range(2):  # of steps of 2.5, and of the ends of such a scale
        if any(abs(tick * 10**decimals - round(tick * 10**decimals)) > 1e-6 for tick in ticks):
            decimals += 1
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


def _log_labels(ticks: Sequence[float]) -> list[str]:
    """Each in its own size, as neighbours differ by factors; labels of one size where they do not."""
    if ticks and max(ticks) < 10.0 * min(ticks):
        return tick_labels(ticks)
    return [f"{tick:g}" if 1e-3 <= tick < 1e5 else _short_exponent(tick, 1) for tick in ticks]


def _short_exponent(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{max(digits - 1, 0)}e}".partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return "0" if value == 0 else f"{mantissa}e{int(exponent)}"
