"""The lines of the benchmark's table: what was measured, against which goal."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the table; `met` is none where there is no goal."""

    what: str
    measured: str
    goal: str
    met: bool | None
    numbers: dict[str, Any]


def key_figure(what: str, took: list[tuple[str, float]], limit: float, *, worst: bool = False) -> Figure:
    """The 99th percentile of the times, or the longest of them."""
    times = sorted(seconds for _, seconds in took)
    high = times[-1] if worst else times[max(round(0.99 * len(times)) - 1, 0)]
    by_key = {name: statistics.median(s for n, s in took if n == name) for name in dict(took)}
    measured = (
        f"{high * 1000:.0f} ms  (median {statistics.median(times) * 1000:.0f}, longest {times[-1] * 1000:.0f}, "
        f"{len(times)} presses)"
    )
    goal = f"{'all' if worst else 'p99'} <= {limit * 1000:.0f} ms"
    return Figure(what, measured, goal, high <= limit, {"took": took, "median_by_key": by_key})


def start_figure(what: str, times: list[float], limit: float) -> Figure:
    """The median of the times to the first paint."""
    middle = statistics.median(times)
    return Figure(
        what, f"{middle:.2f} s  ({spread(times, '.2f')})", f"<= {limit} s", middle <= limit, {"seconds": times}
    )


def spread(values: list[float], layout: str) -> str:
    """The least and the largest."""
    return f"{min(values):{layout}} to {max(values):{layout}}"


def table_line(figure: Figure) -> str:
    """What, measured, goal, and whether it is met."""
    met = {None: "", True: "met", False: "NOT MET"}[figure.met]
    return f"{figure.what:<50} {figure.measured:<62} {figure.goal:<14} {met}".rstrip() + "\n"
