"""Run directories whose agents nobody has trained: random weights, so that everything that an agent sees shows."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from snapshots import fitting
from support import small_config

from gwt_ib.envs.make import check_environment
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.model.weights import parameter_shapes
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot import Snapshot, save_snapshot


@cache
def spec_of(env_id: str, prev_action: bool) -> EnvironmentSpec:
    return check_environment(small_config(env_id=env_id, prev_action=prev_action))


def agent_of(config: Any, spec: EnvironmentSpec, update: int = 2, **state: Any) -> Snapshot:
    """A snapshot with random weights."""
    rng = np.random.default_rng(update)
    shapes = parameter_shapes(spec.observation_size, spec.actions, config)
    model = {name: rng.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}
    known = fitting(update, td_mean=0.02, td_std=0.4, config=config.model_dump(mode="json"), **state)
    statistics = {"td_statistics.recent": np.zeros(9, np.float32)}
    return Snapshot({**model, **statistics}, known.optimizer, known.environments, known.state)


def run_of(path: Path, updates: tuple[int, ...] = (2,), **settings: Any) -> RunDirectory:
    """A run of these settings with a snapshot after each of these updates."""
    config = small_config(**settings)
    spec = spec_of(config.env_id, config.prev_action)
    run = create_run(config, path, ["test"], spec)
    for update in updates:
        save_snapshot(run.snapshots, agent_of(config, spec, update), update * config.steps_per_update)
    return run
