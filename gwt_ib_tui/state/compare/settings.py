"""Settings and tasks in the room that a line of a table has; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

from gwt_ib.runs.settings import setting_words
from gwt_ib.text import cut_at_end, plain

_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|.", re.DOTALL)


def fitting_settings(values: Sequence[tuple[str, Any]], width: int, env: str = "") -> str:
    """The same in at most `width` cells with whole fields from the first on, and `…` for those that are left out.

    The environment is named by `env`, a name that may be short, or not at all.
    """
    fields = [env] if env else []
    fields += [setting_words([pair]) for pair in values if pair[0] != "env_id"]
    for kept in range(len(fields), 0, -1):
        words = " ".join([*fields[:kept], *["…"][: len(fields) - kept]])
        if len(words) <= width:
            return words
    return cut_at_end(fields[0], width) if fields else ""


def short_env_ids(env_ids: Iterable[str]) -> dict[str, str]:
    """What distinguishes each environment from the others: `Easy` and `Hard` where the names have all else in common."""
    parts = {env_id: _PARTS.findall(env_id) for env_id in env_ids}
    start = _in_common(list(parts.values()))
    end = _in_common([found[:start:-1] for found in parts.values()])
    short = {env_id: "".join(found[start : len(found) - end]).strip("-_/") for env_id, found in parts.items()}
    return {env_id: plain(found if all(short.values()) else env_id, 60) for env_id, found in short.items()}


def _in_common(parts: Sequence[Sequence[str]]) -> int:
    """How many of their first parts are the same in all."""
    return sum(1 for _ in takewhile(lambda found: len(set(found)) == 1, zip(*parts, strict=False)))
