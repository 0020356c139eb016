"""What metrics.jsonl says, read a slice at a time: series, gate curves and the newest row, in bounded memory.

A long file is shown at once: until it is read, evenly spaced rows of it represent the whole.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gwt_ib.clock import utc_now
from gwt_ib.files import opened
from gwt_ib.lenient import real
from gwt_ib.runs.jsonl import Record, RecordReader, last_record, parse_record, parse_records
from gwt_ib.runs.metrics import NUMBERS
from gwt_ib_tui.state.history.gate_history import GateHistory, GateStore
from gwt_ib_tui.state.history.series import Doubles, SeriesStore, SeriesView

SLICE_BYTES = 256 << 10  # read at once: about 2 ms of parsing
REST_S = 0.001  # after each slice, so that the event loop gets the interpreter whenever it wants it
TURN_S = 0.05  # reading between two looks at everything else
LONG_BYTES = 16 << 20  # a file that takes a noticeable time to read
SPOTS = 400  # of a long file, which represent the whole
SPOT_BYTES = 16 << 10  # more than any line of ours
_CURVE = b',"gate_curve":{'
_values_of = itemgetter(*NUMBERS)
_NUMBERS = frozenset({int, float, type(None)})

View = tuple[SeriesView, GateHistory]


@dataclass(frozen=True, eq=False)
class Rows:
    """Lines as numbers, many at once, which makes a long file load in seconds.

    Three quarters of a line are its gate curve, and of the curves of a long training few are kept. So a line is cut off
    before its curve, which is parsed only where the whole record is wanted.
    """

    values: Doubles  # [rows, NUMBERS], NaN where a row has no number
    curves: list[bool]  # which rows have a gate curve
    _lines: list[bytes]
    _heads: list[Record]

    @staticmethod
    def of(lines: Sequence[bytes]) -> Rows:
        """Read complete lines; those that are no JSON object are passed over."""
        cuts = [_cut(line) for line in lines]
        heads: Sequence[Record | None] | None = parse_records(cuts)
        if heads is None:  # some line is damaged
            heads = [parse_record(cut) for cut in cuts]
        good = [(line, head) for line, head in zip(lines, heads, strict=True) if head is not None]
        kept_lines, kept_heads = [line for line, _ in good], [head for _, head in good]
        curves = [_CURVE in line or isinstance(head.get("gate_curve"), dict) for line, head in good]
        return Rows(_numbers(kept_heads), curves, kept_lines, kept_heads)

    def record(self, place: int) -> Record:
        """The whole record of a row; without its curve where that is damaged."""
        return parse_record(self._lines[place]) or self._heads[place]

    def after(self, update: float) -> npt.NDArray[np.int64]:
        """The places of the rows whose update is larger than `update` and than that of every row before them."""
        updates = self.values[:, NUMBERS.index("update")]
        known = np.where(np.isfinite(updates), updates, -np.inf)
        before = np.maximum.accumulate(np.concatenate([[update], known[:-1]]))
        return np.flatnonzero(known > before)


def _cut(line: bytes) -> bytes:
    """The object without its last field, where that is a flat `gate_curve`; any other line as it is."""
    start = line.find(_CURVE)
    if start > 0 and line.endswith(b"}}") and line.find(b"}", start) == len(line) - 2:
        return line[:start] + b"}"
    return line


def _numbers(records: list[Record]) -> Doubles:
    try:
        values: list[tuple[Any, ...]] = list(map(_values_of, records))
        if _NUMBERS.issuperset(map(type, chain.from_iterable(values))):
            numbers = np.array(values, dtype=np.float64).reshape(len(records), len(NUMBERS))
            numbers[~np.isfinite(numbers)] = np.nan
            return numbers
    except (KeyError, OverflowError):
        pass  # some line is damaged: a field is missing, or too large a number
    return np.array([[real(record.get(name)) for name in NUMBERS] for record in records], dtype=np.float64)


class RowListener(Protocol):
    """Gets every row that is taken in, in the feed's thread."""

    def take(self, row: Record) -> None:
        """The next row."""

    def forget(self) -> None:
        """The rows so far were cut off or replaced: they come again from the first."""


