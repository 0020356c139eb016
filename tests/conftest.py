"""Fixtures that run the real command line, and see to it that nothing is left of it."""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")  # before torch is imported: see gwt_ib.processes.children

import atexit
import gc
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults_support import FIGURES
from support import CHANNEL, PATIENCE_S, SMALL, assignments, processes_of, shared_names, updates, wait_until

from gwt_ib.runs import events
from gwt_ib.runs.directory import RunDirectory

events.STRICT = True  # what the table of events does not have is an error

# The user's own keys and layout are none of the tests' business, nor the tests of theirs.
MARKERS = "not soak"  # those of `addopts`
_HOME = tempfile.mkdtemp(prefix="gwt-ib-tests-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ.update(XDG_CONFIG_HOME=f"{_HOME}/config", XDG_STATE_HOME=f"{_HOME}/state")

# The tests may run under nohup or in the background of a script; neither they nor what they start shall ignore a signal.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What tests are made of stays to the end; to look through it again and again takes as long as to make it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Of tests that are chosen by name all may have, or lack, a marker that `make test` asks for: that is no error."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.option.markexpr != MARKERS:
        session.exitstatus = pytest.ExitCode.OK
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["figures"] = dict(FIGURES)  # one of two processes that test side by side


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a process that tests beside others has measured."""
    FIGURES.update(getattr(node, "workeroutput", {}).get("figures", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the fault tests have measured, for docs/reliability.md."""
    if FIGURES:
        terminalreporter.section("measured faults")
    for name, value in FIGURES.items():
        terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `gwt-ib-tui ARGUMENTS…` in an empty directory, without a terminal and as if outside CI."""

    def run(*arguments: str, timeout: float = 120, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gwt_ib_tui", *arguments],
            cwd=tmp_path, env={**os.environ, "CI": "", **env}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=timeout,
        )  # fmt: skip

    return run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `gwt-ib-tui ARGUMENTS…` in the background; whatever still runs at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "gwt_ib_tui", *arguments],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def long_run(start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> tuple[RunDirectory, subprocess.Popen[str]]:
    """A run that would go on for days, started and past its first updates; with the process that trains it."""
    settings = {**SMALL, "channel": CHANNEL, "num_actors": 2, "total_timesteps": 2_000_000_000, "eval_every": 0}
    process = start("launch", "--headless", "--run-dir", "run", *assignments(**settings))
    run = RunDirectory(tmp_path / "run")
    wait_until(lambda: len(updates(run)) >= 3 or process.poll() is not None, 180, "no update was made")
    assert process.poll() is None, process.stderr.read()
    return run, process


@pytest.fixture
def nothing_left(tmp_path: Path) -> Iterator[None]:
    """After the test no process of a run under `tmp_path` lives, and /dev/shm holds no new name."""
    before = shared_names()
    yield
    wait_until(lambda: not processes_of(tmp_path), PATIENCE_S, "a process of the run is still there")
    # Tests beside this one, and somebody else's programs, may have names there for a moment.
    wait_until(lambda: shared_names() <= before, PATIENCE_S, "a name is left in /dev/shm")
