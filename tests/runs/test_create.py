"""Making a run directory: exactly one of many launches does, and nothing of anybody else is touched."""

import os
import stat
import subprocess
import sys
from dataclasses import replace

import pytest
from support import small_config

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.envs.spec import ActionLayout, EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.create import create_run, take_back
from gwt_ib.runs.directory import RunDirectory, find_run, list_runs


@pytest.fixture(autouse=True)
def _in_a_directory_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_new_run_has_a_telling_name_its_configuration_and_its_first_state():
    run = create_run(small_config(), None, ["gwt-ib-tui", "launch"])
    assert run.name.startswith("popgym-RepeatPreviousEasy-v0__s42__20")
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    assert run.read_config() == small_config()
    record = run.read_run()
    assert record.state == "starting" and record.exit_code is None
    assert record.versions["torch"]
    assert find_run("latest").path == run.path == find_run(run.name).path == find_run(str(run.path)).path


def test_a_directory_with_something_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="is not empty") as caught:
        create_run(small_config(), tmp_path / "mine", [])
    assert caught.value.code == ExitCode.CANNOT_CREATE_RUN
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_a_file_in_the_way_is_an_error_and_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="Cannot create the run directory"):
        create_run(small_config(), tmp_path / "file" / "run", [])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_environment_id_cannot_lead_out_of_the_runs_folder():
    run = create_run(small_config(env_id="../../evil:[red]Env-v0"), None, [])
    assert run.path.parent.name == "runs"
    assert list_runs() == [run]


LAUNCH = """
import sys
from pathlib import Path
from gwt_ib.config import Config
from gwt_ib.errors import UserError
from gwt_ib.runs import create
create._git_commit = lambda: None  # takes longer than all the rest
config = Config()
for name in sys.argv[1:]:
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        create.create_run(config, Path(name), ["test"])
        print("won", flush=True)
    except UserError as error:
        print(int(error.code), error.message, flush=True)
sys.stdin.readline()  # a launch lives as long as its run
"""


def test_of_many_launches_into_one_directory_exactly_one_makes_it(tmp_path):
    """Twenty processes at a barrier, twenty times; half of the directories are there already, and empty."""
    names = [f"run-{number}" for number in range(20)]
    for name in names[::2]:
        (tmp_path / name).mkdir()
    launches = [
        subprocess.Popen(
            [sys.executable, "-c", LAUNCH, *names],
            cwd=tmp_path,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(20)
    ]
    try:
        for name in names:
            for launch in launches:
                assert launch.stdout.readline() == "ready\n"
            for launch in launches:
                launch.stdin.write("\n")
                launch.stdin.flush()
            answers = [launch.stdout.readline().strip() for launch in launches]
            assert answers.count("won") == 1, answers
            assert {answer[:2] for answer in answers} == {"wo", "75"}, answers
            assert all("just being made by another launch" in answer for answer in answers if answer != "won"), answers
            run = RunDirectory(tmp_path / name)
            assert run.read_run().state == "starting" and run.read_config() == Config()
            assert str(launches[answers.index("won")].pid) == run.lock.read_text()
            assert len(list(run.path.iterdir())) == 7
    finally:
        for launch in launches:
            launch.kill()
            launch.communicate()


def test_a_loser_removes_nothing_and_names_the_trainer(tmp_path):
    run = create_run(small_config(), tmp_path / "run", [])
    run.write_run(replace(run.read_run(), state="running", trainer=os.getpid(), heartbeat=utc_now()))
    before = sorted(path.name for path in run.path.iterdir())
    with pytest.raises(UserError, match=rf"being trained by another process \(pid {os.getpid()}\)") as caught:
        create_run(small_config(), run.path, [])
    assert caught.value.code == ExitCode.LOCKED
    run.write_run(replace(run.read_run(), state="finished", trainer=1 << 30))
    with pytest.raises(UserError, match=r"is not empty.*resume") as caught:
        create_run(small_config(), run.path, [])
    assert caught.value.code == ExitCode.CANNOT_CREATE_RUN
    assert sorted(path.name for path in run.path.iterdir()) == before


def test_what_a_killed_launch_left_is_nobodys(tmp_path):
    (tmp_path / "run").mkdir()
    lock = tmp_path / "run" / "run.lock"
    lock.write_text(str(1 << 30))
    with pytest.raises(UserError, match="is not empty"):
        create_run(small_config(), tmp_path / "run", [])
    lock.write_text(str(os.getpid()))
    os.utime(lock, (1.0, 1.0))  # before this process began: the number has been given again
    with pytest.raises(UserError, match="is not empty"):
        create_run(small_config(), tmp_path / "run", [])


def test_a_new_file_system_is_an_empty_directory(tmp_path):
    (tmp_path / "disk" / "lost+found").mkdir(parents=True)
    spec = EnvironmentSpec(3, ActionLayout("discrete", (4,), 1), "Box(3)", "Discrete(4)")
    run = create_run(small_config(), tmp_path / "disk", [], spec)
    assert run.read_environment() == spec and run.read_run().state == "starting"


def test_what_cannot_be_completed_is_taken_back_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()

    def full(run, config):
        (run.path / "thesis.tex").write_text("x")  # somebody else, meanwhile
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunDirectory, "write_config", full)
    for name in ("there", "new"):
        with pytest.raises(UserError, match=r"Cannot create the run directory .*No space left"):
            create_run(small_config(), tmp_path / name, [])
        assert [path.name for path in (tmp_path / name).iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("keep", [False, True])
def test_a_run_that_never_began_is_taken_back_and_nothing_else(tmp_path, keep):
    run = create_run(small_config(), tmp_path / "run", [])
    (run.logs / "trainer.log").write_text("begins")
    take_back(run, keep_directory=keep)
    assert run.path.exists() == keep
    run = create_run(small_config(), tmp_path / "run", [])
    (run.path / "thesis.tex").write_text("x")
    take_back(run, keep_directory=keep)
    assert [path.name for path in run.path.iterdir()] == ["thesis.tex"]
