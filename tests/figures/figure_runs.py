"""Small runs for the tests of figures: rows of chosen numbers under chosen settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gwt_ib.config import Config
from gwt_ib.gatecheck.statistics import gate_curve
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import RecordWriter

STEPS = 1000


def write_run(
    path: Path, values: list[float | None], *, rows: dict[str, Any] | None = None, **settings: Any
) -> RunDirectory:
    """A run with a row for each value of ep100, at multiples of `STEPS`; its gate opens with surprise, and over time."""
    run = create_run(Config(**settings), path, [])
    writer = RecordWriter(run.metrics)
    for update, value in enumerate(values, start=1):
        share = update / len(values)
        td = [0.05, 0.45, 1.1]
        row = {"update": update, "env_steps": update * STEPS, "elapsed_s": 90.0 * update, "ep100": value}
        row |= {"mean_c": share / 2, "target_c": 0.2}
        row |= {"gate_curve": gate_curve(td, [0.1 * share, 0.5 * share, share], [0.1, 0.2, 0.3])}
        writer.append(row | (rows or {}))
    writer.close()
    return run
