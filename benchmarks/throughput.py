"""Steps per second of whole headless runs, with where the time goes.

    .venv/bin/python benchmarks/throughput.py [--runs 3] [--updates 30] [--set FIELD=VALUE]…

Each run is the command that a user gives, all processes included. The first five updates are left out as a warm-up; the
figures are medians over the others, and their spread is printed, because machines are shared and noisy.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile

import psutil

from gwt_ib.config_sources import resolve

WARM_UP = 5


def one_run(settings: list[str], updates: int) -> list[dict[str, float]]:
    """The metrics of one run after its warm-up."""
    config = resolve(assignments=settings)
    options = [word for setting in settings for word in ("--set", setting)]
    steps = ["--total-timesteps", str(updates * config.steps_per_update)]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gwt_ib_tui", "launch", "--json", "--run-dir", f"{folder}/run"]
        result = subprocess.run(
            [*command, *steps, *options], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
        )
    return [json.loads(line) for line in result.stdout.splitlines()][WARM_UP:]


def main() -> None:
    """Print a line per run and the medians over all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--updates", type=int, default=30)
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    given = parser.parse_args()
    write = sys.stdout.write
    write(
        f"{platform.machine()}, {psutil.cpu_count()} cores, load {psutil.getloadavg()[0]:.1f}, {given.set or 'defaults'}\n"
    )
    rows: list[dict[str, float]] = []
    for number in range(given.runs):
        found = one_run(given.set, given.updates)
        rows += found
        speed = statistics.median(row["steps_per_s"] for row in found)
        write(f"run {number + 1}: {speed:,.0f} steps/s\n")
    for name in ("steps_per_s", "rollout_s", "learn_s"):
        values = sorted(row[name] for row in rows)
        low, high = values[len(values) // 20], values[-1 - len(values) // 20]
        write(f"{name:12} median {statistics.median(values):,.4g}   5 to 95 %: {low:,.4g} to {high:,.4g}\n")


if __name__ == "__main__":
    main()
