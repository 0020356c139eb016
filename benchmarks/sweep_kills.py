"""A sweep killed with -9 at random moments and started again until it is done, against one that nobody touched.

    python benchmarks/sweep_kills.py --seed 5 --longest 14

Of the four runs everything but times is compared: metrics, weights, optimiser, environments; and how often each finished.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "faults" / "helpers")]

from outcome import outcome  # noqa: E402 - the helpers of the tests lie outside the packages

from gwt_ib.runs.jsonl import read_records  # noqa: E402
from gwt_ib.sweeps.directory import SweepDirectory  # noqa: E402

DEFINITION = """
[base]
num_envs = 4
rollout_steps = 64
seq_len = 16
minibatches = 2
epochs = 2
hidden_size = 16
eval_every = 40
eval_episodes = 2
num_actors = 1
snapshot_every = 20
total_timesteps = 40_960
[grid]
env_id = ["popgym-RepeatPreviousEasy-v0", "popgym-CountRecallEasy-v0"]
seed = [1]
[[arm]]
name = "a"
[[arm]]
name = "b"
lambda_c = 0.0
"""


def main() -> None:
    """Kill, compare, and exit with 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=14.0, help="seconds after which it is killed at the latest")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gwt-ib-kills-") as name:
        folder = Path(name)
        (folder / "f.toml").write_text(DEFINITION)
        _start(folder, "undisturbed").wait()
        kills = _kill_until_done(folder, random.Random(given.seed), given.longest)
        wanted, found = SweepDirectory(folder / "undisturbed"), SweepDirectory(folder / "killed")
        wrong = 0
        for member in wanted.read_definition().members:
            run = found.run(member)
            kinds = [event.get("kind") for event in read_records(run.events)]
            mine, theirs = outcome(run), outcome(wanted.run(member))
            same = mine == theirs and kinds.count("finished") == 1
            wrong += not same
            words = "equal" if same else mine.first_difference(theirs)
            sys.stdout.write(f"{member.name}: {words}, resumed {kinds.count('resumed')} times\n")
    sys.stdout.write(f"{kills} kills\n")
    raise SystemExit(bool(wrong))


def _kill_until_done(folder: Path, moments: random.Random, longest_s: float) -> int:
    kills = 0
    while True:
        process = _start(folder, "killed")
        try:
            process.wait(timeout=moments.uniform(1.0, longest_s))
            return kills
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1


def _start(folder: Path, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gwt_ib_tui", "sweep", "f.toml", "--headless", "--dir", name]
    return subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


if __name__ == "__main__":
    main()
