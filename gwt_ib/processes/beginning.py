"""Before a trainer trains: the run's lock, what is left from before, and what the log says of the start."""

from __future__ import annotations

import os
import platform
import socket
from dataclasses import replace

from filelock import FileLock, Timeout

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.log import LOGGER
from gwt_ib.machine import installed_versions
from gwt_ib.processes.plan import thread_plan
from gwt_ib.runs.control import take_requests
from gwt_ib.runs.create import SHOWN_PACKAGES
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import event
from gwt_ib.runs.jsonl import Record, RecordWriter
from gwt_ib.runs.record import RunRecord
from gwt_ib.runs.snapshot_store import clean_temporary, newest_good_snapshot


def lock_run(run: RunDirectory) -> FileLock:
    """Take the run's lock without waiting. Raises `UserError` (75) that names its holder."""
    lock = FileLock(run.lock, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        pid = run.read_run().trainer or "unknown"
        raise UserError(
            f"{run.path} is being trained by another process (pid {pid}); look at it with `gwt-ib-tui attach {run.path}`.",
            ExitCode.LOCKED,
        ) from None
    return lock


def prepare(run: RunDirectory, *, resume: bool) -> tuple[Config, FileLock]:
    """Lock a run and read what the trainer needs. Raises `UserError`, also where there is nothing to go on from."""
    lock = lock_run(run)
    config = run.read_config()
    clean_temporary(run.snapshots)
    if resume:
        newest_good_snapshot(run.snapshot_folders(config.rescue_dir))  # raised before anything is started
        events = RecordWriter(run.events)
        for request in take_requests(run.control)[0]:
            events.append(
                {"time": utc_now(), **refusal(request.id, request.kind, "the trainer that was asked is gone")}
            )
        events.close()
    known, now = run.read_run(), utc_now()
    kept = {
        name: getattr(known, name)
        for name in (
            *("command", "git_commit", "versions", "created", "origin", "ended", "exact_resume", "branched_from"),
        )
    }
    run.write_run(replace(RunRecord.starting(known.name, config), **kept, started=now, heartbeat=now))
    return config, lock


def refusal(request: str, kind: str, message: str) -> Record:
    """The answer to a request that nobody will obey."""
    answer = {"request": request, "request_kind": kind, "result": "refused"}
    return event("acknowledged", **answer, message=message)


def log_beginning(run: RunDirectory, config: Config, *, resume: bool) -> None:
    """What begins, on which machine, with which versions and settings."""
    fields = type(config).model_fields
    where = f"pid {os.getpid()} on {socket.gethostname()}"
    LOGGER.info("%s %s %s", where, "goes on with" if resume else "begins", run.path)
    versions = {"Python": platform.python_version(), **installed_versions(SHOWN_PACKAGES)}
    LOGGER.info(", ".join(f"{name} {version}" for name, version in versions.items() if version))
    plan = f"{config.num_updates:,} updates of {config.steps_per_update:,} env steps; {thread_plan(config)}"
    LOGGER.info("%s, seed %d: %s", config.env_id, config.seed, plan)
    values = {name: getattr(config, name) for name in fields}
    changed = [f"{name} = {value}" for name, value in values.items() if value != fields[name].default]
    LOGGER.info("settings that are not the defaults: %s", ", ".join(changed) or "none")
