"""What a run came to, to the bit: weights, optimiser, TD statistics and metrics, without what says how fast it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaos import TIMES

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import read_records
from gwt_ib.runs.snapshot import load_snapshot
from gwt_ib.runs.snapshot_store import list_snapshots

CLOCKS = frozenset({"elapsed_s"})
"""What of a snapshot's state says how fast the machine was; and the verdict of GateCheck, which is made of the metrics."""


@dataclass(frozen=True)
class Outcome:
    """A run's end; two of them are equal where the runs were the same to the bit."""

    update: int
    model: dict[str, bytes]
    optimizer: dict[str, bytes]
    environments: dict[str, bytes]
    state: dict[str, Any]
    rows: list[dict[str, Any]]

    def first_difference(self, other: Outcome) -> str:
        """Where two runs part, for the words of a failure."""
        for mine, theirs in zip(self.rows, other.rows, strict=False):
            if differing := [name for name in mine if mine[name] != theirs.get(name)]:
                return f"update {mine['update']}: {', '.join(f'{n} {mine[n]} {theirs.get(n)}' for n in differing[:4])}"
        if len(self.rows) != len(other.rows):
            return f"{len(self.rows)} rows and {len(other.rows)}"
        for part in ("model", "optimizer", "environments", "state"):
            mine, theirs = getattr(self, part), getattr(other, part)
            if differing := [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]:
                return f"{part}: {', '.join(differing)}"
        return "none"


def outcome(run: RunDirectory) -> Outcome:
    """What a run that has ended came to: its last snapshot and all of its rows."""
    found = load_snapshot(list_snapshots(run.snapshots)[-1])
    rows = [{name: value for name, value in row.items() if name not in TIMES} for row in read_records(run.metrics)]
    state = {name: value for name, value in found.state.items() if name not in CLOCKS}
    parts = [
        {name: f"{array.dtype}{array.shape}".encode() + array.tobytes() for name, array in tensors.items()}
        for tensors in (found.model, found.optimizer, found.environments)
    ]
    return Outcome(found.state["update"], *parts, state=state, rows=rows)
