"""The command line. Heavy imports wait until a command needs them, so that help is instant."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from gwt_ib import __version__
from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.commands import (
    bench,
    comparing,
    evaluating,
    exporting,
    incident,
    info,
    labels,
    launch,
    plotting,
    results,
    run,
    runs,
    sweep,
    verify,
    watching,
)
from gwt_ib_tui.commands.examples import example_lines
from gwt_ib_tui.commands.options import Command
from gwt_ib_tui.terminal import ended_by_signals, prepare_streams, print_line, print_result

app = typer.Typer(
    epilog="Start with: gwt-ib-tui launch popgym-RepeatPreviousEasy-v0 --set lr=1e-3",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help and plain errors, which every terminal and log can show
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print_result(f"gwt-ib-tui {__version__}")
        raise typer.Exit


@app.callback()
def gwt_ib_tui(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Train a TD-gated memory agent on POPGym and watch, live, whether its gate works."""


GROUPS = (
    launch,
    run,
    watching,
    evaluating,
    verify,
    runs,
    labels,
    sweep,
    results,
    plotting,
    exporting,
    incident,
    bench,
    info,
    comparing,
)
for command in (command for group in GROUPS for command in group.COMMANDS):
    name = command.__name__.rstrip("_")
    app.command(name, cls=Command, epilog=example_lines(name))(command)


def main() -> None:
    """Entry of the console script: errors that a user can act on become a sentence and an exit code."""
    prepare_streams()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # no command computes, and where few processes are allowed threads are, too
    try:
        with ended_by_signals():
            app()
    except KeyboardInterrupt:
        sys.exit(ExitCode.ENDED_BY_INT)
    except UserError as error:
        print_line(f"gwt-ib-tui: {error.message}", err=True)
        sys.exit(error.code)
    except OSError as error:
        from gwt_ib.processes.limits import LIMIT_NAMES, in_numbers

        print_line(f"gwt-ib-tui: {in_numbers(error)}.", err=True)
        sys.exit(ExitCode.RESOURCES_USED_UP if error.errno in LIMIT_NAMES else ExitCode.INPUT_OUTPUT)
