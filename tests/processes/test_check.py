"""Environments are checked in a process of their own: whatever they do, the command gets one sentence and goes on."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from support import PATIENCE_S, task, wait_until

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.check import check_in_child

TESTS = str(Path(__file__).parent.parent)


@pytest.fixture(autouse=True)
def where_the_environments_are(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([TESTS, os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("UNRULY_FOLDER", str(tmp_path))


def refusal(name, **settings):
    with pytest.raises(UserError) as caught:
        check_in_child(Config(env_id=f"unruly_envs:{name}-v0", **settings))
    assert caught.value.code is ExitCode.BAD_CONFIGURATION
    assert caught.value.message.isprintable()
    return caught.value.message.replace(f"The environment 'unruly_envs:{name}-v0'", "It")


def test_what_is_found_is_what_a_check_in_this_process_finds():
    from gwt_ib.envs.make import check_environment

    def sizes(spec):
        return {name: value for name, value in spec.as_dict().items() if not name.endswith("_s")}

    here, there = check_environment(task("sample_envs:Nested-v0")), check_in_child(task("sample_envs:Nested-v0"))
    assert sizes(here) == sizes(there)
    assert there.make_s > 0 and there.reset_s > 0 and there.step_s > 0


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("ExitsMade", "It ended its process with sys.exit() in its constructor."),
        ("ExitsReset", "It ended its process with sys.exit(0) in reset. It printed last: [2Jno display was found"),
        ("ExitsStep", "It ended its process with sys.exit('the window was closed') in step."),
        ("Vanishes", "It ended its process in reset with exit code 0. It printed last: the engine gives up"),
        ("Crashes", "It was killed by SIGSEGV in step."),
        ("Panics", "It cannot be reset: Panic: unwrapped nothing."),
        ("Interrupts", "It cannot be stepped: KeyboardInterrupt."),
        ("FailsWithoutWords", "It cannot be reset: Mute."),
        ("HugeReward", "It cannot be learnt from: the reward is 1e+30, and not between -1e+09 and 1e+09."),
    ],
)
def test_every_way_to_fail_is_one_sentence(name, sentence):
    assert refusal(name) == sentence


def test_one_that_hangs_is_ended_when_its_time_is_over():
    began = time.monotonic()
    sentence = (
        "It did not come back from reset within 5 s; start_timeout_s sets how long it may take. "
        "It printed last: waiting for a licence"
    )
    assert refusal("Hangs", start_timeout_s=5.0) == sentence
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import sys; print('old gl'); sys.exit(3)", "cannot be imported: SystemExit: 3. It printed last: old gl"),
        ("import os; os._exit(4)", "ended its process in the import of its module with exit code 4"),
        ("raise KeyboardInterrupt", "cannot be imported: KeyboardInterrupt"),
        ("import not_there", "cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_module_that_fails_as_it_is_imported(tmp_path, text, words):
    (tmp_path / "bad_module.py").write_text(text)
    with pytest.raises(UserError) as caught:
        check_in_child(task("bad_module:Any-v0"), cwd=tmp_path)
    assert words in caught.value.message


def test_an_id_that_is_not_there_is_answered_with_the_nearest():
    with pytest.raises(UserError, match="Did you mean popgym-CountRecallEasy-v0"):
        check_in_child(task("CountRecallEasy"))


def test_what_it_prints_is_shown_line_by_line_and_moves_no_cursor(capfd):
    lines = []
    check_in_child(task("unruly_envs:Prints-v0"), show=lines.append)
    assert lines == ["engine 3.1 \\x1b[31mready", "built today"]
    assert capfd.readouterr() == ("", "")
    check_in_child(task("unruly_envs:Prints-v0"))
    assert capfd.readouterr() == ("", "engine 3.1 \\x1b[31mready\nbuilt today\n")


def test_a_flood_is_cut_to_its_end():
    lines = []
    check_in_child(task("unruly_envs:Floods-v0"), show=lines.append)
    assert lines[0].startswith("… (")
    assert lines[-1].endswith("frame")
    assert sum(map(len, lines)) < 20_000


def test_what_it_leaves_behind_ends_with_it_and_nobody_waits(tmp_path):
    check_in_child(task("unruly_envs:LeavesThings-v0"))
    left = [int(pid) for pid in (tmp_path / "left.txt").read_text().split()]
    assert len(left) == 3
    wait_until(lambda: not any(map(psutil.pid_exists, left)), 5, "something that it started still lives")


def test_notes_say_what_a_run_has_to_know():
    assert check_in_child(task("unruly_envs:Calm-v0")).notes == ()
    assert "cannot be exact" in check_in_child(task("unruly_envs:NeverTheSame-v0")).notes[0]
    assert "moved to that limit" in check_in_child(task("unruly_envs:NoEcho-v0")).notes[0]


def test_the_process_that_asks_imports_no_environment():
    program = (
        "import sys; from gwt_ib.config import Config; from gwt_ib.processes.check import check_in_child\n"
        "print(check_in_child(Config()).observation_size)\n"
        "print(sorted({'gymnasium', 'popgym', 'torch'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "4\n[]\n"


def test_ctrl_c_of_the_user_ends_the_check_and_its_process(tmp_path):
    program = (
        "import os, signal; from gwt_ib.config import Config; from gwt_ib.errors import UserError\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from gwt_ib.processes.check import check_in_child\n"
        "try: check_in_child(Config(env_id='unruly_envs:Hangs-v0'))\n"
        "except UserError as error: print(error.message, flush=True); os._exit(error.code)\n"
    )
    asking = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)

    def children():
        with suppress(psutil.Error):  # one has just ended
            found = psutil.Process(asking.pid).children(recursive=True)
            return [child for child in found if "gwt_ib.processes.check" in str(child.cmdline())]
        return []

    (child,) = wait_until(children, 20, "no check was begun")
    asking.send_signal(signal.SIGINT)
    assert asking.wait(PATIENCE_S) == 130
    assert "Interrupted" in asking.stdout.read()
    wait_until(lambda: not child.is_running(), 5, "the check goes on")


def test_where_no_process_can_be_started_that_is_said(monkeypatch):
    def refuse(*_arguments, **_named):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(UserError, match=r"cannot be started: Resource .* processes are allowed") as caught:
        check_in_child(task("unruly_envs:Calm-v0"))
    assert caught.value.code is ExitCode.RESOURCES_USED_UP
