"""Parquet: the same table as in CSV, with the metrics that are lists as columns of lists, and the settings as metadata."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gwt_ib.durable import write_atomically
from gwt_ib.exports.follower import MOST
from gwt_ib.exports.table import RUN, TableWriter
from gwt_ib.exports.writer import Options
from gwt_ib.lenient import mapping, real, text, whole
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.metrics import NUMBERS

WHOLE = ("update", "env_steps", "policy_version", "policy_lag_max", "episodes")
"""The metrics that are whole numbers."""
LISTS = ("eval_returns", "eval_replaced", "gate_curve")
CURVE = ("td", "c", "c_std", "prior")
REWRITE_S = 10.0
"""A file of this format cannot be appended to: while live runs are followed it is written anew so often at most."""


class ParquetWriter(TableWriter):
    """Writes the whole file each time; a reader sees the old or the new one."""

    def __init__(self, out: Path, options: Options) -> None:
        super().__init__(out, options)
        self._due = 0.0

    def kept_of(self, row: Record) -> Record:
        """Lists too."""
        return {metric: row.get(metric) for metric in (*NUMBERS, *LISTS)}

    def flush(self) -> None:
        """Write the file anew, now and then."""
        if time.monotonic() >= self._due:
            self.close()
            self._due = time.monotonic() + REWRITE_S

    def about(self) -> dict[str, Any]:
        """With the columns of lists."""
        known = super().about()
        return {**known, "columns": {**known["columns"], **{metric: self.naming.name(metric) for metric in LISTS}}}

    def _write(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        doubles = pa.list_(pa.float64())
        kinds = {
            "eval_returns": doubles,
            "eval_replaced": pa.map_(pa.string(), doubles),
            "gate_curve": pa.struct([*((name, doubles) for name in CURVE), ("count", pa.list_(pa.int64()))]),
        }
        rows = list(self.all_rows())
        columns = [pa.array((name for name, _ in rows), pa.string())]
        for metric in NUMBERS:
            kind = pa.int64() if metric in WHOLE else pa.float64()
            cast = _whole if metric in WHOLE else real
            columns.append(pa.array((cast(self.naming.number(metric, row)) for _, row in rows), kind))
        columns += [pa.array((_READERS[metric](row.get(metric)) for _, row in rows), kinds[metric]) for metric in LISTS]
        names = [RUN, *map(self.naming.name, (*NUMBERS, *LISTS))]
        table = pa.table(columns, names=names).replace_schema_metadata({"gwt_ib": json.dumps(self.about())})
        data = io.BytesIO()
        pq.write_table(table, data)
        write_atomically(self.out, data.getvalue(), durable=False)


def _whole(value: object) -> int | None:
    number = whole(value)
    return number if number is not None and abs(number) < MOST else None


def _numbers(value: object) -> list[float | None] | None:
    return [real(each) for each in value] if isinstance(value, list) else None


def _replaced(value: object) -> list[tuple[str, list[float | None] | None]] | None:
    return [(text(word), _numbers(returns)) for word, returns in mapping(value).items()] or None


def _curve(value: object) -> Mapping[str, Any] | None:
    curve = mapping(value)
    counts = curve.get("count")
    if not isinstance(counts, list):
        return None
    return {**{name: _numbers(curve.get(name)) for name in CURVE}, "count": [_whole(each) for each in counts]}


_READERS = {"eval_returns": _numbers, "eval_replaced": _replaced, "gate_curve": _curve}
