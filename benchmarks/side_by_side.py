"""How many runs side by side make the most of a machine: env steps/s of all of them together, by settings and number.

    python benchmarks/side_by_side.py --rounds 3

Each figure is what so many real runs, each with its own trainer, made together in a window in which all of them trained.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gwt_ib.machine import cpu_model, usable_cores
from gwt_ib.runs.jsonl import last_record

TASKS = {"quick": "popgym-RepeatPreviousEasy-v0", "slow": "popgym-LabyrinthExploreHard-v0"}
VARIANTS: dict[str, list[str]] = {
    "default": [],
    "num_actors=1": ["num_actors=1"],
    "num_actors=1 learner_threads=1": ["num_actors=1", "learner_threads=1"],
    "channel=serial learner_threads=1": ['channel="serial"', "learner_threads=1"],
}
READY_UPDATES, START_S = 4, 120.0


def measure(env_id: str, settings: list[str], parallel: int, window_s: float) -> float:
    """Env steps a second of `parallel` runs together."""
    with tempfile.TemporaryDirectory(prefix="gwt-ib-side-") as folder:
        runs = [Path(folder) / f"run{number}" for number in range(parallel)]
        options = [word for each in ["total_timesteps=1000000000", *settings] for word in ("--set", each)]
        started = []
        try:
            for number, run in enumerate(runs):
                command = ["launch", env_id, "--headless", "--seed", str(number), "--run-dir", str(run), *options]
                started.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "gwt_ib_tui", *command],
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                    )
                )
            deadline = time.monotonic() + START_S
            while min(_value(run, "update") for run in runs) < READY_UPDATES:
                if time.monotonic() > deadline or any(process.poll() is not None for process in started):
                    raise SystemExit(f"{env_id} {settings}: a run did not begin")
                time.sleep(0.1)
            first = [_edge(run) for run in runs]
            time.sleep(window_s)
            last = [_edge(run) for run in runs]
            return sum((b[0] - a[0]) / (b[1] - a[1]) for a, b in zip(first, last, strict=True))
        finally:
            for process in started:
                process.send_signal(signal.SIGINT)
            for process in started:
                process.wait()


def _value(run: Path, name: str) -> float:
    return float(last_record(run / "metrics.jsonl").get(name) or 0)


def _edge(run: Path) -> tuple[float, float]:
    """Wait for the next row; its env steps, and the moment at which they were made."""
    before = _value(run, "update")
    while _value(run, "update") == before:
        time.sleep(0.002)
    return _value(run, "env_steps"), time.monotonic()


def main() -> None:
    """Measure every variant, in turns, and print medians with what they are of one run at a time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=float, default=6.0)
    parser.add_argument("--parallel", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS))
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    given = parser.parse_args()
    _say(f"{usable_cores()} cores of {cpu_model()}, load {os.getloadavg()[0]:.2f}")
    found: dict[tuple[str, str, int], list[float]] = {}
    for turn in range(given.rounds):
        for task in given.tasks:
            for variant in given.variants:
                for parallel in given.parallel:
                    speed = measure(TASKS[task], VARIANTS[variant], parallel, given.window)
                    found.setdefault((task, variant, parallel), []).append(speed)
                    row = {"round": turn, "task": task, "settings": variant, "parallel": parallel, "steps_per_s": speed}
                    _say(json.dumps(row))
    for (task, variant, parallel), speeds in found.items():
        alone = found[task, given.variants[0], given.parallel[0]]
        ratio = statistics.median(many / one for many, one in zip(speeds, alone, strict=True))
        _say(f"{task:6} {variant:34} x{parallel} {statistics.median(speeds):9,.0f} steps/s  {ratio:.2f}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
