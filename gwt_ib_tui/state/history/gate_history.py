"""The gate curves of a whole training in bounded memory: evenly thinned moments, and the newest one exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from gwt_ib.lenient import mapping, real
from gwt_ib_tui.state.history.series import Doubles

Item = TypeVar("Item")
MAX_MOMENTS = 512
MAX_BINS = 256  # a curve of more is damaged, and would make the memory unbounded


@dataclass(frozen=True, eq=False)
class GateCurve:
    """c and its prior by bins of |td_norm|: `edges` has one entry more than the others; NaN in empty bins."""

    edges: Doubles
    c: Doubles
    c_std: Doubles
    prior: Doubles
    count: Doubles

    @staticmethod
    def of(value: object) -> GateCurve | None:
        """Read the metric `gate_curve`; none where it is missing or its parts do not fit together."""
        record = mapping(value)
        edges, c, c_std, prior, counts = (_reals(record.get(name)) for name in ("td", "c", "c_std", "prior", "count"))
        if len(edges) < 2 or {len(c), len(c_std), len(prior), len(counts)} != {len(edges) - 1}:
            return None
        if not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
            return None
        return GateCurve(edges, c, c_std, prior, np.nan_to_num(counts))


@dataclass(frozen=True, eq=False)
class Moment:
    """The gate curve of one update."""

    update: float
    env_steps: float
    curve: GateCurve


@dataclass(frozen=True, eq=False)
class GateHistory:
    """Moments of one training, oldest first, updates rising; the last is the newest that there was."""

    moments: tuple[Moment, ...] = ()

    def __len__(self) -> int:
        return len(self.moments)

    @property
    def updates(self) -> Doubles:
        """The update of each moment."""
        return np.array([moment.update for moment in self.moments], dtype=np.float64)

    @property
    def env_steps(self) -> Doubles:
        """The environment steps of each moment."""
        return np.array([moment.env_steps for moment in self.moments], dtype=np.float64)


class Thinned(Generic[Item]):
    """Keeps every k-th of the items that come, the first one among them; k doubles whenever `most` are kept."""

    def __init__(self, most: int) -> None:
        self.seen = 0  # items that came
        self._most = max(most, 1)
        self._stride = 1
        self._kept: dict[int, Item] = {}  # by their number

    @property
    def items(self) -> list[Item]:
        """The items that are kept, oldest first."""
        return list(self._kept.values())

    @property
    def keeps_next(self) -> bool:
        """Whether the next item is to be kept; one that is not need not be made."""
        return self.seen % self._stride == 0

    def add(self, item: Item | None) -> None:
        """Take the next item; `None` is counted and not kept."""
        number, self.seen = self.seen, self.seen + 1
        if item is None or number % self._stride:
            return
        if len(self._kept) >= self._most:
            self._stride *= 2
            self._kept = {place: kept for place, kept in self._kept.items() if place % self._stride == 0}
        if number % self._stride == 0:
            self._kept[number] = item


class GateStore:
    """Takes rows of metrics, for ever; keeps evenly spaced gate curves, fewer than `most`, and the newest one.

    Only the curves that are kept are made into arrays, and the newest when it is asked for: a long file loads as fast
    as one without curves.
    """

    def __init__(self, most: int = MAX_MOMENTS) -> None:
        self._kept: Thinned[Moment] = Thinned(most - 1)  # one place is the newest's
        self._newest: Mapping[str, Any] | None = None
        self._view = GateHistory()
        self._viewed = 0

    def append(self, row: Mapping[str, Any] | None) -> None:
        """Take a row of metrics; `None` counts one with a curve that is neither kept nor the newest."""
        if row is None:
            self._kept.add(None)
        elif isinstance(row.get("gate_curve"), dict):
            self._kept.add(moment_of(row) if self.keeps_next else None)
            self._newest = row

    @property
    def keeps_next(self) -> bool:
        """Whether the next curve is one of those that are kept."""
        return self._kept.keeps_next

    def view(self) -> GateHistory:
        """The moments, the newest at their end; the same object as before when no row came since."""
        if self._viewed != self._kept.seen:
            moments = tuple(self._kept.items)
            newest = None if self._newest is None else moment_of(self._newest)
            if newest is not None and (not moments or moments[-1].update != newest.update):
                moments += (newest,)
            self._view, self._viewed = GateHistory(moments), self._kept.seen
        return self._view


def moment_of(row: Mapping[str, Any]) -> Moment | None:
    """The moment of a row of metrics; none where it has no curve, or a damaged one."""
    update, steps, curve = real(row.get("update")), real(row.get("env_steps")), GateCurve.of(row.get("gate_curve"))
    if update is None or curve is None or len(curve.c) > MAX_BINS:
        return None
    return Moment(update, update if steps is None else steps, curve)


def _reals(value: object) -> Doubles:
    """A list's numbers, NaN for each entry that is none; empty for anything else."""
    return np.array([real(entry) for entry in value] if isinstance(value, list) else [], dtype=np.float64)
