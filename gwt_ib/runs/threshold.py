"""The range in which a number is as it should be, as numbers for programs and as a few characters for people."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gwt_ib.lenient import real


@dataclass(frozen=True)
class Threshold:
    """A range. `low` and `high` are none where it is open; with `strict` the ends are outside.

    A number within `margin` of a strict end counts as at it: for numbers that approach their limit as an average does.
    `name` says which number is meant where it is not the metric itself (`p`); a threshold without limits is only a name.
    """

    low: float | None = None
    high: float | None = None
    strict: bool = False
    name: str = ""
    margin: float = 0.0

    def holds(self, value: float) -> bool:
        """Whether a number lies in the range."""
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        return low + self.margin < value < high - self.margin if self.strict else low <= value <= high

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """Both ends; none where one is open."""
        return real(self.low), real(self.high)

    def __str__(self) -> str:
        """As in `> 0.005, < 49.5`, `0.25 to 0.45`, `p <= 0.05`."""
        if self.low is not None and self.high is not None and not self.strict:
            parts = [f"{_short(self.low)} to {_short(self.high)}"]
        else:
            signs = (">", "<") if self.strict else (">=", "<=")
            ends = zip(signs, (self.low, self.high), strict=True)
            parts = [f"{sign} {_short(end)}" for sign, end in ends if end is not None]
        return " ".join(part for part in (self.name, ", ".join(parts)) if part)


def _short(value: float) -> str:
    return f"{value:.4g}"
