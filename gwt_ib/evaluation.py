"""What can be done with a run's snapshot without training on."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.model import weights as layout
from gwt_ib.rollout.evaluation import Returns, evaluate, evaluation_envs
from gwt_ib.rollout.policy import make_policy
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot_store import newest_good_snapshot


def evaluate_snapshot(run: RunDirectory, config: Config) -> tuple[Path, Returns]:
    """The newest good snapshot's path and the returns of its evaluation episodes. Raises `UserError`.

    It acts on the CPU: a run that was trained on a GPU can be evaluated where there is none.
    """
    path, snapshot, _ = newest_good_snapshot(run.snapshots)
    envs = evaluation_envs(config)
    with closing(envs):
        shapes = layout.parameter_shapes(envs.observation_size, envs.actions, config.hidden_size)
        policy = make_policy(envs.observation_size, envs.actions, config)
        try:
            policy.write(layout.joined(snapshot.model, shapes))
            td_mean, td_std = float(snapshot.state["td_mean"]), float(snapshot.state["td_std"])
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path} does not fit this run: {error}.", ExitCode.BAD_DATA) from None
        policy.prepare()
        return path, evaluate(policy, td_mean, td_std, config, envs)
