"""What other tools find in our exports, read by their own readers: each metric's values by environment step, run by run."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Found = dict[str, dict[str, dict[int, float]]]
"""Values by run, name and step."""


def from_tables(out: Path) -> Found:
    """CSV and Parquet, as pandas reads them."""
    import pandas as pd

    table = pd.read_csv(out) if out.suffix == ".csv" else pd.read_parquet(out)
    found: Found = {}
    for run, rows in table.groupby("run"):
        steps = rows[
            next(name for name in rows.columns if name in ("env_steps", "global_step", "time/total_timesteps"))
        ]
        numbers = rows.select_dtypes("number")
        found[str(run)] = {name: dict(zip(steps, values, strict=True)) for name, values in numbers.items()}
        for values in found[str(run)].values():
            for step in [step for step, value in values.items() if pd.isna(value)]:
                del values[step]
    return _without_empty(found)


def from_tensorboard(out: Path) -> Found:
    """Event files, as TensorBoard accumulates them, with what it drops after a restart."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found: Found = {}
    for folder in sorted({path.parent for path in out.rglob("events.out.tfevents.*")}):
        accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0})
        accumulator.Reload()
        name = "" if folder == out else folder.name
        found[name] = {
            tag: {event.step: event.value for event in accumulator.Scalars(tag)}
            for tag in accumulator.Tags()["scalars"]
        }
    return _without_empty(found)


def from_wandb(out: Path) -> Found:
    """Offline folders, by wandb's own description of a record."""
    found: Found = {}
    for path in sorted((out / "wandb").glob("offline-run-*/run-*.wandb")):
        name, values = path.stem, dict[str, dict[int, float]]()
        for record in wandb_records(path):
            if record.HasField("run"):
                name = record.run.display_name
            for item in record.history.item:
                number = json.loads(item.value_json)
                step = next(json.loads(each.value_json) for each in record.history.item if each.nested_key == ["_step"])
                if (key := item.nested_key[0]).partition("_")[0]:  # its own begin with _
                    values.setdefault(key, {})[step] = number
        assert name not in found, "one offline folder a run"
        found[name] = values
    return found


def wandb_records(path: Path) -> Iterator[Any]:
    """The records of a .wandb file: a LevelDB log with a header of 7 bytes, in blocks of 32 KiB."""
    from wandb.proto import wandb_internal_pb2

    data, position, record = path.read_bytes(), 7, b""
    while position + 7 <= len(data):
        room = 32768 - position % 32768
        kind = data[position + 6] if room >= 7 else 0
        if not kind:  # what is left of a block that holds no further record
            position += room
            continue
        (size,) = struct.unpack_from("<H", data, position + 4)
        record += data[position + 7 : position + 7 + size]
        position += 7 + size
        if kind in (1, 4):  # whole, or the last part
            yield wandb_internal_pb2.Record.FromString(record)
            record = b""


def from_trackio(out: Path) -> Found:
    """Trackio's own storage."""
    assert Path(os.environ["TRACKIO_DIR"]) == out.resolve()
    from trackio.sqlite_storage import SQLiteStorage

    found: Found = {}
    for run in SQLiteStorage.get_runs("gwt-ib"):
        values = found.setdefault(run, {})
        for row in SQLiteStorage.get_logs("gwt-ib", run):
            for name, value in row.items():
                if name not in ("step", "timestamp"):
                    values.setdefault(name, {})[row["step"]] = value
    return found


READERS = {
    "csv": from_tables,
    "parquet": from_tables,
    "tensorboard": from_tensorboard,
    "wandb": from_wandb,
    "trackio": from_trackio,
}


def _without_empty(found: Found) -> Found:
    return {run: {name: values for name, values in columns.items() if values} for run, columns in found.items()}
