"""Colours between two; pure."""

from __future__ import annotations


def blend(first: str, second: str, share: float) -> str:
    """A colour between two, `#rrggbb`."""
    channels = zip(*([int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in (first, second)), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in channels)
