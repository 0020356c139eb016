"""Lines of metrics.jsonl as numbers, many at once: what makes a long file load in seconds; pure.

Three quarters of a line are its gate curve, and of the curves of a long training few are kept. So a line is cut off before
its curve, which is parsed only where somebody wants the whole record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from gwt_ib.lenient import real
from gwt_ib.runs.jsonl import Record, parse_record, parse_records
from gwt_ib.runs.metrics import NAMES
from gwt_ib_tui.state.history.series import Doubles

COLUMNS = tuple(name for name in NAMES if name not in ("eval_returns", "gate_curve"))
_CURVE = b',"gate_curve":{'
_values_of = itemgetter(*COLUMNS)
_NUMBERS = frozenset({int, float, type(None)})


@dataclass(frozen=True, eq=False)
class Rows:
    """`values` is [rows, COLUMNS], NaN where a row has no number; `curves` says which rows have a gate curve."""

    values: Doubles
    curves: list[bool]
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
        updates = self.values[:, COLUMNS.index("update")]
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
            numbers = np.array(values, dtype=np.float64).reshape(len(records), len(COLUMNS))
            numbers[~np.isfinite(numbers)] = np.nan
            return numbers
    except (KeyError, OverflowError):
        pass  # some line is damaged: a field is missing, or too large a number
    values = [tuple(real(record.get(name)) for name in COLUMNS) for record in records]
    return np.array(values, dtype=np.float64)
