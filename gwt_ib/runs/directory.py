"""One run's directory: where everything is, how it is read and written, and how a run is found by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gwt_ib.config import Config
from gwt_ib.config_sources import build
from gwt_ib.durable import json_bytes, write_json
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError, nearest
from gwt_ib.lenient import read_object
from gwt_ib.runs.labels import LATEST, read_labels
from gwt_ib.runs.record import RunRecord

RUNS = Path("runs")
DELETED = ".deleted-"
"""So begins the name of a directory that was a run and is being removed."""


class _Inside:
    """A path inside a run directory."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, run: RunDirectory, owner: type) -> Path:
        return run.path / self.name


@dataclass(frozen=True)
class RunDirectory:
    """The paths of one run (docs/architecture.md, "The run directory"). Making this object touches nothing."""

    path: Path

    @property
    def name(self) -> str:
        """The run's name: that of its directory."""
        return self.path.resolve().name

    config = _Inside("config.json")  # the resolved configuration, every field
    environment = _Inside("environment.json")  # what the check of the environment found
    accepted = _Inside("accepted.json")  # changed settings that a resume has taken by --override
    run = _Inside("run.json")  # state, processes, versions and exit code, rewritten atomically
    metrics = _Inside("metrics.jsonl")  # one line per update
    metrics_aside = _Inside("metrics-aside.jsonl")  # rows that a resume has cut off
    events = _Inside("events.jsonl")  # what happened, and the answers to requests
    gatecheck = _Inside("gatecheck.json")  # the newest verdict with its evidence
    final_evaluation = _Inside("final_evaluation.json")  # 100 episodes of the last snapshot; a resume makes it stale
    gate_evaluation = _Inside("gate_evaluation.json")  # the newest episodes with a replaced gate; often absent
    snapshots = _Inside("snapshots")  # one directory per snapshot, named by its environment steps
    reports = _Inside("reports")  # what a dashboard kept of the snapshots that were asked for there; often absent
    plots = _Inside("plots")  # figures that were drawn in a dashboard, with their data; often absent
    exports = _Inside("exports")  # its metrics in another tool's format, where the setting asks for it; often absent
    control = _Inside("control")  # the inbox for requests
    logs = _Inside("logs")  # what the trainer, the learner and the actors log and print
    labels = _Inside("labels.json")  # its name, tags and notes, by the user; often absent
    incidents = _Inside("incidents")  # what is needed to reproduce a fault
    lock = _Inside("run.lock")  # locked by the trainer while it lives

    def read_run(self) -> RunRecord:
        """`run.json`; its state is `unknown` while there is none or it is damaged."""
        return RunRecord.from_dict(read_object(self.run), self.name)

    def read_gatecheck(self) -> dict[str, Any]:
        """`gatecheck.json`; empty while there is none."""
        return read_object(self.gatecheck)

    def read_settings(self) -> dict[str, Any]:
        """What `config.json` says, possible or not; empty where it is missing or damaged."""
        return read_object(self.config)

    def read_accepted(self) -> dict[str, Any]:
        """The newest value of each setting that was once taken by `--override`."""
        return read_object(self.accepted)

    def snapshot_folders(self, rescue_dir: object) -> list[Path]:
        """Where this run's snapshots are: its own folder, and one of its name in `rescue_dir` where that is a path."""
        rescue = [Path(rescue_dir) / self.name] if isinstance(rescue_dir, str) and rescue_dir.startswith("/") else []
        return [self.snapshots, *rescue]

    def read_config(self) -> Config:
        """The configuration of the run. Raises `UserError` (65) when it is missing or damaged."""
        values = self.read_settings()
        if not values:
            raise UserError(f"{self.config} is missing or damaged.", ExitCode.BAD_DATA)
        return build(values, dict.fromkeys(values, str(self.config)))

    def read_environment(self) -> EnvironmentSpec:
        """What the check of the environment found. Raises `UserError` (65) when it is missing or damaged."""
        try:
            return EnvironmentSpec.from_dict(read_object(self.environment))
        except ValueError:
            raise UserError(f"{self.environment} is missing or damaged.", ExitCode.BAD_DATA) from None

    def state(self) -> str:
        """The state in `run.json`, or `killed` or `stalled` where its trainer has fallen silent."""
        return self.read_run().state_now()

    def write_run(self, record: RunRecord, *, durable: bool = True) -> None:
        """Write `run.json`. Raises `OSError`."""
        write_json(self.run, record.as_dict(), durable=durable)

    def write_last_run(self, record: RunRecord) -> None:
        """Write how the run ended, also where the disk has no room for a second file. Raises `OSError`."""
        try:
            self.write_run(record)
        except OSError:
            # Its old content has blocks of its own; who reads it in the middle of this finds it damaged, once.
            with self.run.open("r+b") as file:
                file.write(json_bytes(record.as_dict()))
                file.truncate()

    def write_environment(self, spec: EnvironmentSpec) -> None:
        """Write what the check of the environment found."""
        write_json(self.environment, spec.as_dict())

    def write_accepted(self, values: Mapping[str, Any]) -> None:
        """Write what `read_accepted` is to read."""
        write_json(self.accepted, values)

    def write_config(self, config: Config) -> None:
        """Write the resolved configuration."""
        write_json(self.config, config.model_dump(mode="json"))


PARTS = frozenset(part.name for part in vars(RunDirectory).values() if isinstance(part, _Inside))
"""The names that a run has in its directory."""


def find_run(name: str) -> RunDirectory:
    """The run that `RUN` on the command line names: a directory, a name under `runs/`, a label's name, or `latest`.

    A directory goes before a label. Raises `UserError` (2) that names the nearest runs, or all of a label's.
    """
    runs = list_runs()
    if name == LATEST:
        if not runs:
            raise UserError("There is no run under runs/ yet; `gwt-ib-tui launch` starts one.", ExitCode.USAGE)
        return runs[-1]
    for path in (Path(name), RUNS / name):
        # Without its run.json a run can still be gone on with.
        if any((path / file).is_file() for file in ("run.json", "config.json")):
            return RunDirectory(path)
    if Path(name).is_dir():
        raise UserError(f"{name} is not a run directory: it has no run.json.", ExitCode.USAGE)
    labels = [read_labels(run).name for run in runs]
    called = [run for run, label in zip(runs, labels, strict=True) if label == name]
    if len(called) > 1:
        names = ", ".join(run.name for run in reversed(called))
        raise UserError(f"{len(called)} runs are called {name!r}: name one of {names}.", ExitCode.USAGE)
    if called:
        return called[0]
    known = [*(run.name for run in runs), *filter(None, labels)]
    raise UserError(f"There is no run {name!r}.{nearest(name, known)}", ExitCode.USAGE)


def list_runs(folder: Path = RUNS) -> list[RunDirectory]:
    """Every run under `folder`, oldest first."""
    if not folder.is_dir():
        return []
    runs = [RunDirectory(path.parent) for path in run_files(folder)]
    return sorted(runs, key=lambda run: (run.read_run().created or 0.0, run.path.name))


def run_files(folder: Path = RUNS) -> list[Path]:
    """The `run.json` of every run under `folder`, in no order. Raises no error for a folder that is not there."""
    return [path for path in folder.glob("*/run.json") if not path.parent.name.startswith(DELETED)]
