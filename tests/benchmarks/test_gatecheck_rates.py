"""GateCheck's error rates, small: what it says now of recorded runs, and of a few that are recorded anew.

`benchmarks/gatecheck/judge.py` judges all of them at every look (docs/gatecheck-error-rates.md).
"""

from __future__ import annotations

import importlib
import json
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from injected_bugs import injected

HERE = Path(__file__).parents[2] / "benchmarks" / "gatecheck"
FEWEST = {"dead": 200, "living": 60, "gate-matters": 60, "gate-idle": 60}
EVERY = 20  # of so many runs one is judged at every look


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    """Import a file of the benchmark, whose folder is on the path only for the test."""
    monkeypatch.syspath_prepend(str(HERE))

    def module(name: str) -> ModuleType:
        return importlib.import_module(name)

    return module


@pytest.mark.parametrize("group", FEWEST)
def test_the_recorded_runs_are_judged_wrongly_in_one_of_twenty_at_most(load, group):
    judge, recording = load("judge"), load("recording")
    recorded = list(recording.read(HERE / "recordings" / f"{group}.jsonl.gz"))
    assert len(recorded) >= FEWEST[group]
    at_end = [judge.judged(each, every_look=False) for each in recorded]
    wrong = [run.name for run in at_end if judge.wrong(run, group, at_end=True)]
    assert len(wrong) <= 0.05 * len(recorded), wrong
    looked_at = [judge.judged(each) for each in recorded[::EVERY]]
    wrong = [run.name for run in looked_at if judge.wrong(run, group, at_end=False)]
    assert len(wrong) <= 1, wrong


def test_the_recordings_are_those_of_the_sets_and_of_these_settings(load):
    sets, recording = load("sets"), load("recording")
    for group in FEWEST:
        plans = sets.SETS[group]
        recorded = list(recording.read(HERE / "recordings" / f"{group}.jsonl.gz"))
        assert [each["name"] for each in recorded] == [plan.name for plan in plans()]
        for each, plan in zip(recorded, plans(), strict=True):
            assert (each["settings"], each["bug"], each["cause"]) == (plan.settings, plan.bug, plan.cause)
            assert len(each["rows"]) == plan.config.num_updates
    tasks = Counter(plan.settings["env_id"] for plan in sets.living())
    assert len(tasks) >= 8


@pytest.mark.parametrize(
    ("group", "name", "said"),
    [
        ("dead", "dead/bug-5/Late/1", "fail"),
        ("living", "living/learns/Level/1", "pass"),
        ("gate-matters", "gate-matters/td/Marked/1", "works"),
    ],
)
def test_a_run_that_is_recorded_anew_is_judged_as_it_must_be(load, group, name, said):
    plan = next(plan for plan in load("sets").SETS[group]() if plan.name == name)
    with injected(plan.bug):
        recorded = json.loads(json.dumps(load("recording").record(plan)))
    run = load("judge").judged(recorded)
    assert run.ends[group.startswith("gate")] == said
    truth = recorded["truth"]
    assert (truth["rise"] > 4 * truth["error"]) == (group != "dead"), "it is not what its set says"
