"""The command that runs a sweep: many runs from one file, side by side, gone on with after any kind of end."""

from __future__ import annotations

import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gwt_ib.errors import ExitCode
from gwt_ib_tui.commands.trust import Trust, need_trust
from gwt_ib_tui.garbage import no_garbage_collection
from gwt_ib_tui.terminal import leave_if_asked, print_json, print_line, print_result, why_no_dashboard

if TYPE_CHECKING:
    from gwt_ib.runs.directory import RunDirectory
    from gwt_ib.sweeps.definition import Definition
    from gwt_ib.sweeps.directory import SweepDirectory
    from gwt_ib.sweeps.places import Place
    from gwt_ib.sweeps.plan import Plan


def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="[base], [grid], [[arm]]; or a sweep's directory.")],
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="The sweep's directory; default: sweeps/FILE.")
    ] = None,
    parallel: Annotated[
        int | None,
        typer.Option("--parallel", min=1, max=1000, metavar="N", help="Runs side by side; default: by cores."),
    ] = None,
    on: Annotated[
        str, typer.Option("--on", metavar="PLACE", help="Where the runs are trained: local, or ray, on a cluster.")
    ] = "local",
    address: Annotated[
        str,
        typer.Option("--address", metavar="ADDRESS", help="HOST:PORT of a Ray cluster, or auto; default: one here."),
    ] = "",
    headless: Annotated[
        bool, typer.Option("--headless", help="No screen: a line for each run that starts or ends.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Headless, one object a line on stdout.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, say what it takes, start nothing.")
    ] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Also try again what has failed.")] = False,
    trust: Trust = False,
) -> None:
    """Run many runs from one file, or go on with them."""
    with no_garbage_collection():
        from gwt_ib.sweeps.definition import read_definition
        from gwt_ib.sweeps.directory import SweepDirectory, default_directory, is_running, lock_sweep, make_directory
        from gwt_ib.sweeps.places import Place

    theirs = file.is_dir()
    if theirs:
        directory, file = directory or file, SweepDirectory(file).definition
    found = SweepDirectory(directory) if directory is not None else default_directory(file)
    place = Place(on, address, parallel)
    definition = read_definition(file)
    if theirs:  # what a file of the user's own names is the user's wish
        _need_trust(found, definition, trust)
    reason = "" if headless or as_json or dry_run else why_no_dashboard()
    if reason:
        print_line(f"Running headless: {reason}.", err=True)
    shown = not (headless or as_json or dry_run or reason)
    if shown and is_running(found):
        show(found, definition)
        return
    if not dry_run and found.definition.exists():
        lock_sweep(found).release()  # who runs it already is said before anything is checked
    plan = _plan(found, definition, place, retry_failed)
    say(plan, as_json)
    if dry_run:
        return
    leave_if_asked()
    make_directory(found)
    start(plan, alone=shown, as_json=as_json, retry_failed=retry_failed)
    show(found, definition)


def start(plan: Plan, *, alone: bool, as_json: bool, retry_failed: bool = False) -> int:
    """Start a sweep whose directory is there: in this process, which it ends, or `alone`: then the pid of another one."""
    from gwt_ib.sweeps.detached import start_detached
    from gwt_ib.sweeps.directory import lock_sweep
    from gwt_ib.sweeps.plan import write_plan

    with lock_sweep(plan.sweep):
        write_plan(plan)
        if not alone:
            from gwt_ib_tui.commands.sweep_headless import run_headless

            raise typer.Exit(int(run_headless(plan, as_json=as_json, retry_failed=retry_failed)))
    # Inside the application processes cannot be started safely, so the sweep has one of its own, as a run has.
    return start_detached(plan.sweep, plan.place, retry_failed=retry_failed)


def _need_trust(found: SweepDirectory, definition: Definition, trusted: bool) -> None:
    """Ask before modules are imported that a sweep made elsewhere names. Raises `UserError` (2)."""
    from gwt_ib.runs.origin import made_here, module_of

    runs: dict[str, list[RunDirectory]] = {}
    for member in definition.members:
        if module_of(member.config.env_id):
            runs.setdefault(member.config.env_id, []).append(found.run(member))
    for env_id, theirs in runs.items():
        if not any(made_here(run.read_run(), env_id) for run in theirs):
            need_trust(theirs[0], env_id, trusted, named_by=found.definition)


def _plan(found: SweepDirectory, definition: Definition, place: Place, retry_failed: bool) -> Plan:
    """Everything checked, with what is going on on stderr where that is a terminal."""
    from rich.console import Console

    from gwt_ib.sweeps.plan import make_plan

    errors = Console(stderr=True, highlight=False, markup=False)
    with errors.status("checking"):

        def on_checked(done: int, of: int) -> None:
            if not errors.is_terminal and of > 10 and done % 10 == 0:
                print_line(f"{done} of {of} environments checked", err=True)

        return make_plan(found, definition, place, retry_failed=retry_failed, on_checked=on_checked)


def say(plan: Plan, as_json: bool) -> None:
    """What it is and what it takes: asked for, so on stdout; beside JSON, an object of its own."""
    for note in dict.fromkeys(plan.found.notes):
        print_line(note, err=True)
    if as_json:
        print_json(plan.as_dict())
        return
    for line in plan.lines():
        print_result(line)


def show(found: SweepDirectory, definition: Definition, again: str = "") -> None:
    """The screen of a sweep that is being run by another process; afterwards, in the shell, how it stands.

    `again` is the command that goes on with it; by default this one.
    """
    from gwt_ib.sweeps.directory import is_running
    from gwt_ib.sweeps.notices import progress_words
    from gwt_ib.sweeps.states import read_states

    if found.read_definition() != definition:
        print_line(f"{found.path} goes on with the definition that it was started with, not with the file.", err=True)
    with no_garbage_collection():
        from gwt_ib_tui.application.sweep_app import run_sweep_dashboard
    with suppress(KeyboardInterrupt):  # before the screen takes it as a key
        run_sweep_dashboard(found)
    state = read_states(found)
    print_line(f"{found.path}: {progress_words(state)}")
    again = again or shlex.join(["gwt-ib-tui", *sys.argv[1:]])
    if is_running(found):
        print_line(f"The sweep goes on. Come back with: {again}")
    elif state.count("finished") < len(state.members):
        failed = f"{state.count('failed')} run(s) failed: --retry-failed tries them again. " * bool(
            state.count("failed")
        )
        print_line(f"{failed}Go on with: {again}", err=True)
        raise typer.Exit(ExitCode.RESOURCES_USED_UP if state.count("failed") else ExitCode.DONE)


COMMANDS = (sweep,)