class MetricFeed:
    """Follows one metrics.jsonl: at most about `rows` rows are kept as they came, `buckets` of older ones and `moments`.

    `row` is the newest row, known from the start; `row_time` is when it came, none for one that was there before us.
    """

    def __init__(self, path: Path, rows: int, buckets: int, moments: int, listener: RowListener | None = None) -> None:
        self._path = path
        self._sizes = (rows, buckets, moments)
        self._listener = listener
        self._reader = RecordReader(path)
        self._restarts = 0
        self._bytes_read = 0
        self._preview: View | None = None
        self._forget()

    def read(self) -> bool:
        """Take in what is new, for about `TURN_S`; true when the end of the file was not reached. Raises `OSError`."""
        deadline = time.monotonic() + TURN_S
        while True:
            lines = self._reader.read_lines(SLICE_BYTES)
            if self._reader.restarts != self._restarts:  # a resumed run has put a shorter file in its place
                self._restarts = self._reader.restarts
                self._forget()
            self._take(lines)
            self._bytes_read += SLICE_BYTES
            if self._reader.at_end:
                self._caught_up, self._preview = True, None
                return False
            if time.monotonic() > deadline:
                if self._preview is None and not self._caught_up and self._listener is None:
                    self._preview = self._look_ahead()
                return True
            time.sleep(REST_S)

    def view(self) -> View:
        """The series and the gate curves; of a long file that is being read, those of the rows that represent it."""
        return self._preview or (self._store.view(), self._gate.view())

    @property
    def damaged(self) -> bool:
        """Whether lines were left out, because they are no rows or do not come after those before them."""
        return self._left_out + self._reader.damaged > 0

    @property
    def unfinished(self) -> bool:
        """Whether the last line has no end yet."""
        return self._reader.unfinished

    def share_read(self) -> float:
        """How much of the file was read, from 0 to 1."""
        with suppress(OSError, ZeroDivisionError):
            return min(self._bytes_read / self._path.stat().st_size, 1.0)
        return 0.0

    def _forget(self) -> None:
        rows, buckets, moments = self._sizes
        self._store, self._gate = SeriesStore(NUMBERS, rows, buckets), GateStore(moments)
        self._preview = None
        if self._listener is not None:
            self._listener.forget()
        self.row: Record = last_record(self._path)  # the tiles are right while a long history is read
        self.row_time: float | None = None
        self.rows_read = 0
        self._left_out = 0
        self._last_update = 0.0
        self._bytes_read = 0
        self._caught_up = False

    def _take(self, lines: list[bytes]) -> None:
        """Fold in some rows; one that does not come after those before it is damaged, and left out."""
        rows = Rows.of(lines)
        places = rows.after(self._last_update)
        if len(places) < len(lines):
            self._left_out += sum(bool(line.strip()) for line in lines) - len(places)
        if not len(places):
            return
        fold(rows, places.tolist(), self._store, self._gate)
        if self._listener is not None:
            for place in places.tolist():
                self._listener.take(rows.record(place))
        self.rows_read += len(places)
        newest = rows.record(int(places[-1]))
        self._last_update = real(newest.get("update")) or self._last_update
        if self._last_update >= (real(self.row.get("update")) or 0.0):
            self.row = newest
        if self._caught_up:
            self.row_time = utc_now()

    def _look_ahead(self) -> View | None:
        """Evenly spaced rows of a long file; none of one that is read soon anyway."""
        lines = spaced_lines(self._path, SPOTS) if self._path.stat().st_size > LONG_BYTES else []
        rows = Rows.of(lines)
        places = rows.after(0.0)
        if not len(places):
            return None
        store, gate = SeriesStore(NUMBERS), GateStore()
        fold(rows, places.tolist(), store, gate)
        return store.view(), gate.view()


def fold(rows: Rows, places: list[int], store: SeriesStore, gate: GateStore) -> None:
    """Put the rows at `places` into both stores. Only those whose curve is wanted are read as a whole."""
    store.extend(rows.values[places])
    curved = [place for place in places if rows.curves[place]]
    for place in curved:
        gate.append(rows.record(place) if gate.keeps_next or place == curved[-1] else None)


def spaced_lines(path: Path, count: int) -> list[bytes]:
    """At most `count` complete lines of a file, evenly spaced in it, the first one among them; in the file's order."""
    lines: dict[int, bytes] = {}
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        for spot in range(count):
            start = size * spot // count
            file.seek(max(start - 1, 0))
            before, _, rest = file.read(SPOT_BYTES).partition(b"\n") if start else (b"", b"", file.read(SPOT_BYTES))
            line, end, _ = rest.partition(b"\n")
            if end:
                lines[start + len(before)] = line
    return list(lines.values())
