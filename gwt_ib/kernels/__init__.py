"""Fast twins of the model's code, compiled by numba for the processor at hand; nothing here imports torch."""

from __future__ import annotations

import importlib
import importlib.util
import os

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.log import LOGGER


def use_kernels(config: Config) -> bool:
    """Whether a run computes with kernels and not with torch. Raises `UserError` (78) where it must and cannot.

    It looks and does not load: commands ask it before anything is started.
    """
    if config.kernels == "torch":
        return False
    if importlib.util.find_spec("numba") is None:
        return _without(config, "the package numba is not installed")
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return _without(config, "NUMBA_DISABLE_JIT is set")
    return True


def load_kernels(config: Config) -> bool:
    """The same in a process that computes, where numba may still turn out not to work with what is installed beside it."""
    if not use_kernels(config):
        return False
    try:
        importlib.import_module("numba")
    except ImportError as error:
        LOGGER.warning("computes with torch: numba cannot be loaded: %s", error)
        return _without(config, f"numba cannot be loaded: {error}")
    return True


def _without(config: Config, why: str) -> bool:
    if config.kernels == "numba":
        raise UserError(f'kernels = "numba", but {why}; use kernels = "auto" or "torch".', ExitCode.BAD_CONFIGURATION)
    return False
