"""From an id to an environment, and every mistake on the way as one or two sentences (`UserError`, exit code 78)."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import popgym  # noqa: F401  (registers its ids)
from gymnasium import spaces
from popgym.core.env import POPGymEnv
from popgym.wrappers import Antialias, PreviousAction

from gwt_ib.config import Config
from gwt_ib.envs import folders
from gwt_ib.envs.check import Stage, check, no_stage
from gwt_ib.envs.refusal import failed_call, is_ctrl_c, refusal
from gwt_ib.envs.space_record import space_record
from gwt_ib.envs.spec import SPACES, EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError, error_text, near_words

Env = gymnasium.Env[Any, Any]


def popgym_ids() -> list[str]:
    """The ids that POPGym registered: 48, and 42 where mazelib is not installed."""
    return sorted(env_id for env_id in gymnasium.registry if env_id.startswith("popgym-"))


def make_env(config: Config, stage: Stage = no_stage, render_mode: str | None = None) -> Env:
    """Make a run's environment with its time limit, if it has one. `module:env-id` imports the module first.

    It is wrapped as the configuration says (`WRAPPERS`). With a `render_mode` it can be drawn (`pictures`). Raises
    `UserError` when there is no such environment or it cannot be made.
    """
    return wrapped(_make_raw(config.env_id, stage, render_mode), config)


def check_environment(config: Config, stage: Stage = no_stage) -> EnvironmentSpec:
    """Make a run's environment, try it out and close it (`check`). Raises `UserError` where a run would fail.

    In this process: the command has it done in a child (`processes.check`). `stage` is told what is called next.
    """
    raw: list[Env] = []

    def make() -> Env:
        raw.append(_make_raw(config.env_id, stage))
        return wrapped(raw[0], config)

    spec = check(config.env_id, make, stage)
    with suppress(Exception):  # whatever a space of its own raises; whoever acts later then brings the environment
        return replace(spec, spaces={name: space_record(getattr(raw[0], f"{name}_space")) for name in SPACES})
    return spec


def wrapped(env: Env, config: Config) -> Env:
    """An environment with the wrappers that the configuration says. Raises `UserError` where it cannot be used with one."""
    with warnings.catch_warnings(action="ignore"):
        for setting, wrap in WRAPPERS:
            if not getattr(config, setting):
                continue
            try:
                env = wrap(env)
            except Exception as error:
                env.close()
                raise refusal(config.env_id, f"cannot be used with {setting}", error) from error
        return env


def _make_raw(env_id: str, stage: Stage, render_mode: str | None = None) -> Env:
    with warnings.catch_warnings(action="ignore"):  # of old versions and replaced ids
        stage("the import of its module")
        name = registered_name(env_id)
        stage("its constructor")
        try:
            # Not every constructor knows the word.
            drawn: dict[str, Any] = {} if render_mode is None else {"render_mode": render_mode}
            env: Env = gymnasium.make(name, disable_env_checker=True, **drawn)
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            raise failed_call(env_id, "cannot be made", "its constructor", error) from error
        return env


class _AnyEnv(gymnasium.ObservationWrapper[Any, Any, Any], POPGymEnv):  # type: ignore[misc]  # POPGym has no types
    """Any environment as one that POPGym's wrappers take, which need a `POPGymEnv` only for its `get_state`.

    They add their keys to a Dict observation itself, so it is copied: it may be the environment's own.
    """

    def observation(self, observation: Any) -> Any:
        return dict(observation) if isinstance(observation, dict) else observation


def _with_previous_action(env: Env) -> Env:
    """Append the previous action and a flag for the first step to each observation, by POPGym's wrappers."""
    if not isinstance(env, POPGymEnv):
        env = _AnyEnv(env)
    wrapped: Env = Antialias(PreviousAction(env, null_action=_null_action(env.action_space)))
    return wrapped


WRAPPERS: tuple[tuple[str, Callable[[Env], Env]], ...] = (("prev_action", _with_previous_action),)
"""Settings that wrap the environment, from the inside out, each with its wrapper: another one is added here."""


def _null_action(space: spaces.Space[Any]) -> Any:
    """The action before the first one: None, POPGym's choice (zeros, else the lowest), unless that one is unusable."""
    if isinstance(space, spaces.MultiDiscrete) and space.start.any():
        zeros = np.zeros_like(space.nvec)
        return zeros if space.contains(zeros) else space.start.copy()
    if isinstance(space, spaces.Box) and not space.contains(np.zeros(space.shape, space.dtype)):
        lowest = np.where(np.isneginf(space.low), np.minimum(space.high, 0), space.low)
        return lowest.astype(space.dtype)
    return None


def registered_name(env_id: str) -> str:
    """The id in Gymnasium's registry, after its module has been imported."""
    module, colon, name = env_id.partition(":")
    if colon:
        _import(module)
    else:
        name = env_id
    if name in gymnasium.registry:
        return name
    if _bare(name).startswith("labyrinth") and importlib.util.find_spec("mazelib") is None:
        raise UserError(
            f"{name!r} needs the package mazelib, which is not installed: pip install 'gwt-ib[navigation]'",
            ExitCode.BAD_CONFIGURATION,
        )
    where = f" after the module {module!r} was imported" if colon else ""
    hint = _nearest_ids(name) or " `gwt-ib-tui envs` lists the known ones."
    raise UserError(f"There is no environment {name!r}{where}.{hint}", ExitCode.BAD_CONFIGURATION)


def _import(module: str) -> None:
    """Import a module that registers environments; the directory in which the process was started is looked in last.

    A console script does not search it by itself. It stays on the path, as Gymnasium imports entry points later.
    """
    if folders.START and folders.START not in sys.path:
        sys.path.append(folders.START)
    try:
        importlib.import_module(module)
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        if isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}."):
            sentence = f"There is no module {error.name!r}, neither installed nor in the current directory."
        else:
            sentence = f"The module {module!r} cannot be imported: {error_text(error)}."
        raise UserError(sentence, ExitCode.BAD_CONFIGURATION) from error


def _nearest_ids(name: str) -> str:
    """Names the same environment in another version or with a prefix, else those that contain the name, else near ones."""

    def newest_first(env_id: str) -> tuple[bool, int]:  # those without a namespace before the others
        return "/" in env_id, -(gymnasium.registry[env_id].version or 0)

    bare, ids = _bare(name), sorted(gymnasium.registry)
    same = sorted((known for known in ids if _bare(known) == bare), key=newest_first)
    if not same and len(bare) >= 3:
        same = sorted(
            (known for known in ids if bare in _bare(known)), key=lambda known: (len(known), *newest_first(known))
        )
    if not same:  # what all ids have in common makes none of them near
        by_bare = {_bare(known): known for known in sorted(ids, key=newest_first, reverse=True)}
        same = [by_bare[near] for near in near_words(bare, by_bare)]
    return f" Did you mean {' or '.join(same[:3])}?" if same else ""


def _bare(name: str) -> str:
    """The name without `popgym-`, a namespace, a version and capitals."""
    return re.sub(r"^popgym-|-?v\d+$", "", name.lower().rpartition("/")[2])
