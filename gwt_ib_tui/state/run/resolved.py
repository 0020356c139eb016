"""The resolved settings of a run as of now: those that are not the default first, then the others by their groups; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gwt_ib.config import Config, groups, is_gate_itself, live_settings, range_words
from gwt_ib.lenient import real
from gwt_ib.runs.events import Event
from gwt_ib.runs.settings import RUN_LOCAL, setting_value
from gwt_ib.text import plain
from gwt_ib_tui.state.run.run_view import RunView

NOT_DEFAULT = "Not the default"
"""The first group on show."""
ON_RESUME = {
    "free": "a resumed run may have another value",
    "override": "a resumed run may have another value with --override",
    "fixed": "fixed for the whole run",
}
HEAD = ("env_id", "cell", "gate", "lr", "lambda_c")
"""The settings that Live always shows."""
_GROUP_OF = {name: group for group, names in groups().items() for name in names}


@dataclass(frozen=True)
class Setting:
    """One field of the configuration with its value now. Values are words, ready to be shown.

    `changed` says that the value is not the default; `was` is the value before it was changed while the run trained, at
    the update `since`. `in_use` is another value that the newest update learnt with, as of a weight that warms up.
    """

    name: str
    group: str
    value: str
    default: str
    changed: bool
    live: bool
    unit: str
    limits: str
    meaning: str
    on_resume: str
    was: str = ""
    since: int | None = None
    in_use: str = ""


def settings_now(run_view: RunView) -> tuple[Setting, ...]:
    """Every setting, those that are not the default first; none where the configuration cannot be read."""
    config = run_view.config
    if config is None:
        return ()
    changes = {event.words("field"): event for event in run_view.events if event.kind == "setting"}
    found = [_setting(config, run_view, name, changes.get(name)) for name in Config.model_fields]
    return tuple(sorted(found, key=lambda setting: not setting.changed))


def matching_settings(settings: Sequence[Setting], words: str) -> tuple[Setting, ...]:
    """Those that have every word somewhere: in name, value, group or meaning, or `live`, `default`, `changed`."""
    wanted = words.lower().split()
    return tuple(setting for setting in settings if all(word in _text(setting) for word in wanted))


def headline(run_view: RunView) -> tuple[Setting, ...]:
    """The settings of Live: task, cell, gate, lr and lambda_c, then what else is not the default."""
    found = {setting.name: setting for setting in settings_now(run_view)}
    others = [setting for setting in found.values() if setting.changed and setting.name not in HEAD]
    others.sort(key=lambda setting: setting.name in RUN_LOCAL)  # what the run does not learn from comes last
    return (*(found[name] for name in HEAD if name in found), *others)


def _setting(config: Config, run_view: RunView, name: str, change: Event | None) -> Setting:
    field, value = Config.model_fields[name], getattr(config, name)
    extra: Any = field.json_schema_extra
    live = bool(extra["live"]) and not is_gate_itself(config, name)
    in_use = real(run_view.row.get(name)) if name in live_settings() else None
    old = None if change is None else change.fields.get("old")
    return Setting(
        name,
        _GROUP_OF[name],
        setting_value(value),
        setting_value(field.default),
        value != field.default,
        live,
        extra["unit"],
        range_words(field),
        field.description or "",
        ON_RESUME[extra["resume"]],
        "" if old is None else plain(setting_value(old), 20),
        None if change is None else change.update,
        "" if in_use is None or in_use == value else f"{in_use:.4g}",
    )


def _text(setting: Setting) -> str:
    marks = ("live" if setting.live else "", "changed" if setting.changed else "default")
    return " ".join((setting.name, setting.value, setting.group, setting.meaning, *marks)).lower()
