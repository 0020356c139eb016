"""The terminal: whether a dashboard can be shown in it, how it asks us to leave, and lines for it afterwards."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gwt_ib.errors import ExitCode, UserError


def need_terminal(run: Path) -> None:
    """Raises `UserError` where no dashboard can be shown, with what to do instead for the run in this directory."""
    if reason := why_no_dashboard():
        raise UserError(
            f"The dashboard needs a terminal, but {reason}; `gwt-ib-tui status {run}` works without one.",
            ExitCode.USAGE,
        )


def why_no_dashboard() -> str:
    """Why there can be no dashboard, or an empty text."""
    if os.environ.get("CI"):
        return "CI is set"
    if os.environ.get("TERM") == "dumb":
        return "TERM is dumb"
    for stream, name in ((sys.stdin, "stdin"), (sys.stdout, "stdout")):
        if stream is None or not stream.isatty():
            return f"{name} is no terminal"
    return ""


def leave_on_signals(leave: Callable[[], object]) -> None:
    """Call `leave` in the running event loop when asked to end from outside.

    Textual restores the terminal on SIGINT only; a closed terminal or a kill must leave it clean, too.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    # Outside the main thread, as in some tests, there are no handlers to be had.
    with suppress(ValueError, NotImplementedError, RuntimeError):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            loop.add_signal_handler(number, leave)


def print_line(words: str, *, err: bool = False) -> None:
    """Print where that is still possible: a terminal that was closed under the dashboard takes no words."""
    stream = sys.stderr if err else sys.stdout
    try:
        stream.write(f"{words}\n")
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # what is still buffered is not tried again at exit
