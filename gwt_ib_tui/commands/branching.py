"""A branch: a new run that goes on from another's snapshot, with other settings where they are asked for.

The other run is only read, and may be training: it takes no lock of it and changes nothing there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.files import open_to_append
from gwt_ib.resume_config import Change, branch_config
from gwt_ib.runs.create import create_run, take_back
from gwt_ib.runs.cut_back import rows_up_to
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import event
from gwt_ib.runs.jsonl import RecordWriter
from gwt_ib.runs.snapshot import Snapshot, save_snapshot
from gwt_ib.runs.snapshot_fit import fit_problem
from gwt_ib.text import count
from gwt_ib_tui.commands.resuming import Wish, choose_snapshot, must_have_more_to_do


def make_branch(
    parent: RunDirectory,
    wish: Wish,
    directory: Path | None,
    command: Sequence[str],
    check: Callable[[Config], EnvironmentSpec],
) -> tuple[RunDirectory, int]:
    """A new run in `directory`, or under `runs/`, and the update after which it goes on.

    It has the metrics of `parent` up to the snapshot, and the snapshot as its first. With another seed its environments
    begin new episodes, as the open ones were drawn by the old one. Raises `UserError`; then nothing is left.
    """
    settings = parent.read_settings()
    path, snapshot = choose_snapshot(parent, parent.snapshot_folders(settings.get("rescue_dir")), wish.from_snapshot)
    trained_with = snapshot.state.get("config")
    if not settings and not trained_with:
        raise UserError(f"{parent.config} is missing or damaged.", ExitCode.BAD_DATA)
    config, changes = branch_config(settings, trained_with, wish.assignments, wish.flags)
    spec = check(config)
    if problem := fit_problem(snapshot, config, spec):
        raise UserError(f"{path} does not fit this run: {problem}.", ExitCode.BAD_DATA)
    must_have_more_to_do(parent, config, snapshot)
    existed = directory is not None and directory.exists()
    branch = create_run(config, directory, list(command), spec)
    try:
        _fill(branch, parent, path, snapshot, config, changes)
    except OSError as error:
        take_branch_back(branch, keep_directory=existed)
        reason = f"{error.strerror or error}: {error.filename or branch.path}"
        raise UserError(f"Cannot make the branch {branch.path}. {reason}.", ExitCode.CANNOT_CREATE_RUN) from None
    except BaseException:  # Ctrl-C in the middle of a copy
        take_branch_back(branch, keep_directory=existed)
        raise
    return branch, int(snapshot.state["update"])


def take_branch_back(branch: RunDirectory, *, keep_directory: bool) -> None:
    """Remove a branch that never began."""
    for file in (branch.metrics, branch.events, branch.labels):
        with suppress(OSError):
            file.unlink(missing_ok=True)
    take_back(branch, keep_directory=keep_directory)


def _fill(
    branch: RunDirectory, parent: RunDirectory, path: Path, snapshot: Snapshot, config: Config, changes: list[Change]
) -> None:
    """Put into a new run what it begins with. Raises `OSError`."""
    state, update = snapshot.state, snapshot.state["update"]
    other_seed = any(change.field == "seed" for change in changes)
    # The settings are those of this run: a resume asks the snapshot what it was trained with.
    own = replace(
        snapshot,
        environments={} if other_seed else snapshot.environments,
        state={**state, "config": config.model_dump(mode="json")},
    )
    with os.fdopen(open_to_append(branch.metrics), "ab") as file:
        file.writelines(row + b"\n" for row in rows_up_to(parent.metrics, update))
        file.flush()
        os.fsync(file.fileno())
    save_snapshot(branch.snapshots, own, state["env_steps"])
    origin = {
        "run": parent.name,
        "path": str(parent.path.resolve()),
        "snapshot": str(path.resolve()),
        "env_steps": state["env_steps"],
    }
    branch.write_run(replace(branch.read_run(), branched_from=origin))
    where = {"update": update, "env_steps": state["env_steps"]}
    words = f"branched from {parent.name} at {count(state['env_steps'])} env steps"
    news = [event("branched", message=words, path=str(path), **where)]
    news += [event("setting", field=each.field, old=each.old, value=each.new, **where) for each in changes]
    events = RecordWriter(branch.events)
    for record in news:
        events.append({"time": utc_now(), **record})
    events.close()
