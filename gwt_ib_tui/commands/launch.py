"""Commands that train a run, or show one: as it is now, played again, or in a browser."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.commands.detaching import Detach, refuse_with, say_run
from gwt_ib_tui.commands.labels import Name, Note, Tags, asked_labels, keep_labels
from gwt_ib_tui.commands.options import (
    Assignments,
    ConfigFile,
    EnvId,
    Fps,
    OnEvent,
    Preset,
    RequireGateCheck,
    Requirement,
    Run,
    Seed,
    TotalTimesteps,
    find_run,
)
from gwt_ib_tui.commands.seeds import Seeds, launch_seeds
from gwt_ib_tui.commands.trust import Trust, need_trust
from gwt_ib_tui.garbage import no_garbage_collection
from gwt_ib_tui.terminal import leave_if_asked, need_terminal, print_line, why_no_dashboard

if TYPE_CHECKING:
    from gwt_ib.config import Config
    from gwt_ib.envs.spec import EnvironmentSpec
    from gwt_ib.runs.directory import RunDirectory

Headless = Annotated[bool, typer.Option("--headless", help="No dashboard: a line per update.")]


class Shown(TypedDict):
    """How a dashboard shows a run: see `run_dashboard`."""

    fps: float | None
    on_event: str | None


END_S = 20.0
"""How long a run that is not wanted after all may take to end."""
MetricsAsJson = Annotated[bool, typer.Option("--json", help="Headless, one metrics object a line on stdout.")]


def launch(
    env_id: EnvId = None,
    config_file: ConfigFile = None,
    preset: Preset = None,
    assignments: Assignments = None,
    seed: Seed = None,
    seeds: Seeds = None,
    total_timesteps: TotalTimesteps = None,
    run_dir: Annotated[
        Path | None, typer.Option("--run-dir", metavar="DIR", help="The run's own directory; new or empty.")
    ] = None,
    name: Name = None,
    tags: Tags = None,
    note: Note = None,
    headless: Headless = False,
    detach: Detach = False,
    as_json: MetricsAsJson = False,
    require_gatecheck: RequireGateCheck = None,
    fps: Fps = None,
    on_event: OnEvent = None,
) -> None:
    """Start a run and open its dashboard (or headless)."""
    if detach:
        refuse_with("--detach", require_gatecheck=require_gatecheck)
    with no_garbage_collection():
        from gwt_ib.config_sources import resolve
        from gwt_ib.runs.create import create_run, take_back

    if seeds is not None:
        refuse_with("--seeds", seed=seed, run_dir=run_dir, require_gatecheck=require_gatecheck)
    flags = {"env_id": env_id, "seed": seed, "total_timesteps": total_timesteps}
    config = resolve(toml_file=config_file, preset=preset, assignments=assignments or (), flags=flags)
    labels = asked_labels(name, tags, note)
    if seeds is not None:
        launch_seeds(config, seeds, labels, headless=headless, as_json=as_json, detach=detach)
        return
    spec = refuse_what_cannot_run(config, meanwhile=_none if headless or as_json or detach else _import_what_is_shown)
    leave_if_asked()
    existed = run_dir is not None and run_dir.exists()
    run = create_run(config, run_dir, ["gwt-ib-tui", *sys.argv[1:]], spec)
    try:
        keep_labels(run, labels)
        shown = Shown(fps=fps, on_event=on_event)
        train = partial(_train, headless=headless, as_json=as_json, require_gatecheck=require_gatecheck, detach=detach)
        train(run, shown=shown)
    except (KeyboardInterrupt, SystemExit):
        if run.read_run().started is None:  # no trainer has begun it, so there is nothing in it
            take_back(run, keep_directory=existed)
        raise


def resume(
    run_name: Run,
    assignments: Assignments = None,
    total_timesteps: TotalTimesteps = None,
    override: Annotated[
        bool, typer.Option("--override", help="Also change settings that alter what the run learns.")
    ] = False,
    from_snapshot: Annotated[
        str | None,
        typer.Option("--from", metavar="SNAPSHOT", help="Env steps, best, or a path; newer ones are set aside."),
    ] = None,
    branch: Annotated[
        bool, typer.Option("--branch", help="Go on as a new run; this one stays as it is, and may be training.")
    ] = False,
    run_dir: Annotated[
        Path | None, typer.Option("--run-dir", metavar="DIR", help="The branch's own directory; new or empty.")
    ] = None,
    name: Name = None,
    tags: Tags = None,
    note: Note = None,
    headless: Headless = False,
    detach: Detach = False,
    as_json: MetricsAsJson = False,
    require_gatecheck: RequireGateCheck = None,
    trust: Trust = False,
    fps: Fps = None,
    on_event: OnEvent = None,
) -> None:
    """Go on from a run's newest good snapshot, or from another one; also as a new run, a branch.

    A branch may have any setting otherwise but those that shape the agent and its environments, also the seed.
    """
    from gwt_ib_tui.commands.branching import make_branch, take_branch_back
    from gwt_ib_tui.commands.resuming import Wish, prepare_to_resume

    if detach:
        refuse_with("--detach", require_gatecheck=require_gatecheck)
    if not branch and any(given is not None for given in (run_dir, name, tags or None, note)):
        words = (
            "--run-dir, --name, --tag and --note are of a branch: they need --branch. `gwt-ib-tui label` names a run."
        )
        raise UserError(words, ExitCode.USAGE)
    labels = asked_labels(name, tags, note)
    run = find_run(run_name)
    meanwhile = _none if headless or as_json or detach else _import_what_is_shown
    wish = Wish(assignments or (), {"total_timesteps": total_timesteps}, override, from_snapshot)

    def check(config: Config) -> EnvironmentSpec:
        need_trust(run, config.env_id, trust)
        return refuse_what_cannot_run(config, meanwhile=meanwhile)

    shown = Shown(fps=fps, on_event=on_event)
    train = partial(_train, headless=headless, as_json=as_json, require_gatecheck=require_gatecheck, detach=detach)
    train = partial(train, shown=shown)
    if not branch:
        train(run, resumed_after=prepare_to_resume(run, wish, check))
        return
    existed = run_dir is not None and run_dir.exists()
    made, update = make_branch(run, wish, run_dir, ["gwt-ib-tui", *sys.argv[1:]], check)
    try:
        keep_labels(made, labels)
        train(made, resumed_after=update)
    except (KeyboardInterrupt, SystemExit):
        if made.read_run().started is None:
            take_branch_back(made, keep_directory=existed)
        raise


def attach(
    run_name: Run = "latest",
    read_only: Annotated[bool, typer.Option("--read-only", help="Look only: send no requests.")] = False,
    fps: Fps = None,
    on_event: OnEvent = None,
) -> None:
    """Open the dashboard on a run, live or ended."""
    run = find_run(run_name)
    need_terminal(run.path)
    _dashboard(run, read_only=read_only, shown=Shown(fps=fps, on_event=on_event))


def replay(run_name: Run = "latest", fps: Fps = None) -> None:
    """Play a recorded run again, with the same screens."""
    run = find_run(run_name)
    need_terminal(run.path)
    from gwt_ib_tui.application.run_dashboard import run_dashboard
    from gwt_ib_tui.state.replay.replay import Replay

    run_dashboard(run, read_only=True, interval=0.1, source=Replay(run), fps=fps)


def serve(
    run_name: Run = "latest",
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Default: 8000, or a free one.")] = None,
) -> None:
    """Show a run in a browser on this machine, read-only."""
    run = find_run(run_name)
    try:
        from gwt_ib_tui.web.server import serve_run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("aiohttp", "textual_serve"):
            raise
        raise UserError("serve needs the package textual-serve: pip install 'gwt-ib[serve]'.", ExitCode.USAGE) from None
    serve_run(run, port, lambda address: print_line(f"{run.path}, read-only: {address} (Ctrl-C ends it)"))


def refuse_what_cannot_run(config: Config, *, meanwhile: Callable[[], object] = lambda: None) -> EnvironmentSpec:
    """What the check of the environment found; what has to be known of it is said on stderr.

    `meanwhile` is done in a thread, as the check is made in a process of its own. Raises `UserError` for an environment, a
    device, kernels or a number of open files that this machine does not have.
    """
    with no_garbage_collection():
        from gwt_ib.processes import admission

    return admission.refuse_what_cannot_run(config, _note, meanwhile)


def _train(
    run: RunDirectory,
    *,
    resumed_after: int | None = None,
    headless: bool,
    as_json: bool,
    require_gatecheck: Requirement | None,
    shown: Shown,
    detach: bool = False,
) -> None:
    """Train headless in this process, or start a trainer of its own, and open the dashboard on it or leave it going."""
    reason = "" if headless or as_json or detach else why_no_dashboard()
    if reason:
        print_line(f"Running headless: {reason}.", err=True)
    if not detach and (headless or as_json or reason):
        from gwt_ib_tui.commands.headless import run_headless

        leave_if_asked()
        code = run_headless(
            run, resumed_after, as_json=as_json, require_gatecheck=require_gatecheck, on_event=shown["on_event"]
        )
        raise typer.Exit(int(code))
    from gwt_ib.processes.children import recorded_signals, start_trainer

    leave_if_asked()
    # The trainer starts before the application: inside it, processes and shared memory cannot be made safely. It is in a
    # session of its own, so a Ctrl-C of this moment does not come to it.
    with recorded_signals() as signals:
        trainer = start_trainer(run, resume=resumed_after is not None, meanwhile=_none if detach else _import_dashboard)
    if signals:
        _end_at_once(run, trainer)
        raise typer.Exit(128 + signals[0])
    if detach:
        say_run(run, trainer, as_json=as_json)
        return
    _dashboard(run, require_gatecheck=require_gatecheck, shown=shown)


def _end_at_once(run: RunDirectory, trainer: int) -> None:
    """End a run that was not wanted after all, before its dashboard was open."""
    from gwt_ib.runs.record import ENDED, KILLED

    with suppress(ProcessLookupError):
        os.kill(trainer, signal.SIGTERM)
    deadline = time.monotonic() + END_S
    while run.state() not in (*ENDED, KILLED) and time.monotonic() < deadline:
        time.sleep(0.05)
    print_line(f"The run is {run.state()}: {run.path}", err=True)


def _dashboard(
    run: RunDirectory, *, read_only: bool = False, require_gatecheck: Requirement | None = None, shown: Shown
) -> None:
    """Show the dashboard; afterwards say in the shell how things stand."""
    _import_dashboard()
    from gwt_ib_tui.application.app import LIST
    from gwt_ib_tui.application.run_dashboard import run_dashboard
    from gwt_ib_tui.commands.standing import closing

    with suppress(KeyboardInterrupt):  # before the dashboard takes it as a key
        if run_dashboard(run, read_only=read_only, **shown) == LIST:
            from gwt_ib_tui.application.run_list_app import choose_and_show

            choose_and_show(run.path.parent)
    words = closing(run, require_gatecheck=require_gatecheck)
    for line in words.lines:
        print_line(line)
    for line in words.errors:
        print_line(line, err=True)
    raise typer.Exit(words.code)


def _note(line: str) -> None:
    print_line(line, err=True)


def _none() -> None:
    """Nothing to be done meanwhile."""


def _import_what_is_shown() -> None:
    if not why_no_dashboard():
        _import_dashboard()


def _import_dashboard() -> None:
    with no_garbage_collection():
        import_module("gwt_ib_tui.application.run_dashboard")


COMMANDS = (launch, resume, attach, replay, serve)
