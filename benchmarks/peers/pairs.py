"""From the runs of some rounds to the table: medians, and ratios of the two runs of each pair. Pure."""

from __future__ import annotations

import statistics
from typing import Any

Pair = tuple[dict[str, Any], dict[str, Any]]
"""Ours and the peer's run, one directly after the other."""


def figures(pairs: list[Pair]) -> dict[str, Any]:
    """The numbers of one peer's line; a ratio is ours over the peer's, in the same pair."""
    ours = [pair[0]["steps_per_s"] for pair in pairs]
    theirs = [pair[1]["steps_per_s"] for pair in pairs]
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    whole = [mine["whole_steps_per_s"] / other["whole_steps_per_s"] for mine, other in pairs]
    returns = [pair[1]["return"] for pair in pairs if pair[1]["return"] is not None]
    return {
        "pairs": len(pairs),
        "steps_per_s": spread(theirs),
        "ours_steps_per_s": spread(ours),
        "ratio": spread(ratios),
        "whole_ratio": spread(whole),
        "return": statistics.mean(returns) if returns else None,
        "threads": pairs[0][1]["threads"],
        "cores": statistics.median(pair[1]["cores"] for pair in pairs),
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def table(lines: dict[str, dict[str, Any]]) -> str:
    """A line a peer, by its title."""
    head = (
        f"{'peer':<42}{'threads':>8}{'cores':>7}{'steps/s (min to max)':>29}{'ours':>9}{'ours / peer':>24}"
        f"{'with start':>12}{'return':>8}"
    )
    return "\n".join([head, "-" * len(head), *(_line(title, line) for title, line in lines.items())]) + "\n"


def _line(title: str, line: dict[str, Any]) -> str:
    speed, ratio = line["steps_per_s"], line["ratio"]
    speeds = f"{speed['median']:,.0f} ({speed['min']:,.0f} to {speed['max']:,.0f})"
    ratios = f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})"
    score = "-" if line["return"] is None else f"{line['return']:.2f}"
    whole = f"{line['whole_ratio']['median']:.2f}"
    ours = line["ours_steps_per_s"]["median"]
    return f"{title:<42}{line['threads']:>8}{line['cores']:>7.1f}{speeds:>29}{ours:>9,.0f}{ratios:>24}{whole:>12}{score:>8}"
