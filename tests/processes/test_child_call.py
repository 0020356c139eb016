"""A call in a child: every way in which user code may end it gives words, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from support import wait_until

from gwt_ib.errors import UserError
from gwt_ib.processes import child_call
from gwt_ib.processes.child_call import Outcome, call_in_child

TESTS = str(Path(__file__).parents[1])


@pytest.fixture(autouse=True)
def _asked_child_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    known = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", TESTS + (os.pathsep + known if known else ""))


def ask(what: str, **others: object) -> Outcome:
    options = {name: others.pop(name) for name in ("timeout_s", "echo", "meanwhile") if name in others}
    return call_in_child("asked_child", {"what": what, **others}, **options)  # type: ignore[arg-type]


def answer(what: str) -> Mapping[str, Any]:
    outcome = ask(what)
    assert outcome.answer is not None and outcome.code == 0
    return outcome.answer


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_child_has_a_session_of_its_own_no_stdin_and_no_heavy_module() -> None:
    found = answer("nothing")
    assert found["stdin"] == ""
    assert found["session"] != os.getsid(0)
    assert not {"torch", "gymnasium", "textual"} & set(found["modules"])


def test_meanwhile_something_else_can_be_done() -> None:
    done: list[str] = []
    ask("nothing", meanwhile=lambda: done.append("done"))
    assert done == ["done"]


def test_what_it_prints_is_kept_and_comes_to_stderr_escaped_where_that_is_wanted(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert ask("print", length=3).printed_lines() == ["\\x1b[31mloud\\x1b[0m xxx", "raw words"]
    assert capfd.readouterr() == ("", "")
    ask("print", length=3, echo=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "\\x1b[31mloud\\x1b[0m xxx\n" in err and "raw words\n" in err and "\x1b" not in err


def test_a_flood_is_read_to_its_end_and_shown_up_to_a_limit(capfd: pytest.CaptureFixture[str]) -> None:
    outcome = ask("print", length=5_000_000, echo=True)
    err = capfd.readouterr().err
    assert len(err) < 2 * child_call.PRINTED_BYTES and "left out" in err
    assert outcome.printed_lines()[-1] == "raw words" and "bytes are left out" in outcome.printed_lines()[0]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("sys.exit", "failed with SystemExit: 0"),
        ("os._exit", "ended its process in its way out with exit code 0"),
        ("signal", "was killed by SIGSEGV"),
        ("raise", "failed with RuntimeError: it [31mbroke"),
        ("raise without words", "failed with _Mute"),
    ],
)
def test_user_code_that_ends_the_child_gives_words(what: str, words: str) -> None:
    outcome = ask(what)
    assert outcome.answer is None and outcome.refusal is None
    assert outcome.ending() == words


def test_a_refusal_is_the_caller_s_own_error_without_control_characters() -> None:
    refusal = ask("refuse").refusal
    assert refusal is not None
    assert (refusal.message, refusal.code) == ("No [2Jsuch thing.", 78)


def test_noise_on_the_descriptor_of_the_answers_is_no_answer() -> None:
    outcome = ask("noise")
    assert outcome.answer is not None and "session" in outcome.answer
    assert outcome.stage == "its noise"


def test_a_long_answer_comes_whole_and_exit_handlers_run() -> None:
    outcome = ask("long")
    assert outcome.answer == {"text": "x" * 3_000_000}
    assert outcome.last_words == " It printed last: it was told to end"


def test_a_child_that_hangs_is_killed_when_its_time_is_over() -> None:
    others = set(psutil.Process().children())  # of earlier tests, not reaped yet
    outcome = ask("hang", timeout_s=1.0)
    assert outcome.code is None and not outcome.answered
    assert set(psutil.Process().children()) <= others


def test_a_helper_that_holds_the_output_open_and_floods_it_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_call, "LEAVING_S", 0.5)
    others = set(psutil.Process().children())
    assert ask("leave a flood").answer is not None
    assert set(psutil.Process().children()) <= others


def test_what_it_started_ends_with_it_in_whatever_session() -> None:
    pids = answer("leave")["pids"]
    assert len(pids) == 2
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
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(UserError, match=r"cannot be started: .* processes are allowed") as refused:
        ask("nothing")
    assert refused.value.code == 69
    assert len(list(Path("/proc/self/fd").iterdir())) == before
