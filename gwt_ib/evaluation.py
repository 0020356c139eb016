"""What can be done with a run's snapshot without training on: it is evaluated, in a process of its own.

The environment is user code, which the command that asks must not meet: `python -m gwt_ib.evaluation` is the child.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.child_answer import Stage, answer_call
from gwt_ib.processes.child_call import call_in_child
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.text import plain


def evaluate_snapshot(run: RunDirectory, config: Config) -> tuple[Path, list[float | None]]:
    """The newest good snapshot's path and the returns of its evaluation episodes. Raises `UserError`.

    It acts on the CPU: a run that was trained on a GPU can be evaluated where there is none.
    """
    request = {"run": str(run.path.resolve()), "config": config.model_dump(mode="json")}
    outcome = call_in_child("gwt_ib.evaluation", request, echo=True)
    if outcome.refusal is not None:
        raise outcome.refusal
    if outcome.answer is None:
        sentence = f"The evaluation of {plain(config.env_id)!r} {outcome.ending()}.{outcome.last_words}"
        raise UserError(sentence, ExitCode.BAD_CONFIGURATION)
    answer = outcome.answer
    return run.snapshots / str(answer["snapshot"]), list(answer["returns"])


def evaluate_here(request: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    """The child's work."""
    from gwt_ib.envs.episode import EpisodeError
    from gwt_ib.model import weights as layout
    from gwt_ib.rollout.evaluation import evaluate, evaluation_envs
    from gwt_ib.rollout.policy import make_policy
    from gwt_ib.runs.snapshot_fit import agent_problem
    from gwt_ib.runs.snapshot_store import newest_good_snapshot

    run, config = RunDirectory(Path(request["run"])), Config(**request["config"])
    folders = run.snapshot_folders(config.rescue_dir)
    newest_good_snapshot(folders)  # that there is none is said before an environment is made
    envs = evaluation_envs(config)
    with closing(envs):
        path, snapshot, _ = newest_good_snapshot(
            folders, lambda found: agent_problem(found, config, envs.observation_size, envs.actions)
        )
        shapes = layout.parameter_shapes(envs.observation_size, envs.actions, config)
        policy = make_policy(envs.observation_size, envs.actions, config)
        policy.write(layout.joined(snapshot.model, shapes))
        td_mean, td_std = float(snapshot.state["td_mean"]), float(snapshot.state["td_std"])
        policy.prepare()
        try:
            returns = evaluate(policy, td_mean, td_std, config, envs)
        except EpisodeError as error:
            raise UserError(f"The evaluation failed: {plain(error)}.", ExitCode.BAD_CONFIGURATION) from None
    return {"snapshot": path.name if path.parent == run.snapshots else str(path), "returns": returns}


if __name__ == "__main__":
    answer_call(evaluate_here)
