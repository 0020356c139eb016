"""What a sweep is: tasks, seeds and settings of one TOML file, as the runs that they make; pure."""

from __future__ import annotations

from dataclasses import dataclass

from gwt_ib.config import Config


@dataclass(frozen=True)
class Member:
    """One run of a sweep. `name` is that of its directory: the same for the same arm, grid values and seed, always."""

    name: str
    arm: str
    config: Config


@dataclass(frozen=True)
class Definition:
    """A whole sweep, in the order of its file."""

    members: tuple[Member, ...]
