"""How long a user waits: for `--help`, and from `launch --headless` to the first line of metrics.

    .venv/bin/python benchmarks/startup.py [--runs 5] [--set FIELD=VALUE]…

Cold is with an empty folder for compiled kernels, as after an installation; warm is with the folder that a run before has
filled. Cold and warm alternate. The operating system's file cache is warm in both.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = [sys.executable, "-m", "gwt_ib_tui"]


def help_seconds() -> float:
    """The time that `--help` takes."""
    began = time.monotonic()
    subprocess.run([*COMMAND, "--help"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def first_line_seconds(cache: Path, settings: list[str]) -> float:
    """From starting `launch --headless` to its first line; compiled kernels are read from and written to `cache`."""
    options = [word for setting in settings for word in ("--set", setting)]
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "stderr").open("w+b") as errors:
        began = time.monotonic()
        process = subprocess.Popen(
            [*COMMAND, "launch", "--headless", "--run-dir", f"{folder}/run", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        taken = time.monotonic() - began
        process.send_signal(signal.SIGTERM)
        process.communicate()
        if not line.startswith(b"upd"):
            errors.seek(0)
            raise SystemExit(errors.read().decode(errors="replace") or "there was no line")
    return taken


def table_line(what: str, times: list[float]) -> str:
    """The median, the least and the largest."""
    return f"| {what} | {statistics.median(times):.2f} s | {min(times):.2f} to {max(times):.2f} s |\n"


def main() -> None:
    """Print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    given = parser.parse_args()
    helps, cold, warm = [], [], []
    with tempfile.TemporaryDirectory() as kept:
        help_seconds()  # Python's own files are compiled by now
        first_line_seconds(Path(kept), given.set)
        for _ in range(given.runs):
            helps.append(help_seconds())
            with tempfile.TemporaryDirectory() as empty:
                cold.append(first_line_seconds(Path(empty), given.set))
            warm.append(first_line_seconds(Path(kept), given.set))
    write = sys.stdout.write
    write(f"{given.runs} runs, load {os.getloadavg()[0]:.1f}, {given.set or 'defaults'}\n\n")
    write("| what | median | from least to largest |\n|---|---|---|\n")
    write(table_line("`--help`", helps))
    write(table_line("`launch --headless` to the first line, kernels not yet compiled", cold))
    write(table_line("`launch --headless` to the first line, kernels compiled before", warm))


if __name__ == "__main__":
    main()
