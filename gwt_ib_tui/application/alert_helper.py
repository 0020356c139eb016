"""Runs the user's command for each event of a run: `python -m gwt_ib_tui.application.alert_helper SECONDS COMMAND…`.

It is a process of its own, started before a dashboard has the terminal: inside that, none can be started safely. A line of
JSON on stdin is one event, an object of environment variables for the command; a line on stdout is a command that failed.
It ends when stdin does and what came is done. It needs Python's own modules alone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress


def main(seconds: str, *command: str) -> None:
    """Run the command once a line; never in a shell, never at a terminal, never longer than so many seconds."""
    for line in sys.stdin.buffer:
        with suppress(ValueError, TypeError):
            facts = {str(name): str(value).replace("\0", "") for name, value in json.loads(line).items()}
            if problem := run(list(command), facts, float(seconds)):
                with suppress(OSError):  # whoever asked may be gone
                    sys.stdout.write(" ".join(problem.split()) + "\n")
                    sys.stdout.flush()


def run(command: list[str], facts: dict[str, str], seconds: float) -> str:
    """Run it to its end; what was wrong with it in a sentence, or nothing."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **facts},
        )
    except (OSError, ValueError) as error:
        return f"on_event cannot be started: {command[0]}: {getattr(error, 'strerror', None) or error}"
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"on_event was ended after {seconds:g} s: {command[0]}"
    return f"on_event ended with exit code {code}: {command[0]}" if code else ""


if __name__ == "__main__":
    main(*sys.argv[1:])
