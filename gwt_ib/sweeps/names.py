"""The names of a sweep's runs and arms: readable, the same for the same settings, safe as the names of directories; pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from gwt_ib.config import Config

DEFAULT_ARM = "default"
LONGEST_NAME = 60
"""Characters of an arm's name."""
LONGEST_PART = 60
LONGEST = 180
"""Of a run's name: a file system takes 255 bytes, and a temporary file beside it has a longer one."""


def member_name(config: Config, arm: str, axes: Mapping[str, Any]) -> str:
    """Such as `popgym-CountRecallEasy-v0__budget__lr=0.001__s1`; `axes` are the grid's fields beside task and seed.

    Where something had to be replaced or cut off, the end of the name tells it from others: `-3f9a02c1`.
    """
    raw = [config.env_id, *_arm_parts(arm, axes), f"s{config.seed}"]
    parts = [_safe(part) for part in raw]
    name = "__".join(parts)
    if parts == raw and len(name) <= LONGEST:
        return name
    mark = hashlib.sha256(json.dumps(raw).encode()).hexdigest()[:8]
    return f"{name[: LONGEST - 9].rstrip('_.-')}-{mark}"


def arm_label(arm: str, axes: Mapping[str, Any]) -> str:
    """What tells a run from others of its task and seed: `budget, lr=0.001`."""
    return ", ".join(_arm_parts(arm, axes))


def value_words(value: Any) -> str:
    """A setting's value as it stands in names and sentences."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _safe(part: str) -> str:
    """One part of a name: letters, digits, `_ . = + -`, never hidden, never two `_` in a row, which part the parts."""
    words = re.sub(r"[^A-Za-z0-9_.=+-]+|_{2,}", "-", part).lstrip(".-") or "x"
    return words[:LONGEST_PART].strip("_") or "x"


def _arm_parts(arm: str, axes: Mapping[str, Any]) -> list[str]:
    """The arm's name, if it has one, and its values of the grid."""
    values = [f"{name}={value_words(axes[name])}" for name in sorted(axes)]
    return [arm, *values] if arm else values or [DEFAULT_ARM]
