"""How a TD error drives the gate; twin of `model.cell.td_norm`, for acting and for learning."""

from __future__ import annotations

from typing import Any

from gwt_ib.kernels.compiled import kernel
from gwt_ib.kernels.elementwise import ZERO


@kernel
def td_drive(td_prev: Any, is_first: Any, mean: Any, std: Any) -> Any:
    """`|td_norm|` (docs/model.md, "Prior"); the TD error before a first step counts as 0 ("First steps")."""
    return abs(((ZERO if is_first else td_prev) - mean) / std)
