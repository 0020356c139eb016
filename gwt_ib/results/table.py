"""The table of results: a row for each task and arm, each arm over its tasks, each arm against each other; pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from gwt_ib.results import intervals
from gwt_ib.results.final_evaluation import EPISODES
from gwt_ib.results.intervals import Estimate
from gwt_ib.results.mmer import EPOCH_STEPS
from gwt_ib.results.reference import TASKS, Task, task_of
from gwt_ib.results.run_scores import SCORES, STATUSES, RunScores

FORMAT = 1
METHOD: Mapping[str, Any] = {
    "mmer_epoch_steps": EPOCH_STEPS,
    "evaluation_episodes": EPISODES,
    "interval": "stratified percentile bootstrap over runs within tasks",
    "confidence": intervals.CONFIDENCE,
    "resamples": intervals.RESAMPLES,
    "bootstrap_seed": intervals.SEED,
}


@dataclass(frozen=True)
class Score:
    """One score of one task and arm over its runs."""

    values: tuple[float, ...] = ()
    """Of each run that has one, in the order of their seeds."""
    mean: Estimate | None = None
    iqm: Estimate | None = None
    normalised: Estimate | None = None
    """The mean, between the task's floor (0) and ceiling (1); None where the task has not both."""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        estimates = {name: _plain(getattr(self, name)) for name in ("mean", "iqm", "normalised")}
        return {"values": list(self.values), **estimates}


@dataclass(frozen=True)
class Row:
    """One task and arm. Scores are of finished runs alone."""

    env_id: str
    arm: str
    runs: Mapping[str, int]
    """How many of its runs stand how, and how many there are."""
    seeds: tuple[int, ...]
    env_steps: int | None
    """Of the longest of its finished runs."""
    scores: Mapping[str, Score]
    steps_per_s: float | None
    task: Task

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        scores = {name: score.as_dict() for name, score in self.scores.items()}
        values = {name: value for name, value in vars(self).items() if name not in ("scores", "task", "seeds", "runs")}
        known = {"popgym": self.task.as_dict() if self.task.is_popgym else None}
        return {**values, "runs": dict(self.runs), "seeds": list(self.seeds), **scores, **known}


@dataclass(frozen=True)
class Sum:
    """The sum of a score over POPGym's tasks, as far as they are there, and the published one over the same tasks."""

    tasks: int
    value: Estimate
    gru_return: float
    """PPO with a GRU, mean return: there for each task."""
    with_gru_mmer: int = 0
    """Of how many of the tasks the MMER of PPO with a GRU is published."""
    value_there: float = 0.0
    gru_mmer: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**vars(self), "of": TASKS, "value": self.value.as_dict()}


@dataclass(frozen=True)
class Total:
    """One score of one arm over its tasks."""

    normalised_tasks: int = 0
    mean: Estimate | None = None
    iqm: Estimate | None = None
    sum: Sum | None = None

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        normalised = {"tasks": self.normalised_tasks, "mean": _plain(self.mean), "iqm": _plain(self.iqm)}
        return {"normalised": normalised, "sum": None if self.sum is None else self.sum.as_dict()}


@dataclass(frozen=True)
class Improvement:
    """How likely a run of one arm is better than one of another, by each score, over the tasks that both have."""

    arm: str
    over: str
    tasks: Mapping[str, int]
    by: Mapping[str, Estimate | None]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        by = {name: {"tasks": self.tasks[name], "probability": _plain(found)} for name, found in self.by.items()}
        return {"arm": self.arm, "over": self.over, **by}


