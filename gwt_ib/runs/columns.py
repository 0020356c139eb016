"""The metrics of a run as columns of numbers, for whatever leaves the project: exports, figures, data frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwt_ib.lenient import real
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import read_records
from gwt_ib.runs.metrics import NUMBERS

Columns = dict[str, NDArray[np.float64]]


def columns_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str] = NUMBERS) -> Columns:
    """The values of each metric, [rows], NaN where a row has no number."""
    return {
        name: np.array([np.nan if (value := real(row.get(name))) is None else value for row in rows], np.float64)
        for name in names
    }


def read_columns(run: RunDirectory, names: Sequence[str] = NUMBERS) -> Columns:
    """The metrics that a run has recorded by now; columns of no rows where it has none yet."""
    return columns_of(read_records(run.metrics), names)
