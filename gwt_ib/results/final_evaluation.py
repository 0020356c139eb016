"""The evaluation that a run is scored by: 100 episodes of its newest good snapshot, made once and kept with the run.

Episodes, seeds and action noise follow from the run's seed alone, so two arms play the same episodes where they have the
same seeds: they are paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gwt_ib.config import Config
from gwt_ib.durable import write_json
from gwt_ib.errors import UserError
from gwt_ib.lenient import mapping, read_object, real, text, whole
from gwt_ib.runs.directory import RunDirectory

EPISODES = 100
LONGEST = 10_000
"""Steps after which an episode is cut off, whatever the run's own evaluations do."""
FORMAT = 1


@dataclass(frozen=True)
class FinalEvaluation:
    """What `final_evaluation.json` holds."""

    snapshot: str
    """Its name, or its path where it is not among the run's own."""
    weights: str
    """SHA-256 of the weights that acted: after a resume there may be others under the same name."""
    env_steps: int
    """How far the agent was trained."""
    returns: tuple[float | None, ...]
    """Of each episode, in the order of their seeds; None for one in which its environment failed."""
    mean: float
    """Over the episodes that did not fail."""

    @property
    def episodes(self) -> int:
        """How many were played."""
        return len(self.returns)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> FinalEvaluation | None:
        """Read what `as_dict` wrote; None for anything else. Never raises."""
        listed, mean, steps = record.get("returns"), real(record.get("mean")), whole(record.get("env_steps"))
        if record.get("format") != FORMAT or not isinstance(listed, list) or mean is None or steps is None:
            return None
        return cls(text(record.get("snapshot")), text(record.get("weights")), steps, tuple(map(real, listed)), mean)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        values = {name: value for name, value in vars(self).items() if name != "returns"}
        return {"format": FORMAT, **values, "episodes": self.episodes, "returns": list(self.returns)}


def ensure_final_evaluation(run: RunDirectory, config: Config) -> FinalEvaluation:
    """The final evaluation of a run that has ended: the one that it has, or one that is made now, in a child process.

    The child imports the run's environment: whether that is trusted is settled before. Raises `UserError`: 65 where there
    is no good snapshot, else as `evaluate_snapshot`; and `OSError` where the file cannot be written.
    """
    from gwt_ib.evaluation import evaluate_snapshot
    from gwt_ib.rollout.evaluation import mean_return
    from gwt_ib.runs.snapshot import read_manifest

    if known := final_evaluation(run, config):
        return known
    changes = {"eval_episodes": EPISODES, "eval_max_steps": LONGEST}
    path, returns = evaluate_snapshot(run, config.model_copy(update=changes))
    name = path.name if path.parent == run.snapshots else str(path)
    steps = read_manifest(path).env_steps or 0
    made = FinalEvaluation(name, _weights(path), steps, tuple(returns), mean_return(returns))
    write_json(run.final_evaluation, made.as_dict())
    return made


def final_evaluation(run: RunDirectory, config: Config) -> FinalEvaluation | None:
    """The one that a run has, where it is of the newest good snapshot; None where one has yet to be made. Never raises."""
    from gwt_ib.runs.snapshot_store import newest_good_snapshot

    known = FinalEvaluation.from_dict(read_object(run.final_evaluation))
    if known is None or known.episodes != EPISODES:
        return None
    try:
        newest, _, _ = newest_good_snapshot(run.snapshot_folders(config.rescue_dir))
    except UserError:
        return None
    return known if known.weights and known.weights == _weights(newest) else None


def _weights(snapshot: Path) -> str:
    """The checksum of the weights that a snapshot's manifest gives; empty where it gives none."""
    from gwt_ib.runs.snapshot import MODEL, BadSnapshotError, read_manifest

    try:
        return text(mapping(read_manifest(snapshot).files.get(MODEL)).get("sha256"))
    except (OSError, BadSnapshotError):
        return ""
