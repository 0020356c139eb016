"""The history of a run's metrics in bounded memory: the newest rows exactly, older ones in buckets.

All metrics share their rows, so any of them (environment steps, updates, seconds) can be the x axis of any other.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gwt_ib.lenient import real
from gwt_ib.runs.metrics import SPARSE

Doubles = npt.NDArray[np.float64]
RAW_ROWS = 1024
MAX_BUCKETS = 2048
RECENT_ROWS = 64  # more than anyone asks for with `newest`
_ids = itertools.count()


@dataclass(frozen=True, eq=False)
class Column:
    """One metric, oldest first: its least, mean and largest value per bucket, all equal where a bucket is one row.

    NaN stands where a whole bucket had no value. A `sparse` metric has a value now and then: its nulls are no gaps.
    """

    low: Doubles
    mean: Doubles
    high: Doubles
    sparse: bool = False

    @staticmethod
    def flat(values: Doubles, *, sparse: bool = False) -> Column:
        """Each value as a bucket of its own."""
        return Column(values, values, values, sparse)


class _Buckets(NamedTuple):
    """Arrays [buckets, columns], and how many rows each bucket has; never changed in place."""

    low: Doubles
    total: Doubles
    high: Doubles
    valued: Doubles
    rows: Doubles

    @staticmethod
    def of(rows: Doubles) -> _Buckets:
        """Each row as a bucket of its own."""
        valued = np.isfinite(rows)
        clean = np.where(valued, rows, np.nan)
        return _Buckets(clean, np.where(valued, rows, 0.0), clean, valued.astype(np.float64), np.ones(len(rows)))

    def merged(self, starts: npt.NDArray[np.int64]) -> _Buckets:
        """Neighbours made one: bucket k of the result begins at bucket `starts[k]`."""
        folds = (np.fmin, np.add, np.fmax, np.add, np.add)
        return _Buckets(*(fold.reduceat(array, starts) for fold, array in zip(folds, self, strict=True)))


@dataclass(frozen=True, eq=False)
class SeriesView:
    """What was in a `SeriesStore` at one moment; the store goes on without changing it.

    Two views with equal `store_id` and `rows` are the same.
    """

    names: tuple[str, ...]
    store_id: int
    rows: int
    _history: _Buckets
    _raw: Doubles

    def column(self, name: str) -> Column:
        """One metric over the whole run. Raises `KeyError` for a name that the store does not have."""
        if name not in self.names:
            raise KeyError(name)
        index = self.names.index(name)
        history, raw = self._history, self._raw[:, index]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = history.total[:, index] / history.valued[:, index]
        return Column(
            np.concatenate([history.low[:, index], raw]),
            np.concatenate([mean, raw]),
            np.concatenate([history.high[:, index], raw]),
            name in SPARSE,
        )

    def newest(self, name: str, count: int) -> Doubles:
        """The newest values of one metric, at most `count` and no more than are kept exactly."""
        return self._raw[-count:, self.names.index(name)]

    def until(self, rows: int, last: Mapping[str, Any]) -> SeriesView:
        """What was there when only the first `rows` rows had come, of which `last` is the last one; cheap.

        Where older rows are in buckets, one that begins before that row and ends after it is left out, and the row stands
        by itself.
        """
        if rows >= self.rows:
            return self
        ends = np.cumsum(self._history.rows)
        folded = int(ends[-1]) if len(ends) else 0
        raw = self._raw[: max(rows - folded, 0)]
        if len(raw) >= RECENT_ROWS:
            return replace(self, rows=rows, _raw=raw)
        whole = int(np.searchsorted(ends, rows, "right"))
        several = np.flatnonzero(self._history.rows[:whole] > 1)
        first = max(int(several[-1]) + 1 if len(several) else 0, whole - RECENT_ROWS)
        raw = np.concatenate([self._history.low[first:whole], raw])  # a bucket of one row is the row as it came
        if not len(raw) or (rows < folded and ends[whole - 1] < rows):
            raw = np.concatenate([raw, np.array([[real(last.get(name)) for name in self.names]], dtype=np.float64)])
        return replace(self, rows=rows, _history=_Buckets(*(array[:first] for array in self._history)), _raw=raw)


class SeriesStore:
    """Takes one row of values after another, for ever, in bounded memory.

    Between `raw` and `2 * raw` of the newest rows are kept as they came; older ones in at most `buckets` buckets of
    equally many rows, whose number of rows doubles when they are full.
    """

    def __init__(self, names: Sequence[str], raw: int = RAW_ROWS, buckets: int = MAX_BUCKETS) -> None:
        self.names = tuple(names)
        self._raw = np.empty((2 * raw, len(self.names)))
        self._filled = 0
        self._keep = raw
        self._max_buckets = max(buckets, 2)
        self._rows_per_bucket = 1
        self._history = _Buckets.of(np.empty((0, len(self.names))))
        self._rows = 0
        self._id = next(_ids)

    def append(self, values: Sequence[float]) -> None:
        """Add one row, a value for each name in order; NaN is a gap."""
        self.extend(np.array([values], dtype=np.float64))

    def extend(self, rows: Doubles) -> None:
        """Add many rows, an array [rows, names]."""
        self._rows += len(rows)
        while len(rows):
            if self._filled == len(self._raw):
                self._fold()
            part, rows = np.split(rows, [len(self._raw) - self._filled])
            self._raw[self._filled : self._filled + len(part)] = np.where(np.isfinite(part), part, np.nan)
            self._filled += len(part)

    def view(self) -> SeriesView:
        """The present content; cheap, and safe to hand to another thread."""
        return SeriesView(self.names, self._id, self._rows, self._history, self._raw[: self._filled].copy())

    def _fold(self) -> None:
        """Move the older half of the raw rows into the history."""
        keep = self._keep
        older = zip(self._history, _Buckets.of(self._raw[:keep]), strict=True)
        history = _Buckets(*map(np.concatenate, older))
        self._raw[:keep] = self._raw[keep:]
        self._filled = keep
        self._history = _packed(history, self._rows_per_bucket)
        while len(self._history.rows) > self._max_buckets:
            self._rows_per_bucket *= 2
            self._history = _packed(self._history, self._rows_per_bucket)


def _packed(buckets: _Buckets, rows_per_bucket: int) -> _Buckets:
    """Buckets of `rows_per_bucket` rows each; only the last may have fewer."""
    owner = (np.cumsum(buckets.rows) - buckets.rows) // rows_per_bucket  # by the first row of each
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    return buckets if len(starts) == len(owner) else buckets.merged(starts)
