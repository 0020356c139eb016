"""Values out of files that may be damaged, of another version or edited by hand: of the right kind, or absent; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gwt_ib.numbers import real
from gwt_ib_tui.state.series import Doubles


def whole(value: object) -> int | None:
    """A whole number, cut off; or none."""
    result = real(value)
    return None if result is None else int(result)


def text(value: object) -> str:
    """A string, or an empty one."""
    return value if isinstance(value, str) else ""


def mapping(value: object) -> Mapping[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; none of anything else."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def reals(value: object) -> Doubles:
    """A list's numbers, NaN for each entry that is none; empty for anything else."""
    entries = value if isinstance(value, list) else []
    numbers = [real(entry) for entry in entries]
    return np.array([math.nan if entry is None else entry for entry in numbers], dtype=np.float64)
