"""What is good in a run directory and what is not, and what a resume would do; looks only, and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gwt_ib.config import Config
from gwt_ib.config_sources import build
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import UserError
from gwt_ib.files import opened
from gwt_ib.lenient import read_object
from gwt_ib.resume_config import resume_config
from gwt_ib.runs.cut_back import CutBack, look_at_rows
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import RecordReader, last_record
from gwt_ib.runs.record import TRAINING, UNKNOWN
from gwt_ib.runs.snapshot import BadSnapshotError, Snapshot, load_snapshot, read_manifest, steps_of
from gwt_ib.runs.snapshot_fit import fit_problem
from gwt_ib.runs.snapshot_store import list_aside, list_leftovers, list_snapshots
from gwt_ib.text import count

LOCKS = Path("/proc/locks")


@dataclass(frozen=True)
class FileReport:
    """One file: an empty problem is a good file, and `words` say what is in it."""

    name: str
    words: str = ""
    problem: str = ""


@dataclass(frozen=True)
class SnapshotReport:
    """One snapshot: whether it is good and fits the run, and else why not."""

    path: str
    update: int | None = None
    env_steps: int | None = None
    eval_return: float | None = None
    pinned: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Report:
    """Everything that `verify` says; `resume` in one sentence, and whether there is anything to go on from."""

    run: str
    state: str
    files: tuple[FileReport, ...]
    snapshots: tuple[SnapshotReport, ...]
    aside: tuple[str, ...]
    leftovers: tuple[str, ...]
    resume: str
    resumable: bool

    @property
    def problems(self) -> int:
        """How many files and snapshots are not good."""
        problems = [file.problem for file in self.files] + [snapshot.problem for snapshot in self.snapshots]
        return sum(map(bool, problems))

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**asdict(self), "problems": self.problems}


def verify(run: RunDirectory) -> Report:
    """Look at everything in a run directory. Never raises for what is in it."""
    record, settings = run.read_run(), run.read_settings()
    state = record.state_now()
    config, config_report = _config(run, settings)
    spec, spec_report = _environment(run)
    folders = run.snapshot_folders(settings.get("rescue_dir"))
    verified, snapshots = _snapshots(folders, config, spec)
    newest = next(((path, snapshot) for path, snapshot, fits in reversed(verified) if fits), None)
    cut = _cut(run, None if newest is None else newest[1])
    words = "missing or damaged" if record.state == UNKNOWN else ""
    message = f"{state}{': ' + record.message if record.message else ''}"
    files = (
        FileReport("run.json", message, words),
        _lock(run),
        config_report,
        spec_report,
        _metrics(run, newest, cut),
        _records(run.events, "events.jsonl"),
        _optional_json(run.gatecheck, run.gatecheck.name, bool(run.read_gatecheck())),
        _optional_json(run.final_evaluation, run.final_evaluation.name, bool(read_object(run.final_evaluation))),
        _optional_json(run.labels, run.labels.name, bool(read_object(run.labels)), "the next label replaces it"),
    )
    aside, leftovers = _beside(run, folders)
    trained_with = verified[-1][1].state.get("config") if verified else None
    resume, resumable = _resume(run, state, settings or trained_with, trained_with, newest, cut)
    return Report(str(run.path), state, files, snapshots, aside, leftovers, resume, resumable)


def _lock(run: RunDirectory) -> FileReport:
    """Whether somebody holds the run's lock, without trying it: that would keep a trainer out for a moment."""
    name = run.lock.name
    try:
        inode = f":{run.lock.stat().st_ino}"
        held = [line for line in LOCKS.read_text(encoding="ascii").splitlines() if "FLOCK" in line.split()]
    except FileNotFoundError:
        return FileReport(name, "none yet")
    except (OSError, ValueError) as error:
        return FileReport(name, problem=f"cannot be looked at: {error}")
    is_held = any(word.endswith(inode) for line in held for word in line.split())
    return FileReport(name, "held by a process on this machine" if is_held else "free")


def _config(run: RunDirectory, settings: dict[str, Any]) -> tuple[Config | None, FileReport]:
    if not settings:
        return None, FileReport(run.config.name, problem="missing or damaged")
    try:
        config = build(settings, dict.fromkeys(settings, run.config.name))
    except UserError as error:
        return None, FileReport(run.config.name, problem=error.message)
    words = f"{config.env_id}, seed {config.seed}, {count(config.num_updates)} updates"
    return config, FileReport(run.config.name, words)


def _environment(run: RunDirectory) -> tuple[EnvironmentSpec | None, FileReport]:
    try:
        spec = run.read_environment()
    except UserError:
        return None, FileReport(run.environment.name, problem="missing or damaged; a resume makes it anew")
    return spec, FileReport(run.environment.name, f"{spec.observation_size} numbers, {spec.action_space}")


