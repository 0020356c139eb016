"""Simulated evaluations of runs in which nothing is learnt, and of some in which it is: how often GateCheck says so.

    .venv/bin/python benchmarks/gatecheck/simulated_runs.py [--runs 1000] [--evaluations 30] [--episodes 20]

Every look of a run is judged, as the dashboard would. Of the dead kinds the mean return over all seeds never changes,
except in the last three, in which a policy that wanders carries all seeds with it, by so many standard errors of one
evaluation; there it may well be a little better in the end.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gwt_ib.config import Config
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.rule import RuleContext
from gwt_ib.gatecheck.rules.deciding import EvalImproves

Returns = npt.NDArray[np.float64]
Simulate = Callable[[np.random.Generator, int, int], Returns]
"""The returns of a run: (evaluations, episodes) of each seed at each evaluation."""


def noise(draw: np.random.Generator, evaluations: int, episodes: int) -> Returns:
    """Easy and hard seeds, and independent noise."""
    return draw.normal(0, 0.1, episodes) + draw.normal(0, 0.1, (evaluations, episodes))


def walk(draw: np.random.Generator, evaluations: int, episodes: int) -> Returns:
    """A policy that moves in smaller and smaller steps: each seed's return is a random walk of its own."""
    steps = draw.normal(0, 0.1, (evaluations, episodes)) / np.sqrt(np.arange(1, evaluations + 1))[:, None]
    return noise(draw, evaluations, episodes) * 0.3 + steps.cumsum(axis=0)


def jump(draw: np.random.Generator, evaluations: int, episodes: int) -> Returns:
    """The untrained policy plays each seed otherwise than all later ones do."""
    returns = walk(draw, evaluations, episodes)
    returns[: max(1, evaluations // 10)] += draw.normal(0, 0.5, episodes)
    return returns


def heavy_tails(draw: np.random.Generator, evaluations: int, episodes: int) -> Returns:
    """Student's t with two degrees of freedom: its variance is infinite."""
    return draw.standard_t(2, (evaluations, episodes))


def ties(draw: np.random.Generator, evaluations: int, episodes: int) -> Returns:
    """Lost or, seldom, won: most differences are nought."""
    return np.where(draw.random((evaluations, episodes)) < 0.1, 1.0, -1.0)


def still(draw: np.random.Generator, evaluations: int, episodes: int) -> Returns:
    """The same returns at each evaluation, as with lr = 0."""
    return np.tile(draw.normal(0, 0.3, episodes), (evaluations, 1))


def common(size: float, shrink: float) -> Simulate:
    """As `walk`, and all seeds together walk too; by the end `size` standard errors of one evaluation."""

    def simulate(draw: np.random.Generator, evaluations: int, episodes: int) -> Returns:
        returns = walk(draw, evaluations, episodes)
        error = returns.std(axis=1).mean() / np.sqrt(episodes)
        weights = np.arange(1, evaluations + 1) ** -shrink
        steps = draw.normal(0, 1, evaluations) * weights / np.sqrt((weights**2).sum())
        return returns + (size * error * steps.cumsum())[:, None]

    return simulate


def rising(gain: float, time: float) -> Simulate:
    """Returns that rise by `gain` standard deviations of an episode, most of it in the share `time` of the run."""

    def simulate(draw: np.random.Generator, evaluations: int, episodes: int) -> Returns:
        curve = 1.0 - np.exp(-np.arange(evaluations) / (time * evaluations))
        return noise(draw, evaluations, episodes) + (gain * 0.14 * curve)[:, None]

    return simulate


DEAD: dict[str, Simulate] = {
    "independent noise": noise,
    "random walk of each seed, shrinking steps": walk,
    "the first evaluations differ": jump,
    "heavy tails": heavy_tails,
    "ties": ties,
    "the same returns": still,
    "all seeds walk together, 0.5 errors": common(0.5, 0.5),
    "all seeds walk together, 1 error": common(1.0, 0.0),
    "all seeds walk together, 1 error, shrinking": common(1.0, 0.5),
}
LIVING: dict[str, Simulate] = {
    "rises by 2 deviations of an episode": rising(2.0, 0.4),
    "rises by 2, slowly": rising(2.0, 1.0),
    "rises by 3, at once": rising(3.0, 0.05),
}


def passes(returns: Returns) -> list[bool]:
    """Whether the rule passes after each evaluation, all of which are seen."""
    history, found = History(), []
    for row in _rows(returns):
        history.add(row)
        found.append(_passes(history, len(returns)))
    return found


def passes_at(returns: Returns, count: int) -> bool:
    """Whether it passes after the first `count` evaluations, which are seen at once."""
    return _passes(History.from_rows(_rows(returns)[:count]), len(returns))


def _rows(returns: Returns) -> list[dict[str, Any]]:
    """Rows of metrics that hold evaluations and nothing else."""
    return [
        {"update": 10 * number, "env_steps": 40_960 * number, "eval_returns": row}
        for number, row in enumerate(returns.tolist(), 1)
    ]


def _passes(history: History, planned: int) -> bool:
    config = Config(total_timesteps=planned * 10 * Config().steps_per_update)
    return EvalImproves().judge(RuleContext(history, config)).status == "pass"


def rates(simulate: Simulate, runs: int, evaluations: int, episodes: int, seed: int = 0) -> tuple[float, float]:
    """The shares of runs that pass at any look, and at their end."""
    draw = np.random.default_rng(seed)
    found = [passes(simulate(draw, evaluations, episodes)) for _ in range(runs)]
    return sum(map(any, found)) / runs, sum(looks[-1] for looks in found) / runs


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("--runs", 1000), ("--evaluations", 30), ("--episodes", 20)):
        parser.add_argument(name, type=int, default=default)
    given = parser.parse_args()
    sys.stdout.write("| simulated run | passes at any look | passes at the end |\n|---|---|---|\n")
    for name, simulate in {**DEAD, **LIVING}.items():
        ever, end = rates(simulate, given.runs, given.evaluations, given.episodes)
        sys.stdout.write(f"| {name} | {ever:.1%} | {end:.1%} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
