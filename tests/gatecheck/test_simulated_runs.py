"""The error rates of the rule about evaluations over all looks of simulated runs; benchmarks/gatecheck makes the table."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "gatecheck"
EVALUATIONS, EPISODES = 20, 20


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch):
    """The file that simulates, whose folder is on the path only for the test."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("simulated_runs")


def test_few_runs_in_which_nothing_is_learnt_pass_at_any_look(simulated):
    ever = {name: simulated.rates(dead, 20, EVALUATIONS, EPISODES)[0] for name, dead in simulated.DEAD.items()}
    assert max(ever.values()) <= 0.15, ever
    assert sum(ever.values()) / len(ever) <= 0.05, ever


@pytest.mark.parametrize("evaluations", [12, 40])
def test_runs_that_learn_pass_at_their_end(simulated, evaluations):
    for living in simulated.LIVING.values():
        assert simulated.rates(living, 5, evaluations, EPISODES)[1] == 1.0


def test_a_look_is_judged_the_same_whoever_saw_the_ones_before_it(simulated):
    import numpy as np

    returns = simulated.rising(2.0, 0.5)(np.random.default_rng(3), 12, EPISODES)
    each = simulated.passes(returns)
    assert [simulated.passes_at(returns, count) for count in range(1, 13)] == each
    assert True in each and False in each
