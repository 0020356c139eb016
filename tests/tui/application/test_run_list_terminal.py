"""`runs` and `compare` in a real terminal (a pty): from the list into a run and back, and out when asked to end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pseudo_terminal import Terminal
from recorded_run import RecordedRun
from support import wait_until

from gwt_ib.clock import utc_now


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for number, name in enumerate(("older-run", "newer-run")):
        run = RecordedRun(tmp_path / "runs" / name, seed=number)
        run.learn(12)
        run.beat(created=utc_now() - 60 + number)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def opened(terminals: list[Terminal], *arguments: str) -> Terminal:
    terminals.append(Terminal(sys.executable, "-m", "gwt_ib_tui", *arguments))
    return terminals[-1]


def typed(terminal: Terminal, keys: bytes, words: bytes) -> None:
    """Type, and wait until these words are written after that."""
    terminal.output = b""
    os.write(terminal.fd, keys)
    terminal.wait_for(words)


def chosen(terminal: Terminal, seed: str) -> bool:
    """Whether the run of this seed is the chosen one on the list."""
    return any(line.startswith(" ›") and f" {seed} " in line for line in terminal.screen.display)


def test_from_the_list_into_a_run_and_back(folder: Path, terminals: list[Terminal]) -> None:
    terminal = opened(terminals, "runs")
    wait_until(lambda: terminal.read(0.05) and chosen(terminal, "s1"), 10, "no run is chosen")
    os.write(terminal.fd, b"j")
    wait_until(lambda: terminal.read(0.05) and chosen(terminal, "s0"), 10, "the older run is not chosen")
    typed(terminal, b"\r", b"td_std")
    assert "older-run" in terminal.screen.display[0]
    typed(terminal, b"q", b"Leave the dashboard?")
    typed(terminal, b"d", b"Mark")
    wait_until(lambda: terminal.read(0.05) and chosen(terminal, "s0"), 10, "the choice is not there any more")
    os.write(terminal.fd, b"q")
    terminal.drain()
    assert terminal.wait() == 0
    assert terminal.left_on() == [] and b"Traceback" not in terminal.output
    assert not any((folder / "runs" / "older-run" / "control").iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_a_run_that_was_opened_ends_all(
    folder: Path, terminals: list[Terminal], number: signal.Signals
) -> None:
    terminal = opened(terminals, "runs")
    wait_until(lambda: terminal.read(0.05) and chosen(terminal, "s1"), 10, "no run is chosen")
    typed(terminal, b"\r", b"td_std")
    terminal.output = b""
    os.kill(terminal.pid, number)
    terminal.drain()
    assert terminal.wait() == 0
    assert terminal.left_on() == [] and b"Mark" not in terminal.output


def test_compare_opens_its_screen_and_a_run_from_it_and_cannot_control(folder: Path, terminals: list[Terminal]) -> None:
    terminal = opened(terminals, "compare", "older-run", "newer-run")
    terminal.wait_for(b"against")
    terminal.wait_for(b"read-only")
    typed(terminal, b"j \x1b[B\r", b"newer-run")
    os.write(terminal.fd, b" s")
    terminal.read(0.5)
    os.write(terminal.fd, b"q")
    terminal.drain()
    assert terminal.wait() == 0
    assert terminal.left_on() == []
    for name in ("older-run", "newer-run"):
        assert not any((folder / "runs" / name / "control").iterdir())


def test_a_list_of_nothing_is_a_sentence(
    tmp_path: Path, terminals: list[Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    terminal = opened(terminals, "runs")
    terminal.wait_for(b"no run under runs/ yet")
    assert terminal.wait() == 0
