"""Limits of the system: raised where that may be done, and said with numbers where they are too low."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from support import events, small_config

from gwt_ib.envs.make import check_environment
from gwt_ib.processes.limits import descriptors_needed, in_numbers, start_error, thread_error
from gwt_ib.processes.trainer import Trainer
from gwt_ib.runs.create import create_run


def test_more_actors_need_more_descriptors_and_a_serial_run_has_none() -> None:
    few, many = (descriptors_needed(small_config(num_actors=count)) for count in (1, 4))
    assert many - few == 3 * 6
    assert descriptors_needed(small_config(channel="serial", num_actors=1)) < few


def limited(soft: int, hard: int, code: str) -> subprocess.CompletedProcess[str]:
    """Run Python with so many descriptors."""
    before = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
    return subprocess.run([sys.executable, "-c", before + code], capture_output=True, text=True, timeout=60)


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    code = (
        "from gwt_ib.processes.limits import raise_descriptor_limit\n"
        "raise_descriptor_limit(90)\n"
        "assert resource.getrlimit(resource.RLIMIT_NOFILE) == (100, 100)\n"
    )
    result = limited(30, 100, code)
    assert result.returncode == 0, result.stderr


def test_a_hard_limit_that_is_too_low_is_said_with_need_and_have(tmp_path: Path) -> None:
    run = f"import runpy, sys; sys.argv = ['gwt-ib-tui', 'launch', '--headless', '--run-dir', {str(tmp_path / 'run')!r}]\n"
    result = limited(30, 30, run + "runpy.run_module('gwt_ib_tui', run_name='__main__')")
    assert result.returncode == 69
    assert "needs about 44 open files and may have 30" in result.stderr
    assert len(result.stderr.splitlines()) == 1 and not (tmp_path / "run").exists()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EAGAIN, errno.ENOMEM])
def test_a_process_that_cannot_be_started_is_said_with_the_limit_in_numbers(number: int) -> None:
    words = start_error(OSError(number, "No more of it"))
    assert words.startswith("A process cannot be started: No more of it: ")
    assert any(letter.isdigit() for letter in words) or "unlimited" in words
    if number == errno.EMFILE:
        assert f"{resource.getrlimit(resource.RLIMIT_NOFILE)[0]} open files are allowed" in words


def test_a_thread_that_cannot_be_started_is_said_likewise_and_no_other_error() -> None:
    words = thread_error(RuntimeError("can't start new thread"))
    assert words.startswith("A thread cannot be started: Resource temporarily unavailable: ")
    assert "processes are allowed" in words and "this user has" in words
    assert thread_error(RuntimeError("something else")) == ""


@pytest.mark.processes
@pytest.mark.side_by_side
@pytest.mark.usefixtures("nothing_left")
def test_a_learner_that_gets_no_thread_ends_its_run_with_that_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "threadless_learner.py").write_text(
        "import sys, threading\n"
        "from gwt_ib.processes import learner_process\n"
        "start = threading.Thread.start\n"
        "def refuse(thread):\n"
        "    if thread.name.startswith('learner'): raise RuntimeError(\"can't start new thread\")\n"
        "    start(thread)\n"
        "threading.Thread.start = refuse\n"
        "learner_process.main(sys.argv[1:])\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH")))))
    config = small_config(learner_threads=2)
    run = create_run(config, tmp_path / "run", [], check_environment(config))
    trainer = Trainer(run, config, resume=False, learner_module="threadless_learner")
    assert trainer.run() == 69
    assert trainer.message.startswith("A thread cannot be started: Resource temporarily unavailable: ")
    assert not events(run, "learner_died")


def test_another_error_names_its_file() -> None:
    assert in_numbers(OSError(errno.EACCES, "Permission denied", "x/y")) == "Permission denied: x/y"


def test_more_open_files_than_select_can_look_at_do_not_matter() -> None:
    """A child call polls; its descriptors are high ones when the caller has 1,100 others."""
    code = (
        "import os\n"
        "held = [os.open('/dev/null', os.O_RDONLY) for _ in range(1100)]\n"
        "from gwt_ib.processes.child_call import call_in_child\n"
        "print(call_in_child('this', {}).ending())\n"
    )
    result = limited(2000, 2000, code)
    assert result.stdout == "ended its process with exit code 0\n", result.stderr
