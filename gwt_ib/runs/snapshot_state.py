"""What a snapshot's `state.json` may say; a problem in words, never an error."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from gwt_ib.lenient import real

LARGEST = 2**53  # the last whole number that every reader of JSON has exactly
WINDOW = 100  # returns and lengths of episodes that a window can hold, and more
NEEDED = ("update", "env_steps", "elapsed_s", "td_mean", "td_std", "episodes", "window", "gatecheck")
"""What a run needs of a state to go on."""


def state_problem(state: Mapping[str, Any], env_steps: int | None = None) -> str:
    """What is wrong with a state, such as `state.json: update is -5`; an empty text if nothing is.

    Only `update` must be there; `env_steps` is what the manifest says, or none.
    """
    if "update" not in state:
        return "state.json has no update"
    for name, is_possible in _CHECKS.items():
        if name in state and not is_possible(state[name]):
            return f"state.json: {name} is {_short(state[name])}"
    if env_steps is not None and state.get("env_steps", env_steps) != env_steps:
        return f"state.json: env_steps is {state['env_steps']}, the manifest says {env_steps}"
    return ""


def _is_count(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST


def _is_number(value: object) -> bool:
    return real(value) is not None


def _is_list(value: object, good: Callable[[object], bool], most: int) -> bool:
    return isinstance(value, list) and len(value) <= most and all(map(good, value))


def _is_window(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    returns, lengths, mmer = value.get("returns", []), value.get("lengths", []), value.get("mmer")
    return (
        _is_count(value.get("episodes", 0))
        and (mmer is None or _is_number(mmer))
        and _is_list(returns, _is_number, WINDOW)
        and _is_list(lengths, _is_count, WINDOW)
        and ("lengths" not in value or len(returns) == len(lengths))
    )


_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "update": _is_count,
    "env_steps": _is_count,
    "elapsed_s": lambda value: _is_number(value) and 0 <= value <= LARGEST,
    "episodes": lambda value: _is_list(value, lambda episode: _is_count(episode, -1), 65536),
    "td_mean": _is_number,
    "td_std": lambda value: _is_number(value) and value > 0,
    "window": _is_window,
    "gatecheck": lambda value: isinstance(value, dict),
    "config": lambda value: isinstance(value, dict),
    "eval_return": lambda value: value is None or _is_number(value),
    "gate_budget": lambda value: isinstance(value, dict),
}


def _short(value: object) -> str:
    """A value in a few characters: one of many digits or depths is not written out."""
    if isinstance(value, float) and not math.isfinite(value):
        return "not finite"
    if isinstance(value, bool | None):
        return str(value).lower() if value is not None else "null"
    if isinstance(value, int):
        return str(value) if abs(value) <= LARGEST else "too large a number"
    if isinstance(value, float):
        return f"{value:g}"
    return "a text" if isinstance(value, str) else "not what it should be"
