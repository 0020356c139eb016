"""What is known of POPGym's tasks: floor, ceiling and published scores, from a table with its sources; pure but for that."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

TABLE = "popgym_reference.csv"
TASKS = 48
ROLES = ("floor", "ceiling", "gru_mmer", "best_mmer", "gru_return")
"""What is used of the table; its rows of the role `other` are further published scores, to be read by people."""


@dataclass(frozen=True)
class Known:
    """One number: of which method it is, and where it is from."""

    method: str
    mean: float
    std: float | None
    source: str

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return dict(vars(self))


@dataclass(frozen=True)
class Task:
    """What is known of one task; None where nothing was measured or found."""

    floor: Known | None = None
    """A uniform random policy, measured."""
    ceiling: Known | None = None
    """The best that a hand-made agent with perfect memory does, measured or exact; four tasks have none."""
    gru_mmer: Known | None = None
    """PPO with a GRU, the MMER of POPGym's paper."""
    best_mmer: Known | None = None
    """The best of its 13 models."""
    gru_return: Known | None = None
    """PPO with a GRU after 15 M steps, mean return of the trained agent: there for all 48 tasks."""

    @property
    def is_popgym(self) -> bool:
        """Whether it is one of POPGym's: each of these has a floor."""
        return self.floor is not None

    def normalised(self, score: float | None) -> float | None:
        """A score as a share of the way from floor to ceiling: 0 is random, 1 is perfect; it may lie beyond both."""
        if score is None or self.floor is None or self.ceiling is None:
            return None
        return (score - self.floor.mean) / (self.ceiling.mean - self.floor.mean)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {role: None if (known := getattr(self, role)) is None else known.as_dict() for role in ROLES}


@cache
def popgym_tasks() -> Mapping[str, Task]:
    """The 48 tasks by their ids, in the order of the table."""
    found: dict[str, dict[str, Known]] = {}
    text = (files("gwt_ib.results") / TABLE).read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        known = Known(row["method"], float(row["mean"]), float(row["std"]) if row["std"] else None, row["source"])
        roles = found.setdefault(row["env_id"], {})
        if row["role"] in ROLES:
            roles[row["role"]] = known
    return {env_id: Task(**roles) for env_id, roles in found.items()}


def task_of(env_id: str) -> Task:
    """What is known of a task by its id, with or without `module:` before it: nothing where it is none of POPGym's."""
    return popgym_tasks().get(env_id.rpartition(":")[2], Task())
