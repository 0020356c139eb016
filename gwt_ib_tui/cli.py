"""The command line: thin commands over `gwt_ib`. Heavy imports wait until a command needs them, so that help is instant."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gwt_ib import __version__
from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.commands import bench_command, compare_commands, info_commands, run_commands, watch_commands
from gwt_ib_tui.garbage import without_collection
from gwt_ib_tui.terminal import need_terminal, tell, why_no_dashboard

if TYPE_CHECKING:
    from gwt_ib.config import Config
    from gwt_ib.runs.directory import RunDirectory

app = typer.Typer(
    epilog="Start with: gwt-ib-tui launch popgym-RepeatPreviousEasy-v0 --set lr=1e-3",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help and plain errors, which every terminal and log can show
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gwt-ib-tui {__version__}")
        raise typer.Exit


ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE.toml", help="TOML file of settings.")]
Preset = Annotated[str | None, typer.Option("--preset", metavar="NAME", help="A named set of settings.")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Any setting; see `gwt-ib-tui config`.")
]
TotalTimesteps = Annotated[
    int | None, typer.Option("--total-timesteps", metavar="N", help="Length of the run in steps.")
]
Headless = Annotated[bool, typer.Option("--headless", help="No dashboard: a line per update.")]
AsJson = Annotated[bool, typer.Option("--json", help="Headless, one metrics object a line on stdout.")]
RequireGateCheck = Annotated[bool, typer.Option("--require-gatecheck", help="Exit with 3 unless GateCheck passes.")]


@app.callback()
def gwt_ib_tui(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Train a TD-gated memory agent on POPGym and watch, live, whether its gate works."""


@app.command()
def launch(
    env_id: Annotated[str | None, typer.Argument(metavar="ENV_ID", help="Gymnasium id, or module:env-id.")] = None,
    config_file: ConfigFile = None,
    preset: Preset = None,
    assignments: Assignments = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of the run.")] = None,
    total_timesteps: TotalTimesteps = None,
    run_dir: Annotated[
        Path | None, typer.Option("--run-dir", metavar="DIR", help="The run's own directory; new or empty.")
    ] = None,
    headless: Headless = False,
    as_json: AsJson = False,
    require_gatecheck: RequireGateCheck = False,
) -> None:
    """Start a run and open its dashboard (or headless)."""
    with without_collection():
        from gwt_ib.config_sources import resolve
        from gwt_ib.envs.make import check_environment
        from gwt_ib.kernels import use_kernels
        from gwt_ib.processes.plan import check_device
        from gwt_ib.runs.directory import create_run

    flags = {"env_id": env_id, "seed": seed, "total_timesteps": total_timesteps}
    config = resolve(toml_file=config_file, preset=preset, assignments=assignments or (), flags=flags)
    with redirect_stdout(sys.stderr):  # what an environment prints is no result of ours
        check_environment(config)
    check_device(config.device)
    use_kernels(config)  # refuses what is not installed
    run = create_run(config, run_dir, ["gwt-ib-tui", *sys.argv[1:]])
    _train(run, headless=headless, as_json=as_json, require_gatecheck=require_gatecheck)


@app.command()
def resume(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help="Directory, name under runs/, or latest.")],
    total_timesteps: TotalTimesteps = None,
    headless: Headless = False,
    as_json: AsJson = False,
    require_gatecheck: RequireGateCheck = False,
) -> None:
    """Go on from a run's newest good snapshot."""
    from gwt_ib.envs.make import check_environment
    from gwt_ib.kernels import use_kernels
    from gwt_ib.processes.plan import check_device
    from gwt_ib.runs.directory import find_run

    run = find_run(run_name)
    config, update = _prepare_resume(run, total_timesteps)
    check_environment(config)
    check_device(config.device)
    use_kernels(config)  # refuses what is not installed
    run.write_config(config)
    _train(
        run,
        resume=True,
        after_update=update,
        headless=headless,
        as_json=as_json,
        require_gatecheck=require_gatecheck,
    )


@app.command()
def attach(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help="Directory, name under runs/, or latest.")] = "latest",
    read_only: Annotated[bool, typer.Option("--read-only", help="Look, but do not steer.")] = False,
) -> None:
    """Open the dashboard on a run, live or ended."""
    from gwt_ib.runs.directory import find_run

    run = find_run(run_name)
    need_terminal(run.path)
    _dashboard(run, read_only=read_only)


run_commands.register(app)
compare_commands.register(app)
watch_commands.register(app)
bench_command.register(app)
info_commands.register(app)


def main() -> None:
    """Entry of the console script: errors that a user can act on become a sentence and an exit code."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by the shell, as in `>&-`
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - it lives as long as the process
    try:
        app()
    except UserError as error:
        tell(f"gwt-ib-tui: {error.message}", err=True)
        sys.exit(error.code)
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        tell(f"gwt-ib-tui: {error.strerror or error}{place}.", err=True)
        sys.exit(ExitCode.INPUT_OUTPUT)


def _train(
    run: RunDirectory,
    *,
    resume: bool = False,
    after_update: int = 0,
    headless: bool,
    as_json: bool,
    require_gatecheck: bool,
) -> None:
    """Train headless in this process, or start a trainer of its own and open the dashboard on it."""
    reason = "" if headless or as_json else why_no_dashboard()
    if reason:
        typer.echo(f"Running headless: {reason}.", err=True)
    if headless or as_json or reason:
        from gwt_ib_tui.commands.headless import run_headless

        code = run_headless(
            run, resume=resume, after_update=after_update, as_json=as_json, require_gatecheck=require_gatecheck
        )
        raise typer.Exit(int(code))
    from gwt_ib.processes.children import start_trainer

    # The trainer starts before the application: inside it, processes and shared memory cannot be made safely.
    start_trainer(run, resume=resume, meanwhile=_import_dashboard)
    _dashboard(run, require_gatecheck=require_gatecheck)


def _dashboard(run: RunDirectory, *, read_only: bool = False, require_gatecheck: bool = False) -> None:
    """Show the dashboard; afterwards the shell is told how things stand."""
    _import_dashboard()
    from gwt_ib_tui.application.app import run_dashboard
    from gwt_ib_tui.commands.leaving import farewell

    run_dashboard(run, read_only=read_only)
    told = farewell(run, require_gatecheck=require_gatecheck)
    for line in told.lines:
        tell(line)
    for line in told.errors:
        tell(line, err=True)
    raise typer.Exit(told.code)


def _import_dashboard() -> None:
    with without_collection():
        import_module("gwt_ib_tui.application.app")


def _prepare_resume(run: RunDirectory, total_timesteps: int | None) -> tuple[Config, int]:
    """The configuration to go on with and the update of the newest good snapshot. Raises `UserError`."""
    from gwt_ib.config_sources import build
    from gwt_ib.processes.trainer import lock_run
    from gwt_ib.runs.snapshot import newest_good_snapshot

    lock_run(run).release()
    config = run.read_config()
    if total_timesteps is not None:
        values = {**config.model_dump(), "total_timesteps": total_timesteps}
        config = build(values, {"total_timesteps": "--total-timesteps"})
    _, snapshot, _ = newest_good_snapshot(run.snapshots)
    update = int(snapshot.state["update"])
    if update >= config.num_updates:
        steps = update * config.steps_per_update
        raise UserError(
            f"{run.path} has made all of its {steps} env steps; go on with --total-timesteps and a larger number.",
            ExitCode.USAGE,
        )
    return config, update
