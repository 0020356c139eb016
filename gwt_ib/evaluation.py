"""What can be done with a run's snapshot without training on: it is evaluated, in a process of its own.

The environment is user code, which the command that asks must not meet: `python -m gwt_ib.evaluation` is the child.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.gatecheck.gate_evaluation import GateEvaluation
from gwt_ib.processes.child_answer import Stage, answer_call
from gwt_ib.processes.child_call import call_in_child
from gwt_ib.replacements import sensible
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.text import plain

if TYPE_CHECKING:
    from gwt_ib.runs.snapshot import Snapshot


def evaluate_snapshot(
    run: RunDirectory, config: Config, snapshot: Path | None = None
) -> tuple[Path, list[float | None]]:
    """The path of a snapshot, by default the newest good one, and the returns of its evaluation episodes.

    Raises `UserError`. It acts on the CPU: a run that was trained on a GPU can be evaluated where there is none.
    """
    path, answer = _ask(run, config, snapshot, {})
    return path, list(answer["returns"])


def evaluate_gate(
    run: RunDirectory, config: Config, words: Sequence[str], *, steps: bool, snapshot: Path | None = None
) -> tuple[Path, GateEvaluation]:
    """The same with the gate replaced by each of `words`, and in windows of `steps`. Raises `UserError`."""
    path, answer = _ask(run, config, snapshot, {"gates": list(words), "steps": steps})
    return path, GateEvaluation.of(answer["gate"], answer["update"], answer["env_steps"])


def _ask(
    run: RunDirectory, config: Config, snapshot: Path | None, what: Mapping[str, Any]
) -> tuple[Path, Mapping[str, Any]]:
    """What the child answers, and the snapshot that it took."""
    what = {**what, "snapshot": None if snapshot is None else str(snapshot.resolve())}
    request = {"run": str(run.path.resolve()), "config": config.model_dump(mode="json"), **what}
    outcome = call_in_child("gwt_ib.evaluation", request, echo=True)
    if outcome.refusal is not None:
        raise outcome.refusal
    if outcome.answer is None:
        sentence = f"The evaluation of {plain(config.env_id)!r} {outcome.ending()}.{outcome.last_words}"
        raise UserError(sentence, ExitCode.BAD_CONFIGURATION)
    return run.snapshots / str(outcome.answer["snapshot"]), outcome.answer


def evaluate_here(request: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    """The child's work."""
    from gwt_ib.envs.episode import EpisodeError
    from gwt_ib.model import weights as layout
    from gwt_ib.rollout.evaluation import evaluate, evaluation_envs
    from gwt_ib.rollout.memory_use import gate_record
    from gwt_ib.rollout.policy import make_policy
    from gwt_ib.rollout.replaced_gate import GatePlayer
    from gwt_ib.runs.snapshot_fit import agent_problem

    run, config = RunDirectory(Path(request["run"])), Config(**request["config"])
    _find(run, config, request["snapshot"])  # that there is none is said before an environment is made
    envs = evaluation_envs(config)
    with closing(envs):
        path, snapshot = _find(
            run,
            config,
            request["snapshot"],
            lambda found: agent_problem(found, config, envs.observation_size, envs.actions),
        )
        shapes = layout.parameter_shapes(envs.observation_size, envs.actions, config)
        policy, state = make_policy(envs.observation_size, envs.actions, config), snapshot.state
        td_mean, td_std = float(state["td_mean"]), float(state["td_std"])
        weights = layout.Weights(state["update"], layout.joined(snapshot.model, shapes), td_mean, td_std)
        policy.write(weights.vector)
        policy.prepare()
        found: dict[str, Any] = {"snapshot": path.name if path.parent == run.snapshots else str(path)}
        try:
            if "gates" not in request:
                return found | {"returns": evaluate(policy, td_mean, td_std, config, envs)}
            player = GatePlayer(policy, config, envs, weights)
            steps = sensible(config.gate) if request["steps"] else ()
            return found | {
                "gate": gate_record(player, request["gates"], steps=steps),
                "update": state["update"],
                "env_steps": state.get("env_steps", state["update"] * config.steps_per_update),
            }
        except EpisodeError as error:
            raise UserError(f"The evaluation failed: {plain(error)}.", ExitCode.BAD_CONFIGURATION) from None


def _find(
    run: RunDirectory, config: Config, path: str | None, problem: Callable[[Snapshot], str] = lambda found: ""
) -> tuple[Path, Snapshot]:
    """A certain snapshot, or the newest good one that has no `problem`. Raises `UserError` (65)."""
    from gwt_ib.runs.snapshot import BadSnapshotError, load_snapshot
    from gwt_ib.runs.snapshot_store import newest_good_snapshot

    if path is None:
        newest, snapshot, _ = newest_good_snapshot(run.snapshot_folders(config.rescue_dir), problem)
        return newest, snapshot
    try:
        snapshot = load_snapshot(Path(path))
    except BadSnapshotError as error:
        raise UserError(f"It cannot be evaluated: {error}.", ExitCode.BAD_DATA) from None
    if words := problem(snapshot):
        raise UserError(f"{path} does not fit this run: {words}.", ExitCode.BAD_DATA)
    return Path(path), snapshot


if __name__ == "__main__":
    answer_call(evaluate_here)
