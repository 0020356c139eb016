"""Fast twins of the model's code, compiled by numba for the processor at hand; nothing here imports torch."""

from __future__ import annotations

import importlib.util

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError


def use_kernels(config: Config) -> bool:
    """Whether a run computes with kernels and not with torch. Raises `UserError` (78) where it must and cannot."""
    if config.kernels == "torch":
        return False
    installed = importlib.util.find_spec("numba") is not None
    if config.kernels == "numba" and not installed:
        raise UserError(
            'kernels = "numba", but the package numba is not installed; use kernels = "auto" or install it.',
            ExitCode.BAD_CONFIGURATION,
        )
    return installed
