"""What is kept beside a snapshot that was asked for here: the screen, the newest metrics and the verdict at that moment."""

from __future__ import annotations

from pathlib import Path

from gwt_ib.clock import utc_now
from gwt_ib.durable import sync_directory, write_atomically, write_json
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import Record


def snapshot_path(run: RunDirectory, answered: str) -> Path:
    """Where a snapshot lies, from the path in the trainer's answer: that one may be relative to another directory."""
    here = run.snapshots / Path(answered).name
    return (here if here.is_dir() else Path(answered)).resolve()


def write_report(run: RunDirectory, env_steps: int, snapshot: Path, row: Record, picture: str) -> Path:
    """Write `reports/<env steps, 12 digits>/` and return that path; what is there of an earlier one is replaced.

    Every file is complete or absent, and `report.json`, which names the snapshot, comes last: where it is, the others
    are. Raises `OSError`, and `ValueError` where the metrics hold a number that is not finite.
    """
    run.reports.mkdir(mode=0o700, exist_ok=True)
    folder = run.reports / f"{env_steps:012d}"
    folder.mkdir(mode=0o700, exist_ok=True)
    verdict = run.read_gatecheck()
    write_atomically(folder / "screen.svg", picture.encode())
    write_json(folder / "metrics.json", row)
    write_json(folder / "gatecheck.json", verdict)
    facts = {"run": run.name, "snapshot": str(snapshot), "env_steps": env_steps, "time": utc_now()}
    write_json(folder / "report.json", facts | {"state": run.state(), "verdict": verdict.get("verdict")})
    sync_directory(run.reports)
    return folder
