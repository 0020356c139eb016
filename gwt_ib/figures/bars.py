"""A table of results as bars: a score of each arm on each task with its interval, beside what is published."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.figures.figure import Axis, Doubles, Figure, Panel, Series
from gwt_ib.results.notes import short
from gwt_ib.results.reference import Known
from gwt_ib.results.table import ResultsTable, Score

INTERVAL = "95 % bootstrap over runs"
PUBLISHED = "one standard deviation, as published"
LABELS = {"mmer": "MMER (return)", "ep100": "return, last 100 episodes", "evaluation": "return, evaluation"}
BESIDE = {"mmer": "gru_mmer", "ep100": "gru_return", "evaluation": "gru_return"}
"""Which published number is set beside a score."""


def bars(table: ResultsTable, score: str) -> Figure:
    """One panel: tasks from the top down, a bar for each arm. Raises `UserError` (65) where no run has the score."""
    found = {(row.env_id, row.arm): row.scores[score] for row in table.rows if row.scores[score].mean is not None}
    if not found:
        raise UserError(f"No finished run has a score {score}.", ExitCode.BAD_DATA)
    tasks = list(dict.fromkeys(env_id for env_id, _ in found))
    arms = dict.fromkeys(arm for _, arm in found)
    series = [_bars(arm, [found.get((task, arm)) for task in tasks], look) for look, arm in enumerate(arms)]
    known = {row.env_id: row.task for row in table.rows}
    series += _marks("PPO-GRU, published", [getattr(known[task], BESIDE[score]) for task in tasks], 0)
    series += _marks("random policy", [known[task].floor for task in tasks], 1, spread=False)
    words = f"{LABELS[score]}: mean over finished runs; whiskers: 95 % bootstrap interval over runs"
    beside = " (published: one standard deviation)" if any(each.interval == PUBLISHED for each in series) else ""
    panel = Panel(score, Axis("task", ""), Axis(score, LABELS[score]), tuple(series), tuple(map(short, tasks)))
    return Figure((panel,), f"{words}{beside}.")


def _bars(arm: str, scores: Sequence[Score | None], look: int) -> Series:
    """One arm over the tasks in which it has the score."""
    rows = [
        (place, score.mean.value, score.mean.low, score.mean.high, len(score.values))
        for place, score in enumerate(scores)
        if score is not None and score.mean is not None
    ]
    x, mean, low, high, n = _columns(rows, 5)
    return Series(arm, x, mean, low, high, n, look, "bar", INTERVAL if np.isfinite(low).any() else "")


def _marks(label: str, known: Sequence[Known | None], look: int, *, spread: bool = True) -> list[Series]:
    """A mark at each task of which a number is known; none where there is no such task."""
    rows = [(place, each.mean, each.std if spread else None) for place, each in enumerate(known) if each is not None]
    if not rows:
        return []
    x, mean, std = _columns(rows, 3)
    interval = PUBLISHED if np.isfinite(std).any() else ""
    return [Series(label, x, mean, mean - std, mean + std, np.full(len(x), np.nan), look, "mark", interval)]


def _columns(rows: Sequence[tuple[float | None, ...]], count: int) -> list[Doubles]:
    return list(np.array(rows, np.float64).reshape(-1, count).T)
