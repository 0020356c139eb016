"""GWT-IB: a recurrent agent whose memory is written through a gate driven by its TD error.

Data flows one way: `envs` -> `rollout` -> `train` (the channel) -> `learn` -> `runs` -> the dashboard (`gwt_ib_tui`).
`docs/architecture.md` draws the picture. Importing this package imports nothing heavy: the names of the Python interface
(`docs/api.md`) are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gwt_ib.api import Policy, PolicyState, Run, RunFailed, load, train
    from gwt_ib.config import Config
    from gwt_ib.errors import UserError

__version__ = "0.1.0"
__all__ = ["Config", "Policy", "PolicyState", "Run", "RunFailed", "UserError", "load", "train"]
_HOMES = {"Config": "gwt_ib.config", "UserError": "gwt_ib.errors"}


def __getattr__(name: str) -> Any:
    """A name of the Python interface, from where it lives."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "gwt_ib.api")), name)


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
