"""What is done before a run goes on: the settings and the snapshot that it goes on with, and what is set aside for that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.beginning import lock_run
from gwt_ib.resume_config import Change, needs_override, resume_config
from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import event
from gwt_ib.runs.jsonl import RecordWriter
from gwt_ib.runs.named_snapshot import named_snapshot
from gwt_ib.runs.snapshot import BadSnapshotError, Snapshot, load_snapshot, save_snapshot
from gwt_ib.runs.snapshot_fit import fit_problem
from gwt_ib.runs.snapshot_store import (
    clean_temporary,
    newest_good_snapshot,
    set_aside_newer,
)


@dataclass(frozen=True)
class Wish:
    """What a resume is asked for: changed settings, whether also those that need `--override`, and a certain snapshot."""

    assignments: Iterable[str] = ()
    flags: Mapping[str, Any] = field(default_factory=dict)
    override: bool = False
    from_snapshot: str | None = None


def prepare_to_resume(run: RunDirectory, wish: Wish, check: Callable[[Config], EnvironmentSpec]) -> int:
    """Make a run ready to go on as wished and return the update after which it will.

    Nothing is changed before everything is known to fit. Raises `UserError`.
    """
    lock = lock_run(run)
    try:
        settings = run.read_settings()
        folders = run.snapshot_folders(settings.get("rescue_dir"))
        path, snapshot = choose_snapshot(run, folders, wish.from_snapshot)
        refused: list[str] = []
        trained_with = snapshot.state.get("config")
        # A run whose config.json is gone goes on with what its snapshot says.
        recorded = settings or trained_with
        if not recorded:
            raise UserError(f"{run.config} is missing or damaged.", ExitCode.BAD_DATA)
        accepted = run.read_accepted()
        config, changes = resume_config(
            recorded, trained_with, wish.assignments, wish.flags, override=wish.override, accepted=accepted
        )
        spec = check(config)
        if wish.from_snapshot is None:
            path, snapshot, refused = newest_good_snapshot(folders, lambda found: fit_problem(found, config, spec))
        elif problem := fit_problem(snapshot, config, spec):
            raise UserError(f"{path} does not fit this run: {problem}.", ExitCode.BAD_DATA)
        must_have_more_to_do(run, config, snapshot)
        try:
            _make_newest(run, folders, path, snapshot)
            # Before the trainer starts: whoever follows the run would take rows of the other past for new ones.
            cut_back(run.metrics, snapshot.state["update"], run.metrics_aside)
            overridden = {each.field: each.new for each in changes if needs_override(each)}
            if not overridden.items() <= accepted.items():  # before they are in config.json: it may end in between
                run.write_accepted({**accepted, **overridden})
            run.write_config(config)
            run.write_environment(spec)
        except OSError as error:
            reason = f"{error.strerror or error}: {error.filename or run.path}"
            raise UserError(f"{run.path} cannot be made ready. {reason}.", ExitCode.INPUT_OUTPUT) from None
        _record(run, config, snapshot, changes, refused)
        return int(snapshot.state["update"])
    finally:
        lock.release()


def choose_snapshot(run: RunDirectory, folders: list[Path], name: str | None) -> tuple[Path, Snapshot]:
    """The snapshot that is named (`named_snapshot`), or the newest good one. Raises `UserError`."""
    if name is None:
        path, snapshot, _ = newest_good_snapshot(folders)
        return path, snapshot
    path = named_snapshot(run, folders, name)
    try:
        return path, load_snapshot(path)
    except BadSnapshotError as error:
        raise UserError(f"It cannot be gone on from {error}.", ExitCode.BAD_DATA) from None


def must_have_more_to_do(run: RunDirectory, config: Config, snapshot: Snapshot) -> None:
    """Raises `UserError` (2) where a snapshot is of the end of the run."""
    if snapshot.state["update"] >= config.num_updates:
        raise UserError(
            f"{run.path} has made all of its {snapshot.state['env_steps']} env steps; go on with --total-timesteps and a "
            f"larger number.",
            ExitCode.USAGE,
        )


def _make_newest(run: RunDirectory, folders: list[Path], path: Path, snapshot: Snapshot) -> None:
    """Let a snapshot be the newest of its run, so that the trainer goes on from it. Raises `OSError`."""
    clean_temporary(run.path)
    steps = snapshot.state["env_steps"]
    was_aside = path.parent not in folders
    for folder in folders:
        set_aside_newer(folder, steps - 1 if was_aside else steps)
    if was_aside:
        save_snapshot(run.snapshots, snapshot, steps)
    elif path.parent != run.snapshots:
        with suppress(OSError):  # the disk may still be full; then the run goes on from where it was rescued to
            save_snapshot(run.snapshots, snapshot, steps)


def _record(run: RunDirectory, config: Config, snapshot: Snapshot, changes: list[Change], refused: list[str]) -> None:
    """What is changed, and what was passed over, becomes part of the run's history."""
    where = {"update": snapshot.state["update"], "env_steps": snapshot.state["update"] * config.steps_per_update}
    news = [event("warning", message=f"passed over a bad snapshot: {sentence}", **where) for sentence in refused]
    news += [event("setting", field=each.field, old=each.old, value=each.new, **where) for each in changes]
    events = RecordWriter(run.events)
    for record in news:
        events.append({"time": utc_now(), **record})
    events.close()
