"""Whether there is a terminal that a dashboard can be shown in."""

from __future__ import annotations

import os
import sys
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
