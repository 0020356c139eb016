"""What GateCheck remembers of a run's metrics: enough for its rules, in bounded memory however long the run is."""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from gwt_ib.gatecheck.statistics import bins_of, spread_of_c
from gwt_ib.lenient import mapping, real, whole
from gwt_ib.replacements import REPLACEMENTS

WINDOW_ROWS = 50
CURVE_ROWS = 10
MAX_EVALUATIONS = 4096
MAX_RETURNS = 1_000_000
FEWEST_KEPT = 64

_TREND_NAMES = ("env_steps", "explained_variance", "entropy", "rho_tail", "policy_lag_max", "mean_c")

Returns = npt.NDArray[np.float64]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Evaluation:
    """The returns of one evaluation's episodes, in the order of their seeds; NaN where one was null."""

    env_steps: int | None
    returns: Returns


@dataclass(frozen=True)
class Pairs:
    """One evaluation's returns by seed, played with the learned gate and with a replacement of it; NaN where null."""

    env_steps: int | None
    learned: Returns
    replaced: Returns


class Thinned(Generic[Item]):
    """A list that stays short: over its limit every second item is forgotten and, from then on, every second new one.

    So what it keeps stays evenly spread over all that it was given.
    """

    def __init__(self) -> None:
        self.seen = 0
        self.kept: list[Item] = []
        self._stride = 1

    def add(self, item: Item, limit: int) -> None:
        """Take in one more item, and keep at most `limit`."""
        ordinal = self.seen
        self.seen += 1
        if ordinal % self._stride:
            return
        self.kept.append(item)
        while len(self.kept) > limit:
            self.kept = self.kept[::2]
            self._stride *= 2

    def copy(self) -> Thinned[Item]:
        """The same, which items that are added here later do not change."""
        other = copy.copy(self)
        other.kept = list(self.kept)
        return other


class History:
    """The metrics of one run so far, fed row by row in the order of their updates.

    It keeps the newest row (`update` and `env_steps` are its), a few scalars of the last 50 rows, the gate curves of the
    last 10, the range of the entropy, and the returns of the evaluations and of each replacement of
    the gate: of at most 4096 of each, and at most about a million returns, evenly spread over the run (`Thinned`). When a
    resumed run cuts its records back, make a new `History` from the rows that are left.
    """

    def __init__(self) -> None:
        self.latest: dict[str, Any] = {}
        self.update: int | None = None
        self.env_steps: int | None = None
        self.rows_seen = 0
        self.entropy_max: float | None = None
        self.entropy_min: float | None = None
        self._window: deque[dict[str, float | None]] = deque(maxlen=WINDOW_ROWS)
        self._curves: deque[tuple[object, float | None, float | None]] = deque(maxlen=CURVE_ROWS)
        self._evaluations: Thinned[Evaluation] = Thinned()
        self._pairs: dict[str, Thinned[Pairs]] = {}

    @property
    def evaluations_seen(self) -> int:
        """How many evaluations the rows had, kept or not."""
        return self._evaluations.seen

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
        steps = self.env_steps / self.update if self.update and self.env_steps else None
        self._curves.append((row.get("gate_curve"), real(row.get("mean_c")), steps))
        entropy = real(row.get("entropy"))
        if entropy is not None:
            self.entropy_max = entropy if self.entropy_max is None else max(self.entropy_max, entropy)
            self.entropy_min = entropy if self.entropy_min is None else min(self.entropy_min, entropy)
        returns = row.get("eval_returns")
        if isinstance(returns, list | tuple) and returns:
            self._add_evaluation(returns, mapping(row.get("eval_replaced")))

    def copy(self) -> Self:
        """The same, which rows that are added here later do not change."""
        other = copy.copy(self)
        other._window = self._window.copy()
        other._curves = self._curves.copy()
        other._evaluations = self._evaluations.copy()
        other._pairs = {word: pairs.copy() for word, pairs in self._pairs.items()}
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

    def spread_of_c(self) -> float | None:
        """The standard deviation of c from step to step over the last 10 rows with a gate curve; None where there is none.

        The rows' variances are averaged: an episode that lasts longer than a rollout begins in some rows only.
        """
        known = [
            float(spread_of_c(bins, mean_c, steps))
            for curve, mean_c, steps in self._curves
            if (bins := bins_of(curve)) is not None
        ]
        return math.sqrt(sum(spread**2 for spread in known) / len(known)) if known else None

    def evaluations(self) -> list[Evaluation]:
        """The evaluations kept that have as many episodes as the newest of them, oldest first."""
        kept = self._evaluations.kept
        return [evaluation for evaluation in kept if evaluation.returns.size == kept[-1].returns.size]

    def pairs(self, replacement: str) -> list[Pairs]:
        """The pairs kept of one replacement that are as many as the newest, oldest first."""
        kept = self._pairs[replacement].kept if replacement in self._pairs else []
        return [pairs for pairs in kept if pairs.learned.size == kept[-1].learned.size]

    def _add_evaluation(self, returns: list[Any] | tuple[Any, ...], replaced: Mapping[str, Any]) -> None:
        learned = _numbers(returns)
        limit = min(MAX_EVALUATIONS, max(FEWEST_KEPT, MAX_RETURNS // learned.size))
        self._evaluations.add(Evaluation(self.env_steps, learned), limit)
        for word in REPLACEMENTS:
            others = replaced.get(word)
            if isinstance(others, list | tuple) and len(others) == learned.size:
                pairs = Pairs(self.env_steps, learned, _numbers(others))
                self._pairs.setdefault(word, Thinned()).add(pairs, limit)


def _numbers(returns: Iterable[Any]) -> Returns:
    return np.array([math.nan if (value := real(item)) is None else value for item in returns])
