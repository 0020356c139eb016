"""What can be done with a run's snapshot without training on."""

from __future__ import annotations

from pathlib import Path

import torch

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.model.agent import Agent
from gwt_ib.model.flat import FlatParameters
from gwt_ib.rollout.evaluate import evaluate, evaluation_envs
from gwt_ib.rollout.policy import with_kernels
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot import newest_good_snapshot


def evaluate_snapshot(run: RunDirectory, config: Config) -> tuple[Path, list[float]]:
    """The newest good snapshot's path and the returns of its evaluation episodes. Raises `UserError`.

    It acts on the CPU: a run that was trained on a GPU can be evaluated where there is none.
    """
    torch.set_num_threads(1)
    config = config.model_copy(update={"device": "cpu"})
    path, snapshot, _ = newest_good_snapshot(run.snapshots)
    envs = evaluation_envs(config)
    agent = Agent(envs.observation_size, envs.actions, config)
    flat = FlatParameters(agent)
    try:
        flat.restore(flat.vector.detach(), dict(snapshot.model))
        td_mean, td_std = float(snapshot.state["td_mean"]), float(snapshot.state["td_std"])
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} does not fit this run: {error}.", ExitCode.BAD_DATA) from None
    player = with_kernels(agent, flat.read(), envs.observation_size, envs.actions, config)
    return path, evaluate(player, td_mean, td_std, config, envs)
