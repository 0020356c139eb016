"""Numbers of files that anyone may have written, half or by hand."""

from __future__ import annotations

import math


def real(value: object) -> float | None:
    """The value as a finite float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None
