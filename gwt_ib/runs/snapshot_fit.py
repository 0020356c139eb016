"""Whether a run can go on from a snapshot: shapes, types and counts against its settings and its environment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gwt_ib.config import Config
from gwt_ib.envs.spec import ActionLayout, EnvironmentSpec
from gwt_ib.model.weights import parameter_shapes, state_size
from gwt_ib.runs.snapshot import ENVIRONMENTS, MODEL, OPTIMIZER, Snapshot, Tensors
from gwt_ib.runs.snapshot_state import NEEDED


def fit_problem(snapshot: Snapshot, config: Config, spec: EnvironmentSpec) -> str:
    """Why a run of these settings and this environment cannot go on from a snapshot; an empty text if it can."""
    state = snapshot.state
    if missing := [name for name in NEEDED if name not in state]:
        return f"state.json has no {missing[0]}"
    if parts := [name for name in ("episodes", "mmer", "returns", "lengths") if name not in state["window"]]:
        return f"state.json: the window has no {parts[0]}"
    if len(state["episodes"]) != config.num_envs:
        return f"it is of {len(state['episodes'])} environments, the run has {config.num_envs}"
    if state["env_steps"] != state["update"] * config.steps_per_update:
        return f"{state['env_steps']} env steps are not {state['update']} updates of {config.steps_per_update}"
    shapes = parameter_shapes(spec.observation_size, spec.actions, config)
    return (
        _misfit(MODEL, snapshot.model, shapes)
        or _statistics_problem(snapshot.model)
        or _optimizer_misfit(snapshot.optimizer, shapes, state["update"])
        or _environments_misfit(snapshot.environments, config)
    )


def agent_problem(snapshot: Snapshot, config: Config, observation_size: int, actions: ActionLayout) -> str:
    """Why the agent of a snapshot cannot act in such an environment; an empty text if it can."""
    if missing := [name for name in ("td_mean", "td_std") if name not in snapshot.state]:
        return f"state.json has no {missing[0]}"
    return _misfit(MODEL, snapshot.model, parameter_shapes(observation_size, actions, config))


def _misfit(file: str, tensors: Tensors, shapes: Mapping[str, tuple[int, ...]], prefix: str = "") -> str:
    for name, shape in shapes.items():
        tensor = tensors.get(f"{prefix}{name}")
        if tensor is None:
            return f"{file} has no {prefix}{name}"
        if tensor.shape != shape or tensor.dtype != np.float32:
            found = f"{tensor.dtype} {list(tensor.shape)}"
            return f"{file}: {prefix}{name} is {found}, the run needs float32 {list(shape)}"
    return ""


def _statistics_problem(model: Tensors) -> str:
    """Those of the returns are there only where the run needs them."""
    returns = model.get("return_statistics", np.zeros(3))
    if returns.shape != (3,) or returns.dtype != np.float64:
        return f"{MODEL}: return_statistics is no row of three float64 numbers"
    recent = model.get("td_statistics.recent")
    if recent is None:
        return f"{MODEL} has no td_statistics.recent"
    good = recent.ndim == 1 and recent.dtype == np.float32
    return "" if good else f"{MODEL}: td_statistics.recent is no row of float32 numbers"


def _optimizer_misfit(optimizer: Tensors, shapes: Mapping[str, tuple[int, ...]], update: int) -> str:
    """One of before the first update is empty."""
    if not optimizer and not update:
        return ""
    for each in ("exp_avg", "exp_avg_sq"):
        if problem := _misfit(OPTIMIZER, optimizer, shapes, f"{each}."):
            return problem
    if problem := _misfit(OPTIMIZER, optimizer, {"step": ()}):
        return problem
    return "" if optimizer["step"] >= 0 else f"{OPTIMIZER}: step is negative"


def _environments_misfit(environments: Tensors, config: Config) -> str:
    """Of what each environment has one row of; the others are checked where they are used."""
    rows = {"h": (config.num_envs, state_size(config)), "td_prev": (config.num_envs,)}
    known = {name: shape for name, shape in rows.items() if name in environments}
    if problem := _misfit(ENVIRONMENTS, environments, known):
        return problem
    infinite = [name for name in known if not np.isfinite(environments[name]).all()]
    return f"{ENVIRONMENTS}: {infinite[0]} is not finite" if infinite else ""
