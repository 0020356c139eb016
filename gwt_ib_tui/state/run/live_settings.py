"""The settings that may be changed while a run trains: what they are now, and whether a typed value may be sent; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gwt_ib.config import Config, live_settings, range_words
from gwt_ib.config_sources import change_live
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.lenient import real
from gwt_ib.runs.jsonl import Record


@dataclass(frozen=True)
class LiveSetting:
    """One setting. `in_use` is what the newest update learnt with, where its row says so and it is not `value`."""

    name: str
    value: float
    in_use: float | None
    unit: str
    limits: str
    meaning: str


@dataclass(frozen=True)
class Change:
    """A change that is possible."""

    field: str
    old: float
    value: float

    @property
    def words(self) -> str:
        """`lr 0.001 -> 0.0005`."""
        return f"{self.field} {self.old} -> {self.value}"


def settings_of(config: Config, row: Record) -> list[LiveSetting]:
    """Every live setting of a run, in the order of the configuration; `row` is its newest row of metrics."""
    return [_setting(name, config, row) for name in live_settings()]


def change_of(config: Config, field: str, typed: str) -> Change:
    """What was typed for a field, as a change of the configuration. Raises `UserError` with a sentence if it is none."""
    typed = typed.strip()
    if not typed:
        raise UserError(f"Type a new value for {field}.", ExitCode.BAD_CONFIGURATION)
    old, new = getattr(config, field), getattr(change_live(config, field, _read(typed)), field)
    if new == old:
        raise UserError(f"{field} is {old} already.", ExitCode.BAD_CONFIGURATION)
    return Change(field, old, new)


def _read(typed: str) -> float | str:
    """A number, or the text as it is: the configuration has the sentence for what is no number."""
    try:
        return float(typed)
    except ValueError:
        return typed


def _setting(name: str, config: Config, row: Record) -> LiveSetting:
    field = Config.model_fields[name]
    extra: Any = field.json_schema_extra
    value, in_use = getattr(config, name), real(row.get(name))
    return LiveSetting(
        name=name,
        value=value,
        in_use=None if in_use == value else in_use,
        unit=extra["unit"],
        limits=range_words(field),
        meaning=field.description or "",
    )
