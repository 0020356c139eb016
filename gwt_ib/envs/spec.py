"""What a run has to know of its environment, as data: known without Gymnasium, and kept in the run directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from gwt_ib.lenient import mapping

SPACES = ("observation", "action")
"""The spaces of an environment that are recorded as data."""


@dataclass(frozen=True)
class ActionLayout:
    """How an action lies in a row of numbers; `action_codec.ActionCodec` also turns rows into actions."""

    kind: Literal["discrete", "continuous"]
    sizes: tuple[int, ...]
    """Choices of each component; empty for continuous actions."""
    width: int
    """Columns of an action row."""

    @property
    def dtype(self) -> type[np.int32] | type[np.float32]:
        """Of the rows: indices of choices, or numbers."""
        return np.int32 if self.kind == "discrete" else np.float32


@dataclass(frozen=True)
class EnvironmentSpec:
    """What the check of an environment found: sizes, spaces in words, seconds that each call took, and what to know."""

    observation_size: int
    actions: ActionLayout
    observation_space: str
    action_space: str
    make_s: float = 0.0
    reset_s: float = 0.0
    step_s: float = 0.0
    notes: tuple[str, ...] = ()
    spaces: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """The spaces of `SPACES` as `space_record` writes them, before the run's own wrappers; empty where they cannot be."""

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> EnvironmentSpec:
        """Read `environment.json`. Raises `ValueError` where it is not one."""
        try:
            actions = record["actions"]
            sizes, width = tuple(map(int, actions["sizes"])), int(actions["width"])
            kind, size = actions["kind"], int(record["observation_size"])
            make_s, reset_s, step_s = (max(0.0, float(record[name])) for name in ("make_s", "reset_s", "step_s"))
            notes = tuple(map(str, record["notes"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"no description of an environment ({type(error).__name__}: {error})") from None
        if (
            kind not in ("discrete", "continuous")
            or min(size, width, *sizes) < 1
            or (kind == "discrete") != bool(sizes)
        ):
            raise ValueError(f"no description of an environment ({kind} actions {sizes}, {size} numbers)")
        observations, choices = (str(record.get(name, "")) for name in ("observation_space", "action_space"))
        layout, recorded = ActionLayout(kind, sizes, width), mapping(record.get("spaces"))
        return cls(size, layout, observations, choices, make_s, reset_s, step_s, notes, recorded)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        actions = {"kind": self.actions.kind, "sizes": list(self.actions.sizes), "width": self.actions.width}
        return {**vars(self), "actions": actions, "notes": list(self.notes), "spaces": dict(self.spaces)}
