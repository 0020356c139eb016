"""Commands that show a run and ask nothing of it: played again, or in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.commands.options import Run


def replay(run_name: Run = "latest") -> None:
    """Play a recorded run again, with the same screens."""
    from gwt_ib.runs.directory import find_run
    from gwt_ib_tui.terminal import need_terminal

    run = find_run(run_name)
    need_terminal(run.path)
    from gwt_ib_tui.application.app import run_dashboard
    from gwt_ib_tui.state.replay.replay import Replay

    run_dashboard(run, read_only=True, interval=0.1, source=Replay(run))


def serve(
    run_name: Run = "latest",
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Default: 8000, or a free one.")] = None,
) -> None:
    """Show a run in a browser on this machine, read-only."""
    from gwt_ib.runs.directory import find_run

    run = find_run(run_name)
    try:
        from gwt_ib_tui.web.server import serve_run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("aiohttp", "textual_serve"):
            raise
        raise UserError("serve needs the package textual-serve: pip install 'gwt-ib[serve]'.", ExitCode.USAGE) from None
    serve_run(run, port, lambda address: typer.echo(f"{run.path}, read-only: {address} (Ctrl-C ends it)"))


COMMANDS = (replay, serve)
