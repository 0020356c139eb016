"""`train` in a script: it returns the run, ends it in order whatever comes between, and says why it could not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from snapshots import SPEC
from support import small_config, wait_until

from gwt_ib import Config, Run, RunFailed, UserError, train
from gwt_ib.api import progress, training
from gwt_ib.clock import utc_now
from gwt_ib.errors import ExitCode
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import RecordWriter

SERIAL = small_config(channel="serial", num_actors=1, eval_every=0)
LONG = SERIAL.model_copy(update={"total_timesteps": 2_000_000_000})


@pytest.mark.processes
@pytest.mark.side_by_side
def test_ctrl_c_ends_the_run_with_a_last_snapshot_and_is_raised_again(tmp_path, nothing_left):
    seen = []

    def look(row):
        seen.append(row["update"])
        if len(seen) == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(LONG, run_dir=tmp_path / "run", name="mine", tags=["a"], progress=look)
    run = Run(tmp_path / "run")
    assert (run.state, run.name, run.tags) == ("stopped", "mine", ("a",)) and run.message == "Ended by SIGINT."
    assert int(run.snapshots[-1].name) == run.metrics["env_steps"][-1] > 0 and seen[:2] == [1, 2]


@pytest.mark.processes
@pytest.mark.side_by_side
def test_a_script_without_a_guard_trains_and_its_run_ends_with_it(tmp_path, nothing_left):
    lines = [
        "from gwt_ib import Config, train",
        f"train(Config(**{LONG.model_dump()!r}), run_dir='run')",
        "raise SystemExit('it has come back')",
    ]
    (tmp_path / "script.py").write_text("\n".join(lines))
    script = subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    run = RunDirectory(tmp_path / "run")
    try:
        shown = [script.stderr.readline() for _ in range(2)]
    finally:
        script.kill()
        shown += script.communicate()[1].splitlines()
    wait_until(lambda: run.state() == "stopped", 30, "the run goes on")
    assert "the program that started it is gone" in run.read_run().message and list(run.snapshots.iterdir())
    assert shown[0] == "run run\n" and shown[1].split()[:2] == ["upd", f"1/{LONG.num_updates}"]
    assert not any("Traceback" in line for line in shown)


# Without processes


@pytest.fixture
def trainer(monkeypatch):
    """Takes the place of the processes: `trainer(work)` has `work` done to the run's directory in place of training."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    def install(work):
        def start(run, *, resume, caller):
            assert not resume and os.fstat(caller)
            run.write_run(replace(run.read_run(), trainer=ended.pid, started=utc_now(), heartbeat=utc_now()))
            work(run)
            return ended.pid

        monkeypatch.setattr(training, "start_trainer", start)
        monkeypatch.setattr(training, "refuse_what_cannot_run", lambda config, show: SPEC)

    return install


def ends(state, message="", code=0, rows=0):
    def work(run):
        writer = RecordWriter(run.metrics)
        for update in range(1, rows + 1):
            writer.append({"update": update, "env_steps": 256 * update, "ep100": 0.5, "eval_return": None})
        writer.close()
        run.write_run(replace(run.read_run(), state=state, message=message, exit_code=code, ended=utc_now()))

    return work


@pytest.mark.parametrize("state", ["finished", "stopped"])
def test_a_run_that_ends_in_order_is_returned_and_every_row_is_told(tmp_path, trainer, state):
    trainer(ends(state, rows=4))
    told = []
    run = train(SERIAL, run_dir=tmp_path / "run", progress=told.append)
    assert run == Run(tmp_path / "run") and run.state == state and run.config == SERIAL
    assert [row["update"] for row in told] == [1, 2, 3, 4]


def test_without_settings_it_is_the_default_run_under_runs(tmp_path, trainer, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trainer(ends("finished"))
    run = train(progress=False, name="plain")
    assert run.path.parent.name == "runs" and run.config == Config() and Run("plain") == run


def test_a_run_that_fails_is_an_error_that_has_it(tmp_path, trainer):
    trainer(ends("failed", "The learner died twice at update 7.", 70))
    with pytest.raises(
        RunFailed, match=r"^The learner died twice at update 7\. The run is .*gwt-ib-tui resume"
    ) as failed:
        train(SERIAL, run_dir=tmp_path / "run", progress=False)
    assert failed.value.run == Run(tmp_path / "run") and failed.value.code == ExitCode.LEARNER_FAILED


def test_a_trainer_that_is_gone_without_a_word_is_an_error(tmp_path, trainer):
    trainer(lambda run: None)
    with pytest.raises(RunFailed, match="was killed"):
        train(SERIAL, run_dir=tmp_path / "run", progress=False)


def test_what_the_callers_function_raises_comes_out(tmp_path, trainer):
    trainer(ends("finished", rows=3))

    def look(row):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(SERIAL, run_dir=tmp_path / "run", progress=look)


def test_what_cannot_begin_leaves_no_directory(tmp_path, trainer, monkeypatch):
    def refuses(run, *, resume, caller):
        raise UserError("There is no memory.", ExitCode.RESOURCES_USED_UP)

    trainer(ends("finished"))
    monkeypatch.setattr(training, "start_trainer", refuses)
    with pytest.raises(UserError, match="There is no memory"):
        train(SERIAL, run_dir=tmp_path / "run", name="mine", progress=False)
    assert not (tmp_path / "run").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="is not empty"):
        train(SERIAL, run_dir=tmp_path / "full", progress=False)
    with pytest.raises(UserError, match="A tag is one word"):
        train(SERIAL, run_dir=tmp_path / "run", tags=["two words"], progress=False)


def test_an_interrupted_check_is_a_ctrl_c(tmp_path, trainer, monkeypatch):
    def interrupted(config, show):
        raise UserError("Interrupted while the environment was checked.", ExitCode.ENDED_BY_INT)

    trainer(ends("finished"))
    monkeypatch.setattr(training, "refuse_what_cannot_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(SERIAL, run_dir=tmp_path / "run", progress=False)


def test_without_a_terminal_some_of_the_updates_are_shown(tmp_path, trainer, capsys):
    config = SERIAL.model_copy(update={"total_timesteps": 256 * 100})
    trainer(ends("finished", rows=100))
    train(config, run_dir=tmp_path / "run")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"run {tmp_path / 'run'}" and lines[-1].startswith("<Run run: finished")
    assert [line.split()[1] for line in lines[1:-1]] == [f"{update}/100" for update in (1, *range(5, 101, 5))]


def test_a_terminal_has_a_bar_and_a_notebook_one_line(tmp_path, trainer, capsys, monkeypatch):
    trainer(ends("finished", rows=4))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    train(SERIAL, run_dir=tmp_path / "bar")
    shown = capsys.readouterr().err
    assert "ep100 0.500" in shown and "4/4" in shown and "<Run bar" in shown
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    train(SERIAL, run_dir=tmp_path / "line")
    shown = capsys.readouterr().err
    assert shown.count("\rupd") == 4 and shown.count("\n") == 3
