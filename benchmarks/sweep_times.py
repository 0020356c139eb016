"""How long a sweep of two runs takes, side by side and one after the other: whole commands, from start to evaluations.

    python benchmarks/sweep_times.py --rounds 2

Nothing is left out: checks, starts, snapshots, evaluations in training and the last one of each run are in the time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gwt_ib.machine import cpu_model, usable_cores

VARIANTS: dict[str, list[str]] = {
    "default": [],
    "num_actors=1 learner_threads=1": ["num_actors = 1", "learner_threads = 1"],
    "channel=serial num_actors=1 learner_threads=1": ['channel = "serial"', "num_actors = 1", "learner_threads = 1"],
}


def measure(settings: list[str], parallel: int, steps: int) -> float:
    """Seconds of a sweep of two seeds of the default task."""
    with tempfile.TemporaryDirectory(prefix="gwt-ib-sweep-times-") as folder:
        file = Path(folder) / "two.toml"
        file.write_text("\n".join(["[base]", f"total_timesteps = {steps}", *settings, "[grid]", "seed = [1, 2]", ""]))
        words = ["sweep", str(file), "--dir", f"{folder}/sweep", "--headless", "--parallel", str(parallel)]
        begun = time.monotonic()
        subprocess.run([sys.executable, "-m", "gwt_ib_tui", *words], stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - begun


def main() -> None:
    """Measure every variant, in turns, and print each time and what it is of one after the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=1_400_000)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS))
    given = parser.parse_args()
    _say(f"{usable_cores()} cores of {cpu_model()}, load {os.getloadavg()[0]:.2f}, {given.steps:,} env steps a run")
    found: dict[tuple[str, int], list[float]] = {}
    for turn in range(given.rounds):
        for variant in given.variants:
            for parallel in (1, 2) if turn % 2 == 0 else (2, 1):
                took = measure(VARIANTS[variant], parallel, given.steps)
                found.setdefault((variant, parallel), []).append(took)
                _say(f"round {turn + 1}: {variant}, --parallel {parallel}: {took:.1f} s")
    default = found[given.variants[0], 1]
    for variant in given.variants:
        one, two = found[variant, 1], found[variant, 2]
        _say(
            f"{variant}: {statistics.median(two):.1f} s side by side, {statistics.median(one):.1f} s one after the other: "
            f"{_ratio(two, one)}; of {given.variants[0]}, one after the other: {_ratio(two, default)}"
        )


def _ratio(times: list[float], others: list[float]) -> str:
    return ", ".join(f"{a / b:.2f}" for a, b in zip(times, others, strict=True))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
