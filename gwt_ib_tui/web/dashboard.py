"""What a page shows: a dashboard that cannot steer, in a process of its own. `python -m gwt_ib_tui.web.dashboard DIR PID`.

It is started by the server with the process id PID, and dies with it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.train.guard import guard_child
from gwt_ib_tui.app import run_dashboard


def main(directory: str, server_pid: str) -> None:
    """Show a run directory until the page is left."""
    guard_child(int(server_pid))
    run_dashboard(RunDirectory(Path(directory)), read_only=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
