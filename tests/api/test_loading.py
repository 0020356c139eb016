"""What `load` takes, what it refuses with a sentence, and what it never does."""

from __future__ import annotations

import json
import shutil
import sys

import gymnasium
import pytest
from untrained import agent_of, run_of, spec_of

from gwt_ib import Run, UserError, load
from gwt_ib.durable import write_json
from gwt_ib.runs.snapshot import save_snapshot


@pytest.fixture
def directory(tmp_path):
    return run_of(tmp_path / "runs" / "first", updates=(2, 4))


def steps(update):
    return f"{update * 256:012d}"


def test_a_run_is_named_as_everywhere(directory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (directory, directory.path, str(directory.path), "first", "latest", Run("first")):
        assert load(name).snapshot.name == steps(4)


def test_a_snapshot_is_loaded_by_its_directory_also_one_set_aside(directory):
    old = directory.snapshots / steps(2)
    assert load(old).update == 2
    aside = directory.snapshots / "aside-1"
    aside.mkdir()
    assert load(str(old.rename(aside / old.name))).update == 2


def test_a_damaged_snapshot_is_passed_over_but_not_where_it_is_named(directory):
    newest = directory.snapshots / steps(4)
    (newest / "model.safetensors").write_bytes(b"x")
    assert load(directory).update == 2
    with pytest.raises(UserError, match="does not match its checksum"):
        load(newest)


def test_the_best_is_that_of_the_highest_evaluation(directory):
    config, spec = directory.read_config(), directory.read_environment()
    for update, value in ((1, -0.5), (3, 0.25), (5, -1.0)):
        save_snapshot(directory.snapshots, agent_of(config, spec, update, eval_return=value), update * 256)
    assert (load(directory, snapshot="best").update, load(directory).update) == (3, 5)
    assert load(directory, snapshot=256).update == load(directory, snapshot="256").update == 1


def test_a_snapshot_that_is_not_there_is_said(directory):
    with pytest.raises(UserError, match="none is the best"):
        load(directory, snapshot="best")
    with pytest.raises(UserError, match=f"has no snapshot '700'.*the nearest is {steps(2)}"):
        load(directory, snapshot=700)


def test_a_snapshot_outside_a_run_is_refused(directory, tmp_path):
    shutil.copytree(directory.snapshots / steps(2), tmp_path / "elsewhere")
    with pytest.raises(UserError, match="does not lie in a run directory"):
        load(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: record.pop("spaces"),
        lambda record: record["spaces"].pop("action"),
        lambda record: record["spaces"]["action"].update(n=5),
        lambda record: record["spaces"]["observation"].update(n=10**9),
        lambda record: record["spaces"].update(observation={"kind": "Box", "shape": [1 << 40]}),
    ],
    ids=["none", "one", "another action", "another size", "huge"],
)
def test_without_recorded_spaces_an_environment_has_to_be_brought(directory, damage):
    record = json.loads(directory.environment.read_text())
    damage(record)
    write_json(directory.environment, record)
    with pytest.raises(UserError, match=r'env=gymnasium.make\("popgym-RepeatPreviousEasy-v0"\)'):
        load(directory)
    policy = load(directory, env=gymnasium.make("popgym-RepeatPreviousEasy-v0"))
    assert policy.act(3)[0] in range(4)


def test_an_environment_with_other_spaces_is_refused(directory):
    with pytest.raises(UserError, match=r"these spaces, .* are others"):
        load(directory, env=gymnasium.make("CartPole-v1"))


def test_nothing_of_the_environment_is_imported_or_made(tmp_path, monkeypatch):
    (tmp_path / "stranger.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    directory = run_of(tmp_path / "run")
    settings = json.loads(directory.config.read_text())
    write_json(directory.config, settings | {"env_id": "stranger:Strange-v0"})
    policy = load(directory)
    assert policy.env_id == "stranger:Strange-v0" and "stranger" not in sys.modules
    assert policy.act(0)[0] in range(4)


def test_a_snapshot_that_does_not_fit_the_settings_is_refused(directory):
    settings = json.loads(directory.config.read_text())
    write_json(directory.config, settings | {"hidden_size": 32})
    with pytest.raises(UserError, match="does not fit this run"):
        load(directory)
    with pytest.raises(UserError, match="does not fit its run"):
        load(directory.snapshots / steps(2))


def test_there_is_no_run_or_no_snapshot(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="There is no run 'nothing'"):
        load("nothing")
    with pytest.raises(UserError, match="no good snapshot"):
        load(run_of(tmp_path / "empty", updates=()))


def test_the_spec_of_the_tests_is_the_real_one():
    assert spec_of("popgym-RepeatPreviousEasy-v0", False).observation_size == 4
