"""Values out of files that may be damaged or written by hand: of the right type, or absent; never an error."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gwt_ib.files import read_json


def real(value: object) -> float | None:
    """The value as a finite float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def whole(value: object) -> int | None:
    """A whole number, cut off; or none."""
    result = real(value)
    return None if result is None else int(result)


def text(value: object) -> str:
    """A string, or an empty one."""
    return value if isinstance(value, str) else ""


def mapping(value: object) -> Mapping[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; none of anything else."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def scalars(fields: Mapping[str, str], record: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a dataclass' `fields` (its `__annotations__`) that are numbers, texts or flags, as a record has them."""
    return {name: _READERS[kind](record.get(name)) for name, kind in fields.items() if kind in _READERS}


_READERS: Mapping[str, Callable[[object], Any]] = {
    "str": text,
    "str | None": lambda value: text(value) or None,
    "int": lambda value: whole(value) or 0,
    "int | None": whole,
    "float": lambda value: real(value) or 0.0,
    "float | None": real,
    "bool": lambda value: value is True,
    "bool | None": lambda value: value if isinstance(value, bool) else None,
}


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object of a file; empty where there is none or it is something else."""
    try:
        value = read_json(path)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
