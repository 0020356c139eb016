"""Making a run directory: whose it becomes of several that want it, what is in it at first, and taking it back."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.durable import sync_directory, write_all
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.files import read_regular
from gwt_ib.machine import installed_versions
from gwt_ib.runs.directory import RUNS, RunDirectory
from gwt_ib.runs.origin import origin_of
from gwt_ib.runs.record import RunRecord, is_trainer_alive

SHOWN_PACKAGES = ("gwt-ib", "torch", "numba", "numpy", "gymnasium", "popgym", "textual", "safetensors")
IN_THE_MAKING_S = 10.0
"""For so long a directory that somebody claims without saying who counts as a run in the making."""
NOT_OURS = frozenset({"lost+found"})  # what an empty file system has


def create_run(
    config: Config, directory: Path | None, command: list[str], spec: EnvironmentSpec | None = None
) -> RunDirectory:
    """Make a run directory with its first `run.json`; `directory` must not exist, or be empty, as a mount point may be.

    Of any number of launches into one directory exactly one makes it, and no other touches it. Raises `UserError`: 75
    where another launch makes it or trains in it, else 73. What could not be completed is removed again, nothing else.
    """
    run = RunDirectory(directory if directory is not None else RUNS / _run_name(config))
    made: list[Path] = []
    try:
        _claim(run, made)
        _fill(run, config, command, spec, made)
    except OSError as error:
        _take_back(made)
        reason = error.strerror or str(error)
        raise UserError(f"Cannot create the run directory {run.path}: {reason}.", ExitCode.CANNOT_CREATE_RUN) from None
    except BaseException:  # Ctrl-C, and a refusal after something was made
        _take_back(made)
        raise
    return run


def take_back(run: RunDirectory, *, keep_directory: bool) -> None:
    """Remove a run of ours that never began: what `create_run` made, and nothing that somebody else has put there."""
    for folder in (run.snapshots, run.control, run.logs, run.incidents):
        shutil.rmtree(folder, ignore_errors=True)
    _take_back([*([] if keep_directory else [run.path]), run.lock, run.labels, run.config, run.environment, run.run])


def owner_words(run: RunDirectory) -> str:
    """Who makes or trains the run of a directory, in words; an empty text if nobody does.

    The lock itself is not tried: who holds it for a moment keeps the rightful trainer out.
    """
    record = run.read_run()
    if record.trainer is not None and is_trainer_alive(record.host, record.trainer, record.last_sign):
        return f"being trained by another process (pid {record.trainer})"
    if record.state not in ("unknown", "starting") or record.heartbeat is not None:
        return ""
    with suppress(OSError):
        written = run.lock.stat().st_mtime
        pid = read_regular(run.lock, 100).decode(errors="replace").strip()
        if pid.isascii() and pid.isdigit() and is_trainer_alive(socket.gethostname(), int(pid), written):
            return f"just being made by another launch (pid {pid})"
        if not pid and abs(utc_now() - written) < IN_THE_MAKING_S:
            return "just being made by another launch"
    return ""


def _claim(run: RunDirectory, made: list[Path]) -> None:
    """Make a directory ours by a file that only one can make. Raises `OSError`, or `UserError` where it is another's."""
    try:
        run.path.mkdir(mode=0o700, parents=True)
        made.append(run.path)
    except FileExistsError:
        if not run.path.is_dir():
            raise
        _must_be_empty(run)
    try:
        descriptor = os.open(run.lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:  # somebody was faster
        _must_be_empty(run)
        raise
    made.append(run.lock)
    try:
        write_all(descriptor, str(os.getpid()).encode())
    finally:
        os.close(descriptor)


def _fill(
    run: RunDirectory, config: Config, command: list[str], spec: EnvironmentSpec | None, made: list[Path]
) -> None:
    if run.path not in made:
        with suppress(PermissionError):  # a mount point may be somebody else's
            run.path.chmod(0o700)
    for folder in (run.snapshots, run.control, run.logs, run.incidents):
        folder.mkdir(mode=0o700)
        made.append(folder)
    made += [run.config, run.environment, run.run]
    run.write_config(config)
    if spec is not None:
        run.write_environment(spec)
    record = replace(RunRecord.starting(run.name, config), command=tuple(command), created=utc_now())
    record = replace(record, origin=origin_of(config.env_id, record.created) or "")
    run.write_run(replace(record, git_commit=_git_commit(), versions=installed_versions(SHOWN_PACKAGES)))
    sync_directory(run.path.absolute().parent)


def _must_be_empty(run: RunDirectory) -> None:
    """Raises `UserError` for a directory with something in it: 75 where that is a run in the making or in training."""
    names = {entry.name for entry in run.path.iterdir()} - NOT_OURS
    if not names:
        return
    if run.lock.name in names and (owner := owner_words(run)):
        raise UserError(f"{run.path} is {owner}; look at it with `gwt-ib-tui attach {run.path}`.", ExitCode.LOCKED)
    raise UserError(
        f"{run.path} is not empty: a run needs a directory of its own. Continue that run with "
        f"`gwt-ib-tui resume {run.path}`, or name another directory.",
        ExitCode.CANNOT_CREATE_RUN,
    )


def _take_back(made: list[Path]) -> None:
    """Remove what was made, last things first; a folder in which somebody has put something stays."""
    for path in reversed(made):
        with suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)


def _run_name(config: Config) -> str:
    env = re.sub(r"[^A-Za-z0-9_.-]+", "-", config.env_id)[:80]
    return f"{env}__s{config.seed}__{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def _git_commit() -> str | None:
    """The commit of the checkout that this package runs from, with `-dirty` where it was changed; null outside one."""
    source = Path(__file__).resolve().parents[2]
    if not (source / ".git").exists() or shutil.which("git") is None:
        return None
    try:
        answer = subprocess.run(
            ["git", "-C", os.fspath(source), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True, text=True, timeout=5, check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
