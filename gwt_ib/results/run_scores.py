"""The scores of one run, read from its directory: MMER, last 100 episodes, final evaluation, steps/s; and what has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from gwt_ib.config import Config
from gwt_ib.lenient import real
from gwt_ib.results.final_evaluation import final_evaluation
from gwt_ib.results.mmer import mmer
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import read_records
from gwt_ib.runs.record import KILLED, STALLED, TRAINING

Status = Literal["waiting", "running", "unfinished", "finished", "failed"]
STATUSES: tuple[Status, ...] = ("finished", "running", "unfinished", "waiting", "failed")
SCORES = ("mmer", "ep100", "evaluation")
"""The three scores of a run: returns, so that they can be normalised and set beside published ones."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a table: where it is or will be, its settings, its arm, and how it stands."""

    run: RunDirectory
    config: Config
    arm: str
    status: Status
    cause: str = ""
    """Why it failed, a sentence."""


@dataclass(frozen=True)
class RunScores:
    """What a run has come to. Only a finished one has scores: half a run is no result."""

    planned: PlannedRun
    env_steps: int | None = None
    mmer: float | None = None
    mmer_epochs: int = 0
    ep100: float | None = None
    """Mean return of the last 100 episodes."""
    evaluation: float | None = None
    """Mean return of 100 episodes of the last snapshot."""
    steps_per_s: float | None = None
    """Env steps over the time that the run was training."""
    problems: tuple[str, ...] = ()
    """What has no score, and why: sentences without the run's name and full stop."""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        values = {name: value for name, value in vars(self).items() if name not in ("planned", "problems")}
        planned = self.planned
        return {
            "run": planned.run.name,
            "path": str(planned.run.path),
            "env_id": planned.config.env_id,
            "arm": planned.arm,
            "seed": planned.config.seed,
            "status": planned.status,
            "cause": planned.cause,
            **values,
            "problems": list(self.problems),
        }


def read_scores(planned: PlannedRun) -> RunScores:
    """The scores of a run as far as they are there. Never raises for what is in its directory."""
    if planned.status != "finished":
        return RunScores(planned)
    run = planned.run
    try:
        rows = read_records(run.metrics)
    except OSError as error:
        return RunScores(planned, problems=(f"its metrics cannot be read: {error.strerror or error}",))
    if not rows:
        return RunScores(planned, problems=("it has no metrics",))
    best, last, evaluated = mmer(rows), rows[-1], final_evaluation(run, planned.config)
    steps, seconds = real(last.get("env_steps")), real(last.get("elapsed_s"))
    problems = [best.problem] if best.problem else []
    if evaluated is None:
        problems.append("no evaluation of its last snapshot")
    return RunScores(
        planned,
        None if steps is None else int(steps),
        best.value,
        best.epochs,
        real(last.get("ep100")),
        None if evaluated is None else evaluated.mean,
        steps / seconds if steps and seconds else None,
        tuple(problems),
    )


def status_of(run: RunDirectory) -> tuple[Status, str]:
    """How a run that is no part of a sweep stands, and why it failed."""
    record = run.read_run()
    state = record.state_now()
    if state == "finished":
        return "finished", ""
    if state == "failed":
        return "failed", record.message
    # A silent trainer on another host may live: it is not called unfinished before it is known to be gone.
    if state in TRAINING or state == STALLED:
        return "running", ""
    return "unfinished", "its trainer is gone" if state == KILLED else record.message
