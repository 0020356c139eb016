"""What a page shows: a read-only dashboard, in a process of its own. `python -m gwt_ib_tui.web.dashboard DIR PID`.

It is started by the server with the process id PID, and dies with it. Any user of the machine can look: it shows this run
and no other of its folder, and preferences are neither read nor written. The keys are those of the server's user.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gwt_ib.processes.children import die_with_parent


def main(directory: str, server_pid: str) -> None:
    """Show a run directory until the page is left."""
    die_with_parent(int(server_pid))
    # Only now: these take a second to import, and the server may end meanwhile.
    from gwt_ib.runs.directory import RunDirectory
    from gwt_ib_tui.application.run_dashboard import run_dashboard

    run = RunDirectory(Path(directory))
    run_dashboard(run, read_only=True, compared=[run], keeps_preferences=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
