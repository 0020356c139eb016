"""`resume`: with changed settings, from a certain snapshot, and after what can have happened to a run's files."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from snapshots import SPEC, made_up_run
from support import SMALL, assignments, events, small_config, updates

from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.beginning import lock_run
from gwt_ib.runs.directory import RunDirectory, find_run
from gwt_ib.runs.jsonl import read_records
from gwt_ib.runs.snapshot import problem_of
from gwt_ib.runs.snapshot_store import list_aside, list_snapshots
from gwt_ib_tui.commands.resuming import Wish, prepare_to_resume

STEPS = small_config().steps_per_update


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """A run with snapshots of updates 1 to 4, all there is to it."""
    return made_up_run(tmp_path / "run", updates=(1, 2, 3, 4))


def resume(run: RunDirectory, spec: EnvironmentSpec = SPEC, **wish: object) -> int:
    asked = {"flags": {"total_timesteps": 10 * STEPS}, **wish}
    return prepare_to_resume(run, Wish(**asked), lambda config: spec)


def newest(run: RunDirectory) -> int:
    return int(list_snapshots(run.snapshots)[-1].name) // STEPS


def everything(run: RunDirectory) -> dict[str, bytes]:
    return {
        str(path.relative_to(run.path)): path.read_bytes()
        for path in sorted(run.path.rglob("*"))
        if path.is_file() and path != run.lock
    }


def test_a_run_goes_on_from_its_newest_good_snapshot_with_what_is_asked_for(run: RunDirectory) -> None:
    assert resume(run, assignments=["lr=0.001"]) == 4
    assert run.read_config() == small_config(lr=0.001, total_timesteps=10 * STEPS)
    assert run.read_environment() == SPEC
    changed = [(event["field"], event["old"], event["value"], event["update"]) for event in events(run, "setting")]
    assert changed == [("total_timesteps", 4 * STEPS, 10 * STEPS, 4), ("lr", 0.00025, 0.001, 4)]


def test_newer_ones_than_the_one_that_is_named_are_set_aside(run: RunDirectory) -> None:
    shutil.rmtree(run.snapshots / f"{3 * STEPS:012d}" / "model.safetensors", ignore_errors=True)
    assert resume(run, from_snapshot=str(2 * STEPS)) == 2
    assert newest(run) == 2 and len(list_aside(run.snapshots)) == 2
    assert updates(run) == [1, 2] and [row["update"] for row in read_records(run.metrics_aside)] == [3, 4]
    assert resume(run) == 2
    assert resume(run, from_snapshot=str(run.snapshots / f"{STEPS:012d}")) == 1
    back = run.snapshots / "aside-1" / f"{4 * STEPS:012d}"
    assert resume(run, from_snapshot=str(back)) == 4, "what was set aside can be gone on from too"
    assert newest(run) == 4 and problem_of(list_snapshots(run.snapshots)[-1]) == ""


def test_a_bad_newest_one_is_set_aside_so_that_it_is_never_taken_for_new(run: RunDirectory) -> None:
    (run.snapshots / f"{4 * STEPS:012d}" / "state.json").write_text("{}")
    assert resume(run) == 3
    assert newest(run) == 3 and [path.parent.name for path in list_aside(run.snapshots)] == ["aside-1"]
    (warning,) = events(run, "warning")
    assert "passed over a bad snapshot: " in warning["message"] and "state.json does not match" in warning["message"]


REFUSED = {
    "a bad one by name": ({"from_snapshot": str(4 * STEPS)}, ExitCode.BAD_DATA, "state.json does not match"),
    "none of that name": ({"from_snapshot": "77"}, ExitCode.USAGE, "has no snapshot '77'. It has 000000000256, 0000"),
    "somebody else's": ({"from_snapshot": "/etc"}, ExitCode.USAGE, "has no snapshot '/etc'"),
    "a fixed setting": ({"assignments": ["seed=3"]}, ExitCode.BAD_CONFIGURATION, "cannot change seed from 42 to 3"),
    "a guarded setting": ({"assignments": ["gamma=0.5"]}, ExitCode.BAD_CONFIGURATION, "add --override"),
    "nothing left to do": ({"flags": {"total_timesteps": 3 * STEPS}}, ExitCode.USAGE, "all of its 768 env steps"),
    "another environment": ({"spec": EnvironmentSpec(9, SPEC.actions, "", "")}, ExitCode.BAD_DATA, "does not fit"),
}


@pytest.mark.parametrize(("wish", "code", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_changes_nothing(run: RunDirectory, wish: dict[str, object], code: int, sentence: str) -> None:
    (run.snapshots / f"{4 * STEPS:012d}" / "state.json").write_text("{}")
    before = everything(run)
    with pytest.raises(UserError) as caught:
        resume(run, **wish)
    assert sentence in caught.value.message and caught.value.code == code
    assert everything(run) == before
    lock_run(run).release()


def test_settings_that_change_what_is_learnt_need_a_word(run: RunDirectory) -> None:
    assert resume(run, assignments=["gamma=0.5"], override=True) == 4
    assert run.read_config().gamma == 0.5


def test_what_was_overridden_once_is_not_asked_for_again_though_no_snapshot_knows_it(run: RunDirectory) -> None:
    assert resume(run, assignments=["gamma=0.5"], override=True) == 4
    assert resume(run) == 4, "it was killed before its next snapshot"
    assert resume(run, assignments=["td_ema=0.9"], override=True) == 4
    assert resume(run, from_snapshot=str(2 * STEPS)) == 2
    assert (run.read_config().gamma, run.read_config().td_ema) == (0.5, 0.9)
    for assignment in ("gamma=0.6", "td_ema=0.5"):
        with pytest.raises(UserError, match="add --override"):
            resume(run, assignments=[assignment])
    edited = {**run.read_config().model_dump(mode="json"), "gamma": 0.7}
    run.config.write_text(json.dumps(edited))
    with pytest.raises(UserError, match=r"gamma from 0\.99 to 0\.7"):
        resume(run)


def test_a_death_between_what_was_accepted_and_the_settings_changes_nothing(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(RunDirectory, "write_config", die)
        with pytest.raises(KeyboardInterrupt):
            resume(run, assignments=["gamma=0.5"], override=True)
    assert resume(run) == 4 and run.read_config().gamma == small_config().gamma
    run.accepted.write_text("{")
    with pytest.raises(UserError, match="add --override"):
        resume(run, assignments=["gamma=0.5"])


def test_a_live_value_that_ended_the_run_is_repaired(run: RunDirectory) -> None:
    run.config.write_text(json.dumps({**small_config().model_dump(mode="json"), "ent_coef": 1e38}))
    with pytest.raises(UserError, match=r"ent_coef = 1e\+38 \(config\.json\) is not possible"):
        resume(run)
    assert resume(run, assignments=["ent_coef=0.01"]) == 4
    assert run.read_config().ent_coef == 0.01


def test_a_lost_configuration_is_that_of_the_snapshot(run: RunDirectory) -> None:
    run.config.write_text("{")
    assert resume(run) == 4
    assert run.read_config() == small_config(total_timesteps=10 * STEPS)


def test_a_run_that_has_lost_its_run_json_is_still_found_and_gone_on_with(run: RunDirectory) -> None:
    run.run.unlink()
    assert find_run(str(run.path)) == run and run.read_run().state == "unknown"
    assert resume(run) == 4


def test_metrics_that_cannot_be_cut_back_are_a_sentence(run: RunDirectory) -> None:
    run.metrics.unlink()
    os.mkfifo(run.metrics)
    with pytest.raises(UserError, match=r"cannot be made ready\. Not a regular file: .*metrics\.jsonl\.$") as caught:
        resume(run)
    assert caught.value.code == ExitCode.INPUT_OUTPUT


def test_what_was_rescued_to_another_directory_comes_home(tmp_path: Path, run: RunDirectory) -> None:
    config = {**small_config().model_dump(mode="json"), "rescue_dir": str(tmp_path / "rescue")}
    run.config.write_text(json.dumps(config))
    rescued = made_up_run(tmp_path / "other", updates=(5,)).snapshots
    (tmp_path / "rescue").mkdir()
    rescued.rename(tmp_path / "rescue" / "run")
    assert resume(run) == 5
    assert newest(run) == 5
    assert resume(run, from_snapshot=str(STEPS)) == 1
    assert len(list_aside(tmp_path / "rescue" / "run")) == 1 and newest(run) == 1


def test_a_run_that_trains_is_not_touched(run: RunDirectory) -> None:
    lock = lock_run(run)
    before = everything(run)
    with pytest.raises(UserError) as caught:
        resume(run, from_snapshot=str(STEPS))
    assert caught.value.code == ExitCode.LOCKED and everything(run) == before
    lock.release()


@pytest.mark.processes
@pytest.mark.side_by_side
@pytest.mark.usefixtures("nothing_left")
def test_a_run_really_goes_on_with_other_settings_from_an_earlier_snapshot(
    command: Callable[..., object], tmp_path: Path
) -> None:
    settings = assignments(**{**SMALL, "snapshot_every": 1, "channel": "serial"})
    launched = command("launch", "--headless", "--json", "--run-dir", "run", *settings)
    assert launched.returncode == 0, launched.stderr
    run = RunDirectory(tmp_path / "run")
    assert isinstance(run.read_config(), Config) and run.read_environment().observation_size
    path = list_snapshots(run.snapshots)[-2]
    result = command("resume", "run", "--from", path.name, "--set", "lr=0.001", "--headless", "--json")
    assert result.returncode == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["lr"] for row in rows] == [0.001] * len(rows) and rows[-1]["update"] == 4
    assert updates(run) == [1, 2, 3, 4] and run.metrics_aside.exists()
    refused = command("resume", "run", "--headless", "--set", "seed=3", "--set", "gamma=0.5")
    assert refused.returncode == 78 and "seed from 42 to 3" in refused.stderr and "--override" in refused.stderr
