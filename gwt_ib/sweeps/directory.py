"""One sweep's directory: where everything is, who runs it, and how a definition comes into it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from gwt_ib.clock import utc_now
from gwt_ib.config_sources import read_text
from gwt_ib.durable import sync_directory, write_atomically, write_json
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError, nearest
from gwt_ib.lenient import mapping, read_object, scalars
from gwt_ib.runs.create import NOT_OURS
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.record import is_trainer_alive
from gwt_ib.sweeps.definition import Definition, Member, parse_definition

SWEEPS = Path("sweeps")
PATIENCE_S = 0.5


@dataclass(frozen=True)
class Holder:
    """The process that runs a sweep, or ran it last."""

    pid: int | None = None
    host: str = ""
    started: float | None = None
    parallel: int | None = None
    """How many runs go side by side."""
    where: str = ""
    """Where they are trained: `this machine`, or the address of a cluster."""

    @property
    def alive(self) -> bool | None:
        """Whether it lives; None where that cannot be known."""
        return False if self.pid is None else is_trainer_alive(self.host, self.pid, self.started)


@dataclass(frozen=True)
class SweepDirectory:
    """The paths of one sweep (docs/sweeps.md, "The directory"). Making this object touches nothing."""

    path: Path

    @property
    def name(self) -> str:
        """The sweep's name: that of its directory."""
        return self.path.resolve().name

    @property
    def definition(self) -> Path:
        """The definition, a copy of the file that it was started with last."""
        return self.path / "sweep.toml"

    @property
    def runs(self) -> Path:
        """The run directories, each of its member's name."""
        return self.path / "runs"

    @property
    def labels(self) -> Path:
        """What each of its runs is called when it is made (`runs.labels`); often absent."""
        return self.path / "labels.json"

    @property
    def lock(self) -> Path:
        """Locked by the process that runs the sweep while it lives."""
        return self.path / "sweep.lock"

    @property
    def holder(self) -> Path:
        """Which process that is, or was last; nothing is derived from it but words."""
        return self.path / "sweep.json"

    @property
    def log(self) -> Path:
        """What was started and what ended, a line each."""
        return self.path / "sweep.log"

    @property
    def control(self) -> Path:
        """The inbox: a request to stop ends all runs with a last snapshot (`runs.control`)."""
        return self.path / "control"

    @property
    def environments(self) -> Path:
        """What the checks of the environments found when the sweep was started last."""
        return self.path / "environments.json"

    @property
    def aside(self) -> Path:
        """Run directories that were made anew, as they were before: begun, but without a snapshot to go on from."""
        return self.path / "aside"

    def member_path(self, member: Member) -> Path:
        """The run directory of a member."""
        return self.runs / member.name

    def run(self, member: Member) -> RunDirectory:
        """The same as a run directory."""
        return RunDirectory(self.member_path(member))

    def read_definition(self) -> Definition:
        """What the sweep is. Raises `UserError` where the file is missing or no sweep."""
        return parse_definition(read_text(self.definition), str(self.definition))

    def read_holder(self) -> Holder:
        """Who runs the sweep, or ran it last."""
        return Holder(**scalars(Holder.__annotations__, read_object(self.holder)))

    def write_holder(self, parallel: int, where: str) -> None:
        """Say that this process runs the sweep. Raises `OSError`."""
        holder = Holder(os.getpid(), socket.gethostname(), utc_now(), parallel, where)
        write_json(self.holder, vars(holder), durable=False)

    def read_environments(self) -> dict[str, EnvironmentSpec]:
        """What the checks found, by the key of each distinct environment; what is damaged is absent."""
        found: dict[str, EnvironmentSpec] = {}
        for key, record in read_object(self.environments).items():
            try:
                found[key] = EnvironmentSpec.from_dict(mapping(record))
            except ValueError:
                continue
        return found

    def write_environments(self, specs: Mapping[str, EnvironmentSpec]) -> None:
        """Write what the checks found. Raises `OSError`."""
        values: dict[str, Any] = {key: spec.as_dict() for key, spec in specs.items()}
        write_json(self.environments, values)

    def write_definition(self, definition: Definition) -> None:
        """Take a definition over. Raises `OSError`."""
        write_atomically(self.definition, definition.text.encode())


def default_directory(file: Path) -> SweepDirectory:
    """Where the sweep of a file is unless something else is asked for."""
    return SweepDirectory(SWEEPS / file.stem)


def find_sweep(name: str) -> SweepDirectory:
    """The sweep that a name on the command line means: a directory, or a name under `sweeps/`. Raises `UserError` (2)."""
    for path in (Path(name), SWEEPS / name):
        if SweepDirectory(path).definition.is_file():
            return SweepDirectory(path)
    if Path(name).is_dir():
        raise UserError(f"{name} is not the directory of a sweep: it has no sweep.toml.", ExitCode.USAGE)
    known = [path.parent.name for path in SWEEPS.glob("*/sweep.toml")]
    raise UserError(f"There is no sweep {name!r}.{nearest(name, known)}", ExitCode.USAGE)


def refuse_strange(sweep: SweepDirectory) -> None:
    """Raises `UserError` (73) where something that is no sweep is in the directory, or where it cannot be one."""
    if sweep.definition.exists() or not sweep.path.exists():
        return
    try:
        names = {entry.name for entry in sweep.path.iterdir()} - NOT_OURS
    except OSError as error:
        raise _cannot_create(sweep, error) from None
    # What a sweep that was killed in its first moment leaves is empty.
    if names - {sweep.lock.name, sweep.runs.name, sweep.control.name, sweep.environments.name}:
        raise UserError(
            f"{sweep.path} is not empty and no sweep: a sweep needs a directory of its own, see --dir.",
            ExitCode.CANNOT_CREATE_RUN,
        )


def make_directory(sweep: SweepDirectory) -> None:
    """Make the folders of a sweep where they are not there yet. Raises `UserError` (73)."""
    refuse_strange(sweep)
    try:
        for folder in (sweep.path, sweep.runs, sweep.control):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_directory(sweep.path)
    except OSError as error:
        raise _cannot_create(sweep, error) from None


def lock_sweep(sweep: SweepDirectory) -> FileLock:
    """Take a sweep's lock. Raises `UserError` (75) that names its holder."""
    # Who only asks whether it is held (`is_running`) has it for a moment.
    lock = FileLock(sweep.lock, timeout=PATIENCE_S, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        holder = sweep.read_holder()
        who = f"pid {holder.pid or 'unknown'} on {holder.host or 'an unknown host'}"
        raise UserError(f"{sweep.path} is being run by another process ({who}).", ExitCode.LOCKED) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"{sweep.lock} cannot be locked: {reason}.", ExitCode.INPUT_OUTPUT) from None
    return lock


def is_running(sweep: SweepDirectory) -> bool:
    """Whether a process runs the sweep now."""
    return is_held(sweep.lock)


def is_held(path: Path) -> bool:
    """Whether a process holds a lock, a sweep's or a run's; whoever takes one that cannot be tried says what is wrong."""
    if not path.exists():
        return False
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def _cannot_create(sweep: SweepDirectory, error: OSError) -> UserError:
    reason = error.strerror or str(error)
    return UserError(f"Cannot create the sweep {sweep.path}: {reason}.", ExitCode.CANNOT_CREATE_RUN)
