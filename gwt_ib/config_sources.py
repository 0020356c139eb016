"""Where a configuration comes from: defaults, a TOML file, a preset, the command line, in rising precedence.

Every mistake becomes one sentence that names the field, the place and the nearest right thing
(`UserError`, exit code 78).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gwt_ib.config import Config, is_gate_itself, live_settings
from gwt_ib.errors import ExitCode, UserError, nearest

TOML_BYTES = 1 << 20
"""More than any file of settings has."""


def resolve(
    *,
    toml_file: Path | None = None,
    preset: str | None = None,
    assignments: Iterable[str] = (),
    flags: Mapping[str, Any] | None = None,
) -> Config:
    """Build the configuration; `assignments` are `FIELD=VALUE`, `flags` the fields that have an option of their own.

    Raises `UserError` with exit code 78.
    """
    values: dict[str, Any] = {}
    places: dict[str, str] = {}

    def take(found: Mapping[str, Any], place_of: Mapping[str, str]) -> None:
        for field, value in found.items():
            if field not in Config.model_fields:
                hint = nearest(field, Config.model_fields) or " `gwt-ib-tui config` lists every field."
                raise UserError(f"Unknown field {field!r} ({place_of[field]}).{hint}", ExitCode.BAD_CONFIGURATION)
            values[field] = value
            places[field] = place_of[field]

    if toml_file is not None:
        text = read_text(toml_file)
        found = parse_toml(text, str(toml_file))
        take(found, {field: f"{toml_file}, line {_line_of(field, text)}" for field in found})
    if preset is not None:
        found = load_preset(preset)
        take(found, dict.fromkeys(found, f"preset {preset}"))
    for assignment in assignments:
        field, value = parse_assignment(assignment)
        take({field: value}, {field: f"--set {assignment}"})
    for field, value in (flags or {}).items():
        if value is not None:
            take({field: value}, {field: "the command line"})
    return build(values, places)


def build(values: Mapping[str, Any], places: Mapping[str, str] | None = None) -> Config:
    """Validate `values` and return the configuration; `places` says where each value was written.

    A value has to be of its field's own type: neither `true` nor a text is a number. Only 1e6 may stand for 1000000.
    """
    try:
        return Config(**{field: _whole(field, value) for field, value in values.items()})
    except ValidationError as error:
        raise UserError(_sentence(error, places or {}), ExitCode.BAD_CONFIGURATION) from None


def _whole(field: str, value: Any) -> Any:
    known = Config.model_fields.get(field)
    whole = known is not None and known.annotation is int and isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


def change_live(config: Config, field: str, value: Any) -> Config:
    """The configuration with another value of a field that may be changed while a run trains.

    Raises `UserError` (78) for any other field, with the names of those that may, and for a value that is not possible.
    """
    live = live_settings()
    if field not in live:
        if field in Config.model_fields:
            problem = f"{field} is fixed."
        else:
            problem = f"Unknown field {field!r}.{nearest(field, live) or nearest(field, Config.model_fields)}"
        may = f"While a run trains, {', '.join(live[:-1])} and {live[-1]} can be changed."
        raise UserError(f"{problem} {may}", ExitCode.BAD_CONFIGURATION)
    if is_gate_itself(config, field):
        sentence = 'With gate = "constant" target_c is the gate itself: another one takes a new run.'
        raise UserError(sentence, ExitCode.BAD_CONFIGURATION)
    return build({**config.model_dump(), field: value})


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """Read flat settings from TOML text. Raises `UserError` that names the line."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{name} is not valid TOML: {error}.", ExitCode.BAD_CONFIGURATION) from None


def parse_assignment(assignment: str, command: str = "--set") -> tuple[str, Any]:
    """Split `FIELD=VALUE`; the value is read as TOML, and as plain text where it is not TOML.

    Raises `UserError` (78), in which `command` is what stood before the assignment.
    """
    field, equals, text = assignment.partition("=")
    if not equals or not field.strip():
        raise UserError(
            f"{command} {assignment}: expected FIELD=VALUE, for example {command} lr=1e-3.",
            ExitCode.BAD_CONFIGURATION,
        )
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except (ValueError, RecursionError):
        value = text.strip()
    return field.strip(), value


def preset_names() -> list[str]:
    """The names that `--preset` takes."""
    folder = resources.files("gwt_ib") / "presets"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_preset(name: str) -> dict[str, Any]:
    """The settings of a preset. Raises `UserError` with the nearest names when no preset has that name."""
    if name not in preset_names():
        raise UserError(
            f"There is no preset {name!r}; the presets are {', '.join(preset_names())}.{nearest(name, preset_names())}",
            ExitCode.BAD_CONFIGURATION,
        )
    text = (resources.files("gwt_ib") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
    return parse_toml(text, f"preset {name}")


def read_text(path: Path) -> str:
    """A file that the user names, which may be a pipe but has to end."""
    try:
        with path.open("rb") as file:
            data = file.read(TOML_BYTES + 1)
        if len(data) > TOML_BYTES:
            raise UserError(f"{path} has more than {TOML_BYTES:,} bytes.", ExitCode.BAD_CONFIGURATION)
        return data.decode("utf-8-sig")  # some editors begin a file with a byte-order mark
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text (byte {error.start}).", ExitCode.BAD_CONFIGURATION) from None
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.", ExitCode.BAD_CONFIGURATION) from None


def _line_of(field: str, text: str) -> int:
    pattern = re.compile(rf"^\s*(\[\s*)?[\"']?{re.escape(field)}[\"']?\s*[=.\]]")
    return next((n for n, line in enumerate(text.splitlines(), start=1) if pattern.match(line)), 1)


def _sentence(error: ValidationError, places: Mapping[str, str]) -> str:
    """The first mistake as a sentence; a second one is only counted, so that the message stays readable."""
    problems = error.errors(include_url=False)
    first = problems[0]
    if first["loc"]:
        field = str(first["loc"][0])
        place = f" ({places[field]})" if field in places else ""
        reason = first["msg"][0].lower() + first["msg"][1:]
        text = f"{field} = {first['input']!r}{place} is not possible: {reason}."
    else:
        text = first["msg"].removeprefix("Value error, ") + "."
    if len(problems) > 1:
        text += f" {len(problems) - 1} more field(s) are wrong too."
    return text