@dataclass(frozen=True)
class ResultsTable:
    """Everything but the sentences that have to be read with it, which `notes` makes."""

    rows: tuple[Row, ...]
    arms: Mapping[str, Mapping[str, Total]]
    improvements: tuple[Improvement, ...]
    runs: tuple[RunScores, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many runs stand how, and how many there are."""
        return _counts(self.runs)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON (docs/results-table.md)."""
        return {
            "format": FORMAT,
            "method": dict(METHOD),
            "runs": dict(self.counts),
            "rows": [row.as_dict() for row in self.rows],
            "arms": [
                {"arm": arm, **{name: total.as_dict() for name, total in totals.items()}}
                for arm, totals in self.arms.items()
            ],
            "improvements": [each.as_dict() for each in self.improvements],
            "members": [each.as_dict() for each in self.runs],
        }


def make_table(runs: Sequence[RunScores]) -> ResultsTable:
    """The table of these runs; tasks and arms in their order."""
    cells: dict[tuple[str, str], list[RunScores]] = {}
    for each in runs:
        cells.setdefault((each.planned.config.env_id, each.planned.arm), []).append(each)
    tasks = list(dict.fromkeys(env_id for env_id, _ in cells))
    arms = list(dict.fromkeys(arm for _, arm in cells))
    rows = [_row(task, arm, cells[task, arm]) for task in tasks for arm in arms if (task, arm) in cells]
    totals = {arm: {name: _total(rows, arm, name) for name in SCORES} for arm in arms}
    improvements = [_improvement(rows, later, earlier) for earlier, later in combinations(arms, 2)]
    return ResultsTable(tuple(rows), totals, tuple(improvements), tuple(runs))


def _row(env_id: str, arm: str, runs: Sequence[RunScores]) -> Row:
    task = task_of(env_id)
    finished = sorted((each for each in runs if each.planned.status == "finished"), key=_seed)
    steps = [each.env_steps for each in finished if each.env_steps is not None]
    speeds = [each.steps_per_s for each in finished if each.steps_per_s is not None]
    return Row(
        env_id,
        arm,
        _counts(runs),
        tuple(map(_seed, finished)),
        max(steps, default=None),
        {name: _score([getattr(each, name) for each in finished], task) for name in SCORES},
        sum(speeds) / len(speeds) if speeds else None,
        task,
    )


def _score(found: Sequence[float | None], task: Task) -> Score:
    values = tuple(value for value in found if value is not None)
    mean = intervals.mean([values])
    normalised = None
    if mean is not None and (value := task.normalised(mean.value)) is not None:
        normalised = Estimate(value, task.normalised(mean.low), task.normalised(mean.high))
    return Score(values, mean, intervals.iqm([values]), normalised)


def _total(rows: Sequence[Row], arm: str, name: str) -> Total:
    ours = [row for row in rows if row.arm == arm and row.scores[name].values]
    normalised = [
        [value for each in row.scores[name].values if (value := row.task.normalised(each)) is not None] for row in ours
    ]
    normalised = [values for values in normalised if values]
    return Total(len(normalised), intervals.mean(normalised), intervals.iqm(normalised), _sum(ours, name))


def _sum(rows: Sequence[Row], name: str) -> Sum | None:
    known = [row for row in rows if row.task.is_popgym]
    mean = intervals.mean([row.scores[name].values for row in known])
    if mean is None:
        return None
    size = len(known)
    scaled = [None if end is None else end * size for end in (mean.low, mean.high)]
    there = [(row, row.task.gru_mmer.mean) for row in known if row.task.gru_mmer is not None]
    return Sum(
        size,
        Estimate(mean.value * size, *scaled),
        math.fsum(row.task.gru_return.mean for row in known if row.task.gru_return is not None),
        len(there),
        math.fsum(found.value for row, _ in there if (found := row.scores[name].mean) is not None),
        math.fsum(published for _, published in there),
    )


def _improvement(rows: Sequence[Row], arm: str, over: str) -> Improvement:
    by: dict[str, Estimate | None] = {}
    tasks: dict[str, int] = {}
    for name in SCORES:
        found = {(row.env_id, row.arm): row.scores[name].values for row in rows if row.scores[name].values}
        common = [env_id for env_id, its in found if its == arm and (env_id, over) in found]
        first, second = ([found[env_id, which] for env_id in common] for which in (arm, over))
        tasks[name], by[name] = len(common), intervals.probability_of_improvement(first, second)
    return Improvement(arm, over, tasks, by)


def _counts(runs: Sequence[RunScores]) -> Mapping[str, int]:
    counted = Counter(each.planned.status for each in runs)
    return {"planned": len(runs), **{status: counted[status] for status in STATUSES}}


def _seed(scores: RunScores) -> int:
    return scores.planned.config.seed


def _plain(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else estimate.as_dict()
