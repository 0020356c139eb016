"""Whole runs by the command line: repeatable, the same over both channels, on-policy, undisturbed by evaluation."""

import json
import logging
import re

import pytest
from support import CHANNEL, SMALL, assignments, logged

from gwt_ib.log import parse_line
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import read_records
from gwt_ib.runs.metrics import NAMES
from gwt_ib.runs.snapshot_store import newest_good_snapshot

pytestmark = [pytest.mark.processes, pytest.mark.side_by_side, pytest.mark.usefixtures("nothing_left")]
TIMES = {"elapsed_s", "steps_per_s", "rollout_s", "learn_s"}
EVALUATION = {"eval_return", "eval_returns", "eval_replaced"}


@pytest.fixture
def train(command, tmp_path):
    """Trains with changed settings and returns the metrics without times."""

    def run(name: str, **changes: object) -> list[dict[str, object]]:
        settings = {**SMALL, "channel": CHANNEL, "num_actors": 2, **changes}
        result = command("launch", "--headless", "--json", "--run-dir", name, *assignments(**settings))
        assert result.returncode == 0, result.stderr
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        assert rows == read_records(tmp_path / name / "metrics.jsonl")
        return [{key: value for key, value in row.items() if key not in TIMES} for row in rows]

    return run


def test_a_run_repeats_and_both_channels_agree(train, tmp_path):
    first, again, serial = train("first"), train("again"), train("serial", channel="serial")
    assert len(first) == 4
    assert set(first[0]) == set(NAMES) - TIMES
    assert first == again
    assert first == serial
    assert train("other", seed=7) != first
    run = RunDirectory(tmp_path / "first")
    record = run.read_run()
    assert (record.state, record.exit_code) == ("finished", 0)
    assert_a_good_log(run)


def assert_a_good_log(run: RunDirectory) -> None:
    """Who began with what, how far it went and why it ended; few lines, and nothing to worry about."""
    trainer, learner = logged(run, "trainer"), logged(run, "learner")
    assert re.fullmatch(rf"pid \d+ on \S+ begins \S*{run.path.name}", trainer[0])
    assert re.match(r"Python 3\.\S+, gwt-ib \S+, torch ", trainer[1])
    assert trainer[2].startswith(
        "popgym-RepeatPreviousEasy-v0, seed 42: 4 updates of 256 env steps; 1 learner and 2 act"
    )
    assert "hidden_size = 16" in trainer[3] and "gamma" not in trainer[3]
    assert trainer[-1] == "the run has finished, exit code 0."
    assert re.match(r"pid \d+, torch \S+ on cpu, one thread; [\d,]+ weights, ", learner[0])
    assert re.match(r"snapshot of update 0 in \S+ s: ", learner[1])
    assert re.match(r"update 1 of 4, 256 env steps, [\d,]+ steps/s, rollout_s .*, td_std .*, mean_c ", learner[2])
    assert re.match(r"evaluation of update 2 in \S+ s: mean return \S+ over 3 episodes", learner[3])
    assert "all updates are made; its last snapshot is " in learner[-1]
    assert learner[-1].endswith("first/snapshots/000000001024")
    for actor in (0, 1):
        begins, first, ends = logged(run, f"actor-{actor}")
        assert re.match(rf"pid \d+ steps environments {2 * actor} to {2 * actor + 1} of popgym-", begins)
        assert first == "begins with block 0; the newest policy is version 0"
        assert re.match(r"ends after block [34]: the run is over", ends)
    for path in run.logs.iterdir():
        assert logged(run, path.stem, logging.WARNING) == []
        assert all(parse_line(line) for line in path.read_text().splitlines())
        assert len(path.read_text().splitlines()) <= 10


def test_with_a_learning_rate_of_0_every_update_finds_the_policy_unchanged(train):
    rows = train("still", lr=0.0)
    assert all(row["approx_kl"] < 1e-9 and row["clip_fraction"] == 0 for row in rows)
    assert rows[-1]["episodes"] >= 16, "no resets, so the test would show nothing"


def test_evaluation_does_not_touch_training(train):
    def training_only(rows):
        return [{key: value for key, value in row.items() if key not in EVALUATION} for row in rows]

    with_it, without = train("with"), train("without", eval_every=0)
    assert [row["eval_return"] is not None for row in with_it] == [False, True, False, True]
    assert len(with_it[1]["eval_returns"]) == 3
    assert all(row["eval_return"] is None for row in without)
    assert training_only(with_it) == training_only(without)


def test_with_a_lag_of_1_the_lag_is_measured_and_kept(train):
    rows = train("lag", max_policy_lag=1, total_timesteps=4 * 64 * 8)
    assert max(row["policy_lag_max"] for row in rows) == 1


def test_the_last_snapshot_is_that_of_the_last_update(train, tmp_path):
    rows = train("run", snapshot_every=2)
    path, snapshot, _ = newest_good_snapshot(tmp_path / "run" / "snapshots")
    assert snapshot.state["update"] == rows[-1]["update"] == 4
    assert path.name == f"{rows[-1]['env_steps']:012d}"
    assert [folder.name for folder in sorted((tmp_path / "run" / "snapshots").iterdir())] == [
        "000000000000",
        "000000000512",
        "000000001024",
    ]


LOUD = """import warnings
from sample_envs import *

class Loud(Nested):
    resets = 0
    def reset(self, **options):
        self.resets += 1
        if self.resets > 1:
            print("an environment prints")
            warnings.warn("and warns")
        return super().reset(**options)

gym.register("Loud-v0", Loud)
"""


def test_a_made_up_environment_trains_with_its_own_module(command, tmp_path):
    module = tmp_path / "mine.py"
    module.write_text(LOUD)
    result = command(
        "launch", "mine:Loud-v0", "--headless", "--json", "--run-dir", "run",
        *assignments(**{**SMALL, "env_id": "mine:Loud-v0", "log_level": "debug"}),
        PYTHONPATH=__file__.rsplit("/", 2)[0],
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 4
    run = RunDirectory(tmp_path / "run")
    lines = (run.logs / "actor-0.log").read_text().splitlines()
    begins = [parse_line(line) for line in lines]
    assert lines.count("an environment prints") >= 4
    assert lines.index("an environment prints") < len(lines) - 2, "what is printed does not come at the end at once"
    assert [record.words for record in begins if record and record.level == logging.WARNING] == [
        f"{module}:10: UserWarning: and warns"
    ]
    assert sum(re.match(r"block \d with version \d: waited ", line) is not None for line in logged(run, "actor-0")) >= 4
    assert sum(re.match(r"update \d of 4, ", line) is not None for line in logged(run, "learner")) == 4
