"""Snapshots of a small run that nobody has trained, and a run directory with some of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from support import small_config

from gwt_ib.envs.spec import ActionLayout, EnvironmentSpec
from gwt_ib.model.weights import parameter_shapes
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import RecordWriter
from gwt_ib.runs.snapshot import Snapshot, save_snapshot

CONFIG = small_config()
SPEC = EnvironmentSpec(3, ActionLayout("discrete", (4,), 1), "Box(3)", "Discrete(4)")


def fitting(update: int = 2, eval_return: float | None = None, **state: Any) -> Snapshot:
    """A snapshot that a run of `CONFIG` and `SPEC` can go on from."""
    shapes = parameter_shapes(SPEC.observation_size, SPEC.actions, CONFIG)
    model = {name: np.full(shape, update, np.float32) for name, shape in shapes.items()}
    moments = {f"{each}.{name}": tensor for each in ("exp_avg", "exp_avg_sq") for name, tensor in model.items()}
    window = {"episodes": 1, "mmer": None, "returns": [0.5], "lengths": [51]}
    known = {
        "update": update, "env_steps": update * CONFIG.steps_per_update, "elapsed_s": 1.5, "td_mean": 0.0, "td_std": 1.0,
        "episodes": [0, 1, 0, -1], "window": window, "gatecheck": {}, "eval_return": eval_return,
        "config": CONFIG.model_dump(mode="json"),
    }  # fmt: skip
    return Snapshot(
        {**model, "td_statistics.recent": np.zeros(9, np.float32)},
        {**moments, "step": np.array(3.0, np.float32)},
        {"h": np.zeros((4, CONFIG.hidden_size), np.float32), "td_prev": np.zeros(4, np.float32)},
        {**known, **state},
    )


def made_up_run(path: Path, updates: tuple[int, ...]) -> RunDirectory:
    """A run of `CONFIG` with a row for each update up to the last, and snapshots of some."""
    run = create_run(CONFIG, path, ["gwt-ib-tui", "launch"], SPEC)
    rows = RecordWriter(run.metrics)
    for update in range(1, max(updates, default=0) + 1):
        rows.append({"update": update, "env_steps": update * CONFIG.steps_per_update})
    rows.close()
    for update in updates:
        snapshot = fitting(update)
        save_snapshot(run.snapshots, snapshot, snapshot.state["env_steps"])
    return run
