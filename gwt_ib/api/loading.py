"""From a run or one of its snapshots to a policy that acts: nothing is unpickled, and no environment is imported or made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
from gymnasium import spaces

from gwt_ib.api.policy import Policy
from gwt_ib.api.run import Run
from gwt_ib.config import Config
from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.envs.space_record import space_of
from gwt_ib.envs.spec import SPACES, EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.model import weights as layout
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.named_snapshot import NEWEST, named_snapshot
from gwt_ib.runs.snapshot import MANIFEST, BadSnapshotError, Snapshot, load_snapshot
from gwt_ib.runs.snapshot_fit import agent_problem
from gwt_ib.runs.snapshot_store import newest_good_snapshot

Spaces = tuple[spaces.Space[Any], spaces.Space[Any]]


def load(
    run: str | Path | Run | RunDirectory,
    *,
    snapshot: str | int = NEWEST,
    env: gymnasium.Env[Any, Any] | None = None,
    seed: int | None = None,
) -> Policy:
    """The policy of a run's newest good snapshot, or of another one.

    - `run`: a run, the name of one under `runs/`, `latest`, its directory, or the directory of a snapshot in it.
    - `snapshot`: which one of a run: `newest`, `best` by its evaluations, or the env steps after which it was made.
    - `env`: an environment like the run's, of which only the spaces are read: for a run that has not recorded its own.
    - `seed`: of the noise by which actions are sampled; the run's own seed where none is given.

    Raises `UserError` where there is no such run, no good snapshot, or one that does not fit its settings.
    """
    directory, path = _found(run)
    config, spec = directory.read_config(), directory.read_environment()
    folders = directory.snapshot_folders(config.rescue_dir)
    if path is None and snapshot != NEWEST:
        path = named_snapshot(directory, folders, str(snapshot))
    if path is None:
        path, read, _ = newest_good_snapshot(
            folders, lambda found: agent_problem(found, config, spec.observation_size, spec.actions)
        )
    else:
        read = _read(path)
        if problem := agent_problem(read, config, spec.observation_size, spec.actions):
            raise UserError(f"{path} does not fit its run: {problem}.", ExitCode.BAD_DATA)
    observations, actions = _recorded(directory, spec) if env is None else (env.observation_space, env.action_space)
    return _policy(path, read, config, spec, (observations, actions), seed)


def _found(run: str | Path | Run | RunDirectory) -> tuple[RunDirectory, Path | None]:
    """The run's directory, and the snapshot where one is named."""
    if isinstance(run, Run | RunDirectory):
        return RunDirectory(run.path), None
    path = Path(run)
    if not (path / MANIFEST).is_file():
        return Run(run).directory, None
    for folder in path.resolve().parents:
        if (folder / "config.json").is_file():
            return RunDirectory(folder), path
    raise UserError(f"{path} does not lie in a run directory, which says what its agent is.", ExitCode.USAGE)


def _read(path: Path) -> Snapshot:
    try:
        return load_snapshot(path)
    except (BadSnapshotError, OSError) as error:
        raise UserError(f"This is no good snapshot: {error}.", ExitCode.BAD_DATA) from None


def _recorded(directory: RunDirectory, spec: EnvironmentSpec) -> Spaces:
    """The spaces that the check of the environment has recorded. Raises `UserError` where there are none."""
    numbers = {"observation": spec.observation_size, "action": max(spec.actions.width, 1)}
    try:
        observations, actions = (space_of(spec.spaces.get(name), numbers[name]) for name in SPACES)
        if ActionCodec(actions).layout != spec.actions:
            raise ValueError("its actions are others")
        if int(spaces.flatdim(observations)) > spec.observation_size:
            raise ValueError("its observations are others")
    except (ValueError, UserError):
        sentence = (
            f"{directory.environment} has no record of the environment's spaces: give load an environment like it, as in "
            f'load(…, env=gymnasium.make("{directory.read_run().env_id}")).'
        )
        raise UserError(sentence, ExitCode.BAD_DATA) from None
    return observations, actions


def _policy(
    path: Path, snapshot: Snapshot, config: Config, spec: EnvironmentSpec, given: Spaces, seed: int | None
) -> Policy:
    state = snapshot.state
    shapes = layout.parameter_shapes(spec.observation_size, spec.actions, config)
    vector = layout.joined(snapshot.model, shapes)
    weights = layout.Weights(state["update"], vector, float(state["td_mean"]), float(state["td_std"]))
    env_steps = state.get("env_steps", state["update"] * config.steps_per_update)
    try:
        return Policy(config, weights, *given, snapshot=path, env_steps=env_steps, seed=seed)
    except ValueError:
        sentence = (
            f"The agent of {path} observes {spec.observation_size} numbers and acts in {spec.action_space}: these spaces, "
            f"{given[0]} and {given[1]}, are others."
        )
        raise UserError(sentence, ExitCode.BAD_DATA) from None
