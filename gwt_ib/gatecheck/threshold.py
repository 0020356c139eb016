"""What a rule holds its number against: a range, as numbers for programs and as a few characters for people."""

from __future__ import annotations

from dataclasses import dataclass

from gwt_ib.lenient import real


@dataclass(frozen=True)
class Threshold:
    """The range in which a number passes. `low` and `high` are none where it is open; with `strict` the ends fail.

    `name` says which number is held where it is not the metric itself (`p`); of a threshold without any limit it is
    all there is to say.
    """

    low: float | None = None
    high: float | None = None
    strict: bool = False
    name: str = ""

    def holds(self, value: float) -> bool:
        """Whether a number lies in the range."""
        if self.strict:
            return (self.low is None or value > self.low) and (self.high is None or value < self.high)
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    @property
    def limits(self) -> list[float | None] | None:
        """Both ends, ready for JSON: null where one is open; none at all where both are."""
        ends = [real(self.low), real(self.high)]
        return None if ends == [None, None] else ends

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


ANYTHING = Threshold()
