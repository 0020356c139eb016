"""The week of a researcher: two settings, four seeds each, from the first run to a figure and an episode that is watched.

    python examples/week_of_a_researcher.py                 # some minutes on two cores
    python examples/week_of_a_researcher.py --steps 4096    # half a minute, far too short to learn anything

Start it in a folder of its own, where everything lands: runs/, sweeps/, results.md, curves.svg with its data, metrics.csv,
episode.svg. What is done with commands is shown as one would type it.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

import gymnasium

from gwt_ib import Policy, Run, load

TASK = "popgym-RepeatPreviousEasy-v0"
SETTINGS = ("gate=td", "gate=open")
SEEDS = "1-4"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=200_000, metavar="N", help="length of each run in env steps")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="a setting of all runs")
    given = parser.parse_args()

    heading("Monday: two settings, four seeds each")
    for setting in SETTINGS:
        settings = [word for assignment in (setting, *given.set) for word in ("--set", assignment)]
        command("launch", TASK, *settings, "--total-timesteps", given.steps, "--seeds", SEEDS, "--headless")
    runs = Run.all()
    for run in runs:
        run.label(tags=["week", run.config.gate])

    heading("Tuesday: which setting is better?")
    command("compare", f"{TASK}*", "--list", "--baseline", "gate=open")
    best = max(runs, key=lambda run: run.metrics["ep100"][-1])
    best.label(name="the best")
    command("runs", "--list", "--sort", "ep100")

    heading("Wednesday: a table and a figure")
    Path("results.md").write_text(command("results", "runs", "--markdown"), encoding="utf-8")
    command("plot", f"{TASK}*", "--metric", "ep100,mean_c", "--style", "print", "--out", "curves.svg")

    heading("Thursday: the numbers for other tools")
    command("export", *(run.path for run in runs), "--to", "csv", "--out", "metrics.csv")

    heading("Friday: let the best one act")
    policy = load("the best")
    returns = [play(policy, episode) for episode in range(5)]
    print(f"five of its evaluation episodes, played in Python: {', '.join(f'{value:.2f}' for value in returns)}")
    command("watch", "the best", "--headless")
    command("watch", "the best", "--picture", "episode.svg")


def play(policy: Policy, episode: int) -> float:
    """Play one of the run's evaluation episodes; its return."""
    env = gymnasium.make(policy.env_id)
    observation, _ = env.reset(seed=policy.evaluation_seed(episode))
    state, reward, total, over = None, 0.0, 0.0, False
    while not over:
        action, state, _ = policy.act(observation, state, reward, evaluation=episode)
        observation, paid, terminated, truncated, _ = env.step(action)
        reward = float(paid)
        over, total = terminated or truncated, total + reward
    env.close()
    return total


def heading(words: str) -> None:
    print(f"\n{words}\n{'=' * len(words)}", flush=True)


def command(*words: object) -> str:
    """Run a command as one would type it, show what it says, and return that. Ends the script where it fails."""
    arguments = [str(word) for word in words]
    print(f"\n$ {shlex.join(['gwt-ib-tui', *arguments])}", flush=True)
    done = subprocess.run([sys.executable, "-m", "gwt_ib_tui", *arguments], stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="", flush=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


if __name__ == "__main__":
    main()
