"""`--detach`: what is said of a run or a sweep that was started and goes on by itself."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.terminal import print_json, print_line, print_result

if TYPE_CHECKING:
    from gwt_ib.runs.directory import RunDirectory
    from gwt_ib.sweeps.plan import Plan

Detach = Annotated[bool, typer.Option("--detach", help="Start it, say its name, and leave it going.")]


def refuse_with(option: str, **others: object) -> None:
    """Raises `UserError` (2) where one of the options was given that say nothing beside `option`."""
    given = [
        f"--{name.replace('_', '-')}" for name, value in others.items() if value is not None and value is not False
    ]
    if given:
        raise UserError(f"{option} does not go with {' and '.join(given)}: leave one of them out.", ExitCode.USAGE)


def say_run(run: RunDirectory, trainer: int, *, as_json: bool) -> None:
    """Its name alone on stdout, for scripts; the next commands beside it."""
    path = shlex.quote(str(run.path))
    commands = {name: f"gwt-ib-tui {name} {path}" for name in ("attach", "status", "stop")}
    if as_json:
        print_json({"kind": "detached", "run": run.name, "path": str(run.path), "trainer": trainer, "next": commands})
        return
    print_result(run.name)
    print_line(
        f"It goes on by itself (pid {trainer}). Look at it, ask how it stands, end it with a last snapshot:", err=True
    )
    for words in commands.values():
        print_line(f"  {words}", err=True)


def say_sweep(plan: Plan, pid: int, *, as_json: bool) -> None:
    """The names of its runs on stdout, a line each; the next commands beside them."""
    sweep = plan.sweep
    path = shlex.quote(str(sweep.path))
    commands = {name: f"gwt-ib-tui {name} {path}" for name in ("sweep", "results", "stop")}
    names = [member.name for member in plan.definition.members]
    if as_json:
        print_json({**plan.as_dict(), "kind": "detached", "pid": pid, "next": commands})
        return
    for name in names:
        print_result(name)
    words = (
        f"They go on by themselves, {plan.parallel} at a time (pid {pid}). Look at them, make their table, end them:"
    )
    print_line(words, err=True)
    for command in commands.values():
        print_line(f"  {command}", err=True)