def _snapshots(
    folders: Sequence[Path], config: Config | None, spec: EnvironmentSpec | None
) -> tuple[list[tuple[Path, Snapshot, bool]], tuple[SnapshotReport, ...]]:
    """Those that verify, oldest first, with whether they fit as far as that can be known; and a report on each."""
    verified: list[tuple[Path, Snapshot, bool]] = []
    reports: list[SnapshotReport] = []
    paths: list[Path] = []
    for folder in folders:
        try:
            paths += list_snapshots(folder)
        except OSError as error:
            reports.append(SnapshotReport(str(folder), problem=f"cannot be looked into: {error.strerror or error}"))
    for path in sorted(paths, key=lambda path: steps_of(path) or 0):
        try:
            snapshot, manifest = load_snapshot(path), read_manifest(path)
        except BadSnapshotError as error:
            reports.append(SnapshotReport(str(path), problem=str(error).removeprefix(f"{path}: ")))
            continue
        problem = "" if config is None or spec is None else fit_problem(snapshot, config, spec)
        verified.append((path, snapshot, not problem))
        reports.append(
            SnapshotReport(
                str(path),
                snapshot.state["update"],
                manifest.env_steps,
                manifest.eval_return,
                manifest.pinned,
                f"does not fit this run: {problem}" if problem else "",
            )
        )
    return verified, tuple(reports)


def _cut(run: RunDirectory, snapshot: Snapshot | None) -> CutBack | None:
    """What a resume would cut off the metrics; none where they cannot be read."""
    with suppress(OSError):
        return look_at_rows(run.metrics, 0 if snapshot is None else snapshot.state["update"])
    return None


def _metrics(run: RunDirectory, newest: tuple[Path, Snapshot] | None, cut: CutBack | None) -> FileReport:
    report = _records(run.metrics, run.metrics.name)
    if cut is None or report.problem.startswith("cannot be read"):
        return report
    last = last_record(run.metrics).get("update")
    words = f"{report.words}, the last of update {last}" if last is not None else report.words
    problems = [report.problem] if report.problem else []
    if newest is not None and cut.holes:
        missing = ", ".join(f"{first} to {last}" if last > first else str(first) for first, last in cut.holes[:5])
        more = f" and {len(cut.holes) - 5} more holes" if len(cut.holes) > 5 else ""
        problems.append(f"rows are missing before the snapshot: updates {missing}{more}")
    return FileReport(run.metrics.name, words, "; ".join(problems))


def _records(path: Path, name: str) -> FileReport:
    """Rows and damaged lines of a file of records, read in slices."""
    reader, rows = RecordReader(path), 0
    try:
        if not path.exists():
            return FileReport(name, "none yet")
        while not reader.at_end:
            rows += len(reader.read())
    except OSError as error:
        return FileReport(name, problem=f"cannot be read: {error.strerror or error}")
    lines = "line that is" if reader.damaged == 1 else "lines that are"
    damage = [f"{reader.damaged:,} {lines} damaged"] if reader.damaged else []
    unfinished = ["the last line has no end"] if reader.unfinished else []
    return FileReport(name, f"{count(rows)} rows", "; ".join([*damage, *unfinished]))


def _optional_json(path: Path, name: str, good: bool, remedy: str = "it is made anew") -> FileReport:
    """A file that may be absent."""
    try:
        with opened(path):
            return FileReport(name, "there" if good else "", "" if good else f"damaged; {remedy}")
    except FileNotFoundError:
        return FileReport(name, "none yet")
    except OSError as error:
        return FileReport(name, problem=f"cannot be read: {error.strerror or error}")


def _beside(run: RunDirectory, folders: Sequence[Path]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was set aside, and what killed processes left."""
    aside: list[str] = [str(run.metrics_aside)] if run.metrics_aside.exists() else []
    leftovers: list[str] = []
    for folder in folders:
        with suppress(OSError):
            aside += map(str, list_aside(folder))
    for folder in (*folders, run.path):
        with suppress(OSError):
            leftovers += map(str, list_leftovers(folder))
    return tuple(aside), tuple(leftovers)


def _resume(
    run: RunDirectory,
    state: str,
    settings: Mapping[str, Any] | None,
    trained_with: Mapping[str, Any] | None,
    newest: tuple[Path, Snapshot] | None,
    cut: CutBack | None,
) -> tuple[str, bool]:
    """What a resume would do, in a sentence, and whether there is anything to go on from."""
    command = f"`gwt-ib-tui resume {run.path}`"
    refusal, updates = "", 0
    if settings:
        try:
            updates = resume_config(settings, trained_with)[0].num_updates
        except UserError as error:
            refusal = f"{command} would be refused: {error.message}"
    if newest is None:
        return refusal if trained_with and refusal else "There is no good snapshot to go on from.", False
    path, snapshot = newest
    update = snapshot.state["update"]
    where = f"update {count(update)} with {path}"
    if state in TRAINING:
        return f"The run is training; after a failure it would go on from {where}.", True
    if refusal or not settings:
        return refusal or f"{command} would be refused: {run.config} is missing or damaged.", True
    if update >= updates:
        return (
            f"All {count(update)} updates are made; with a larger --total-timesteps it would go on from {where}.",
            True,
        )
    aside = "" if cut is None or not cut.cut else f"; {count(cut.cut)} rows beyond it would be set aside"
    return f"{command} would go on from {where}{aside}.", True
