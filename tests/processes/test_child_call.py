"""A call in a child: every way in which user code may end it gives words, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support import wait_until

from gwt_ib.errors import UserError
from gwt_ib.processes import child_call
from gwt_ib.processes.child_call import ChildFailed, call_in_child

TESTS = str(Path(__file__).parents[1])


@pytest.fixture(autouse=True)
def _asked_child_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    known = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", TESTS + (os.pathsep + known if known else ""))


def ask(what: str, **others: object) -> dict[str, object]:
    timeout_s = others.pop("timeout_s", None)
    return call_in_child("asked_child", {"what": what, **others}, timeout_s=timeout_s)  # type: ignore[arg-type]


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_child_has_a_session_of_its_own_no_stdin_and_no_heavy_module() -> None:
    answer = ask("nothing")
    assert answer["stdin"] == ""
    assert answer["session"] != os.getsid(0)
    assert not {"torch", "gymnasium", "textual"} & set(answer["modules"])  # type: ignore[call-overload]


def test_what_it_prints_comes_to_stderr_escaped(capfd: pytest.CaptureFixture[str]) -> None:
    ask("print", length=3)
    out, err = capfd.readouterr()
    assert out == ""
    assert "\\x1b[31mloud\\x1b[0m xxx\n" in err and "raw words\n" in err and "\x1b" not in err


def test_a_flood_is_read_to_its_end_and_shown_up_to_a_limit(capfd: pytest.CaptureFixture[str]) -> None:
    ask("print", length=5_000_000)
    err = capfd.readouterr().err
    assert len(err) < 2 * child_call.ECHO_BYTES and "left out" in err


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("sys.exit", "SystemExit: 0"),
        ("os._exit", "ended with exit code 0 before it was done"),
        ("raise", "RuntimeError: it [31mbroke"),
    ],
)
def test_user_code_that_ends_the_child_gives_words(what: str, words: str) -> None:
    with pytest.raises(ChildFailed) as failed:
        ask(what)
    assert failed.value.words == words
    assert not failed.value.timed_out


def test_a_refusal_is_the_caller_s_own_error_without_control_characters() -> None:
    with pytest.raises(UserError) as refused:
        ask("refuse")
    assert (refused.value.message, refused.value.code) == ("No [2Jsuch thing.", 78)


def test_a_child_that_hangs_is_killed_when_its_time_is_over() -> None:
    with pytest.raises(ChildFailed) as failed:
        ask("hang", timeout_s=1.0)
    assert failed.value.timed_out and failed.value.words == "took longer than 1 s"
    assert not psutil.Process().children()


def test_what_it_started_ends_with_it_in_whatever_session() -> None:
    pids = ask("leave")["pids"]
    assert isinstance(pids, list) and len(pids) == 2
    wait_until(lambda: all(map(is_gone, pids)), 5.0, "something is left")


def test_a_child_dies_with_its_caller() -> None:
    code = "from gwt_ib.processes.child_call import call_in_child; call_in_child('asked_child', {'what': 'hang'})"
    caller = subprocess.Popen([sys.executable, "-c", code])
    (child,) = wait_until(lambda: psutil.Process(caller.pid).children(), 20, "no child")
    wait_until(lambda: child.status() == psutil.STATUS_SLEEPING, 20, "it does not hang")
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    wait_until(lambda: is_gone(child.pid), 5.0, "it outlives its caller")


def test_a_process_that_cannot_be_started_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(UserError, match=r"cannot be started: .* processes are allowed") as refused:
        ask("nothing")
    assert refused.value.code == 69
