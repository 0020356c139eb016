"""What GateCheck remembers of a run's metrics: enough for its rules, in bounded memory however long the run is."""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gwt_ib.lenient import real, whole

WINDOW_ROWS = 50
MAX_EVALUATIONS = 4096
MAX_RETURNS = 1_000_000
FEWEST_KEPT = 64

_TREND_NAMES = ("env_steps", "explained_variance", "entropy", "rho_tail", "policy_lag_max")


@dataclass(frozen=True)
class Evaluation:
    """The returns of one evaluation's episodes, in the order of their seeds; NaN where one was null."""

    env_steps: int | None
    returns: npt.NDArray[np.float64]


class History:
    """The metrics of one run so far, fed row by row in the order of their updates.

    It keeps the newest row (`update` and `env_steps` are its), a few scalars of the last 50 rows, the range of the entropy,
    and the returns of the evaluations: of at most 4096, and at most about a million returns. Beyond that every second
    evaluation is forgotten and from then on only every second new one is kept, and so on, so that those kept stay evenly
    spread over the run. When a resumed run cuts its records back, make a new `History` from the rows that are left.
    """

    def __init__(self) -> None:
        self.latest: dict[str, Any] = {}
        self.update: int | None = None
        self.env_steps: int | None = None
        self.rows_seen = 0
        self.evaluations_seen = 0
        self.entropy_max: float | None = None
        self.entropy_min: float | None = None
        self._window: deque[dict[str, float | None]] = deque(maxlen=WINDOW_ROWS)
        self._evaluations: list[Evaluation] = []
        self._stride = 1

    @classmethod
    def from_rows(cls, rows: Iterable[dict[str, Any]]) -> Self:
        """The history of rows that were recorded before."""
        history = cls()
        for row in rows:
            history.add(row)
        return history

    def add(self, row: dict[str, Any]) -> None:
        """Take in the metrics of one more update. What is null, absent or of another type counts as not known."""
        self.latest = dict(row)
        self.update, self.env_steps = whole(row.get("update")), whole(row.get("env_steps"))
        self.rows_seen += 1
        self._window.append({name: real(row.get(name)) for name in _TREND_NAMES})
        entropy = real(row.get("entropy"))
        if entropy is not None:
            self.entropy_max = entropy if self.entropy_max is None else max(self.entropy_max, entropy)
            self.entropy_min = entropy if self.entropy_min is None else min(self.entropy_min, entropy)
        returns = row.get("eval_returns")
        if isinstance(returns, list | tuple) and returns:
            self._add_evaluation(returns)

    def copy(self) -> Self:
        """The same, which rows that are added here later do not change."""
        other = copy.copy(self)
        other._window = self._window.copy()
        other._evaluations = list(self._evaluations)
        return other

    def value(self, name: str) -> float | None:
        """A metric of the newest row; None where it is absent, null, not finite or no number."""
        return real(self.latest.get(name))

    def recent(self, name: str, rows: int = WINDOW_ROWS) -> list[float]:
        """The known values of one of the scalars kept, of at most the last `rows` rows, oldest first."""
        return [value for _, value in self.recent_steps(name, rows)]

    def recent_steps(self, name: str, rows: int = WINDOW_ROWS) -> list[tuple[int | None, float]]:
        """As `recent`, each value with its environment steps."""
        kept = list(self._window)[-rows:]
        return [(whole(entry["env_steps"]), value) for entry in kept if (value := entry[name]) is not None]

    def evaluations(self) -> list[Evaluation]:
        """The evaluations kept that have as many episodes as the newest of them, oldest first."""
        if not self._evaluations:
            return []
        episodes = self._evaluations[-1].returns.size
        return [evaluation for evaluation in self._evaluations if evaluation.returns.size == episodes]

    def _add_evaluation(self, returns: Iterable[Any]) -> None:
        ordinal = self.evaluations_seen
        self.evaluations_seen += 1
        if ordinal % self._stride:
            return
        numbers = np.array([math.nan if (value := real(item)) is None else value for item in returns])
        self._evaluations.append(Evaluation(self.env_steps, numbers))
        limit = min(MAX_EVALUATIONS, max(FEWEST_KEPT, MAX_RETURNS // numbers.size))
        while len(self._evaluations) > limit:
            self._evaluations = self._evaluations[::2]
            self._stride *= 2
