"""`export` as a user meets it: ended runs and live ones, its answers, and mistakes."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from recorded_run import RecordedRun
from support import wait_until

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(tmp_path: Path) -> RecordedRun:
    made = RecordedRun(tmp_path / "run")
    made.learn(4)
    return made


def test_runs_are_written_to_one_file_and_the_answer_says_what_it_has(command: Command, run: RecordedRun) -> None:
    run.finish()
    done = command("export", "run", "run", "--to", "csv", "--out", "new/m.csv", "--names", "sb3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "new/m.csv: 4 rows of 1 run.\n", "")
    header, first, *_ = (run.directory.path.parent / "new" / "m.csv").read_text().splitlines()
    assert header.startswith("run,time/iterations,time/total_timesteps,") and first.startswith("run,1,4096,")


def test_a_live_run_is_followed_to_its_end_or_to_ctrl_c(start: Start, run: RecordedRun, tmp_path: Path) -> None:
    out = [tmp_path / "one.csv", tmp_path / "two.csv"]
    one, two = (start("export", "run", "--to", "csv", "--out", str(path), "--follow") for path in out)
    wait_until(lambda: all(path.is_file() for path in out), 30, "nothing is written")
    run.learn(2)
    wait_until(lambda: all(len(path.read_text().splitlines()) == 7 for path in out), 30, "rows do not come")
    two.send_signal(signal.SIGINT)
    assert two.wait(30) == 130
    run.resume(5)
    run.learn(3)
    run.finish()
    assert one.wait(30) == 0
    assert one.communicate()[0] == f"{out[0]}: 8 rows of 1 run. Rows were taken back 1 time, as a run was resumed.\n"
    assert len(out[1].read_text().splitlines()) == 7


def test_a_mistake_gets_a_sentence(command: Command, run: RecordedRun) -> None:
    for arguments, code, words in (
        (["rum", "--to", "csv", "--out", "m.csv"], 2, "There is no run 'rum'"),
        (["run", "--to", "csv", "--out", "."], 2, ". is a directory; name a file"),
        (["run", "--to", "csv", "--out", "m.csv", "--online"], 2, "--online is for --to wandb"),
        (["run", "--to", "csv", "--out", "run/run.json/m.csv"], 74, "run/run.json/m.csv cannot be written"),
    ):
        done = command("export", *arguments)
        assert done.returncode == code and words in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
