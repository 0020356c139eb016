"""The history of a run's metrics in bounded memory: the newest rows exactly, older ones in buckets.

All metrics share their rows, so any of them (environment steps, updates, seconds) can be the x axis of any other.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
RAW_ROWS = 1024
MAX_BUCKETS = 2048
_ids = itertools.count()


@dataclass(frozen=True, eq=False)
class Column:
    """One metric, oldest first: its least, mean and largest value per bucket, all equal where a bucket is one row.

    NaN stands where a whole bucket had no value.
    """

    low: Doubles
    mean: Doubles
    high: Doubles


@dataclass(frozen=True, eq=False)
class _Buckets:
    """Arrays [buckets, columns], and how many rows each bucket holds; never changed in place."""

    low: Doubles
    total: Doubles
    high: Doubles
    valued: Doubles
    rows: npt.NDArray[np.int64]

    @staticmethod
    def of(rows: Doubles) -> _Buckets:
        """Each row as a bucket of its own."""
        valued = np.isfinite(rows)
        clean = np.where(valued, rows, np.nan)
        return _Buckets(
            clean, np.where(valued, rows, 0.0), clean, valued.astype(np.float64), np.ones(len(rows), dtype=np.int64)
        )

    def merged(self, starts: npt.NDArray[np.int64]) -> _Buckets:
        """Neighbours made one: bucket k of the result begins at bucket `starts[k]`."""
        return _Buckets(
            np.fmin.reduceat(self.low, starts),
            np.add.reduceat(self.total, starts),
            np.fmax.reduceat(self.high, starts),
            np.add.reduceat(self.valued, starts),
            np.add.reduceat(self.rows, starts),
        )

    def followed_by(self, other: _Buckets) -> _Buckets:
        return _Buckets(
            np.concatenate([self.low, other.low]),
            np.concatenate([self.total, other.total]),
            np.concatenate([self.high, other.high]),
            np.concatenate([self.valued, other.valued]),
            np.concatenate([self.rows, other.rows]),
        )


@dataclass(frozen=True, eq=False)
class SeriesView:
    """What a `SeriesStore` held at one moment; the store goes on without changing it.

    Two views with equal `store_id` and `rows` hold the same.
    """

    names: tuple[str, ...]
    store_id: int
    rows: int
    _history: _Buckets
    _raw: Doubles

    def column(self, name: str) -> Column:
        """One metric over the whole run. Raises `KeyError` for a name that the store does not hold."""
        try:
            index = self.names.index(name)
        except ValueError:
            raise KeyError(name) from None
        history, raw = self._history, self._raw[:, index]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = history.total[:, index] / history.valued[:, index]
        return Column(
            np.concatenate([history.low[:, index], raw]),
            np.concatenate([mean, raw]),
            np.concatenate([history.high[:, index], raw]),
        )

    def newest(self, name: str, count: int) -> Doubles:
        """The newest values of one metric, at most `count` and no more than are held exactly."""
        return self._raw[-count:, self.names.index(name)]


class SeriesStore:
    """Takes one row of values after another, for ever, in bounded memory.

    Between `raw` and `2 * raw` of the newest rows are held as they came; older ones in at most `buckets` buckets of
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
        if self._filled == len(self._raw):
            self._fold()
        self._raw[self._filled] = values
        self._filled += 1
        self._rows += 1

    def view(self) -> SeriesView:
        """The present content; cheap, and safe to hand to another thread."""
        raw = self._raw[: self._filled].copy()
        raw[~np.isfinite(raw)] = np.nan
        return SeriesView(self.names, self._id, self._rows, self._history, raw)

    def _fold(self) -> None:
        """Move the older half of the raw rows into the history."""
        keep = self._keep
        history = self._history.followed_by(_Buckets.of(self._raw[:keep]))
        self._raw[:keep] = self._raw[keep:]
        self._filled = keep
        history = _packed(history, self._rows_per_bucket)
        while len(history.rows) > self._max_buckets:
            self._rows_per_bucket *= 2
            history = _packed(history, self._rows_per_bucket)
        self._history = history


def _packed(buckets: _Buckets, rows_per_bucket: int) -> _Buckets:
    """Buckets of `rows_per_bucket` rows each; only the last may hold fewer."""
    first_row = np.cumsum(buckets.rows) - buckets.rows
    owner = first_row // rows_per_bucket
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    return buckets if len(starts) == len(owner) else buckets.merged(starts)
