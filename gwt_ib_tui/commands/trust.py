"""Trust: whether the module that a run names is imported, which may do anything that the user may."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.terminal import write

if TYPE_CHECKING:
    from pathlib import Path

    from gwt_ib.runs.directory import RunDirectory

Trust = Annotated[bool, typer.Option("--trust", help="Import the environment's module of a run made elsewhere.")]


def need_trust(run: RunDirectory, env_id: str, trusted: bool, *, named_by: Path | None = None) -> None:
    """Ask before the module of a run that was made elsewhere is imported. Raises `UserError` (2) where the answer is no.

    `named_by` is the file that names it, where that is another one than the run's settings.
    """
    from gwt_ib.runs.origin import module_made_elsewhere
    from gwt_ib.text import plain

    if trusted or not (module := module_made_elsewhere(run.read_run(), env_id)):
        return
    words = (
        f"{plain(named_by or run.path)} was not made by you on this machine, and its environment {plain(env_id)!r} "
        f"would import the module {plain(module)!r}, which may do anything that you may."
    )
    if not _can_ask():
        raise UserError(f"{words} Where you trust it, say --trust.", ExitCode.USAGE)
    write(f"{words}\nImport it? [y/N] ", sys.stderr)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UserError("The module was not imported, and nothing was done.", ExitCode.USAGE)


def _can_ask() -> bool:
    return not os.environ.get("CI") and sys.stdin.isatty() and sys.stderr.isatty()
