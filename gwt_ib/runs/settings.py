"""In which settings runs differ, and which of them are seeds of one setting; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gwt_ib.config import Config
from gwt_ib.text import plain

RUN_LOCAL = frozenset(
    {
        "seed",
        "total_timesteps",
        "eval_every",
        "snapshot_every",
        "snapshot_minutes",
        "export",
        "export_names",
        "rescue_dir",
        "num_actors",
        "channel",
    }
    | {"device", "log_level", "max_restarts", "hang_timeout_s", "start_timeout_s", "learner_timeout_s"}
    | {"ray_address", "ray_cpus", "ray_memory_mb", "ray_resources", "ray_wait_s"}
)
"""Fields that change nothing of what is learnt until a given step, but for chance: see docs/architecture.md."""

FIRST_FIELDS = ("env_id", "lr", "lambda_c", "target_c", "memory", "hidden_size", "rollout_steps", "num_envs")
"""The fields that say most about a run, the most important first."""


def groups_of(configs: Sequence[Config | None]) -> list[tuple[int, ...]]:
    """The places of the runs of each setting, by first appearance; a run of unknown settings is alone."""
    groups: dict[object, list[int]] = {}
    for place, config in enumerate(configs):
        key = place if config is None else tuple(config.model_dump(exclude=set(RUN_LOCAL)).items())
        groups.setdefault(key, []).append(place)
    return [tuple(places) for places in groups.values()]


def differing(configs: Sequence[Config | None], *, local: bool = True) -> list[tuple[tuple[str, Any], ...]]:
    """For each run its values of the fields in which the known configurations differ, the most important first.

    The seed is left out, and with `local` false every other field that is the run's own.
    """
    records = [None if config is None else config.model_dump() for config in configs]
    known = [record for record in records if record is not None]
    hidden = {"seed"} if local else RUN_LOCAL
    fields = [
        name for name in Config.model_fields if name not in hidden and len({record[name] for record in known}) > 1
    ]
    # What a run does not learn from comes last; among the rest this keeps the configuration's order.
    places = {name: place for place, name in enumerate(FIRST_FIELDS)}
    fields.sort(key=lambda name: (name in RUN_LOCAL, places.get(name, len(places))))
    return [() if record is None else tuple((name, record[name]) for name in fields) for record in records]


def setting_words(values: Sequence[tuple[str, Any]]) -> str:
    """`lr=0.001 memory=false`, ready to be shown."""
    return " ".join(f"{name}={setting_value(value)}" for name, value in values)


def setting_value(value: object) -> str:
    """One value as it is shown: `true`, `0.001`."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else plain(value, 60)
