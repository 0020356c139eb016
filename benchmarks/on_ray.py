"""What `channel = ray` costs and survives, on this machine: `python benchmarks/on_ray.py speed|equal|nodes|all`.

speed: steps/s over Ray against local runs, in pairs, by `gwt-ib-tui bench`. equal: the metrics of one seed over all kinds of
channel, with 1, 2, 4 actors on 1, 2, 3 nodes. nodes: one strict run in which ten nodes are killed at seeded moments,
against an undisturbed one, and for how long its learner was idle each time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from cluster_here import ClusterHere  # noqa: E402

from gwt_ib.runs.directory import RunDirectory  # noqa: E402
from gwt_ib.runs.jsonl import read_records  # noqa: E402

TIMES = {"elapsed_s", "steps_per_s", "rollout_s", "learn_s"}
SPEEDS: dict[str, list[str]] = {
    "the default settings": [],
    "64 environments": ["num_envs=64"],
    "1 ms a step, 4 actors": ["env_id=slow_env:Slow-v0", "num_actors=4", "rollout_steps=64", "seq_len=32"],
}
SLOW = """
import time
import gymnasium as gym
from popgym.envs.count_recall import CountRecallEasy

class Slow(CountRecallEasy):
    def step(self, action):
        time.sleep(0.001)
        return super().step(action)

gym.register("Slow-v0", Slow)
"""
SHORT = ["total_timesteps=163840", "eval_every=0", "snapshot_every=0"]


def command(*words: str, settings: Sequence[str] = ()) -> list[str]:
    """A command of ours."""
    sets = [part for each in settings for part in ("--set", each)]
    return [sys.executable, "-m", "gwt_ib_tui", *words, *sets]


def say(line: str) -> None:
    """One line of the result."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def environment(folder: Path) -> dict[str, str]:
    """The variables of what is measured: it finds the slow environment."""
    (folder / "slow_env.py").write_text(SLOW)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}


def speed(folder: Path, pairs: int, updates: int) -> None:
    """Steps/s in pairs; which of the two is first alternates."""
    for name, settings in SPEEDS.items():
        ratios, found = [], []
        for pair in range(pairs):
            speeds: dict[str, float] = {}
            for channel in ("local", "ray") if pair % 2 else ("ray", "local"):
                words = command(
                    "bench", "--updates", str(updates), "--warm-up", "8", "--json",
                    settings=[*settings, f"channel={channel}"],
                )  # fmt: skip
                answer = subprocess.run(words, env=environment(folder), capture_output=True, text=True, check=True)
                speeds[channel] = json.loads(answer.stdout)["steps_per_s"]["median"]
            ratios.append(speeds["ray"] / speeds["local"])
            found.append(speeds)
        medians = {channel: statistics.median(each[channel] for each in found) for channel in ("local", "ray")}
        say(
            f"{name}: local {medians['local']:,.0f}, ray {medians['ray']:,.0f} steps/s; ratio of pairs "
            f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}, {pairs} pairs)"
        )


def rows(run: Path) -> list[dict[str, Any]]:
    """The metrics of a run without what says how fast it was."""
    found = read_records(RunDirectory(run).metrics)
    return [{name: value for name, value in row.items() if name not in TIMES} for row in found]


def trained(run: Path, settings: Sequence[str], env: dict[str, str]) -> list[dict[str, Any]]:
    """The metrics of a run that nobody disturbs."""
    words = command("launch", "--headless", "--run-dir", str(run), settings=[*SHORT, *settings])
    subprocess.run(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return rows(run)


def equal(folder: Path) -> None:
    """One seed over every kind of channel."""
    expected = trained(folder / "local", ["channel=local"], dict(os.environ))
    for actors in (1, 2, 4):
        for channel in ("local", "serial"):
            settings = [f"channel={channel}", f"num_actors={actors}"]
            same = trained(folder / f"{channel}{actors}", settings, dict(os.environ)) == expected
            say(f"{channel}, {actors} actor(s): {'equal' if same else 'NOT EQUAL'}")
    for nodes in (1, 2, 3):
        cluster = ClusterHere(nodes)
        try:
            for actors in (1, 2, 4):
                # Spread over the nodes; where a busy machine loses one, there is room on those that are left.
                where = ["channel=ray", f"ray_address={cluster.address}", f"num_actors={actors}", "ray_cpus=0.25"]
                same = trained(folder / f"ray{nodes}{actors}", where, cluster.environment) == expected
                say(f"ray, {actors} actor(s), {nodes} node(s): {'equal' if same else 'NOT EQUAL'}")
        finally:
            cluster.end()


def nodes(folder: Path, kills: int, seed: int) -> None:
    """Kill a node again and again at seeded moments; another one comes each time."""
    random_moments = random.Random(seed)
    cluster, alive, born = ClusterHere(2), [0, 1], 2
    run = folder / "killed"
    settings = ["total_timesteps=100000000", "eval_every=0", "snapshot_every=0", "channel=ray", "ray_wait_s=1"]
    words = command(
        "launch", "--headless", "--run-dir", str(run), settings=[*settings, f"ray_address={cluster.address}"]
    )
    process = subprocess.Popen(words, env=cluster.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    idle: list[float] = []
    try:
        wait(lambda: updates(run) >= 3)
        for kill in range(kills):
            target = updates(run) + random_moments.randint(1, 25)
            wait(partial(made, run, target))
            time.sleep(random_moments.random() * 0.06)  # somewhere in an update
            place = random_moments.randrange(2)
            cluster.kill(alive[place])
            last, begun = updates(run), time.monotonic()
            cluster.add()
            alive[place], born = born, born + 1
            wait(partial(made, run, last + 2))
            idle.append(time.monotonic() - begun)
            say(f"kill {kill + 1} at update {last}: two updates on after {idle[-1]:.1f} s")
        process.terminate()
        process.wait(60)
    finally:
        process.kill()
        cluster.end()
    expected = folder / "undisturbed"
    count = len(rows(run))
    steps = ["total_timesteps=" + str(count * 4096), "eval_every=0", "snapshot_every=0"]
    words = command("launch", "--headless", "--run-dir", str(expected), settings=steps)
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    same = rows(run) == rows(expected)
    say(
        f"{kills} nodes killed in {count} updates (seed {seed}): {'equal' if same else 'NOT EQUAL'} bit by bit; idle "
        f"{statistics.median(idle):.1f} s (median), {max(idle):.1f} s at most, with Ray's own detection"
    )


def updates(run: Path) -> int:
    """Updates recorded so far."""
    try:
        return (run / "metrics.jsonl").read_bytes().count(b"\n")
    except OSError:
        return 0


def made(run: Path, least: int) -> bool:
    """Whether so many updates are recorded."""
    return updates(run) >= least


def wait(condition: Callable[[], bool], limit_s: float = 120.0) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("it does not get on")
        time.sleep(0.02)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("speed", "equal", "nodes", "all"))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gwt-ib-on-ray-") as name:
        folder = Path(name)
        if given.what in ("speed", "all"):
            speed(folder, given.pairs, given.updates)
        if given.what in ("equal", "all"):
            equal(folder)
        if given.what in ("nodes", "all"):
            nodes(folder, given.kills, given.seed)


if __name__ == "__main__":
    main()
