"""What processes take of the machine: read on this host only, at most once a second, absent where it cannot be had."""

from __future__ import annotations

import os
import socket

import psutil
import pytest

from gwt_ib.clock import utc_now
from gwt_ib_tui.state.run import usage as usage_module
from gwt_ib_tui.state.run.usage import UsageReader

HERE = socket.gethostname()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(usage_module.time, "monotonic", lambda: now[0])
    return now


def test_a_process_is_read_once_a_second(clock: list[float]) -> None:
    reader = UsageReader()
    first = reader.read(HERE, [os.getpid()], utc_now())
    assert first[os.getpid()].cpu_percent is None, "there is no time to divide by yet"
    assert first[os.getpid()].resident > 10e6
    clock[0] = 0.9
    assert reader.read(HERE, [os.getpid()], utc_now()) is first
    clock[0] = 1.1
    again = reader.read(HERE, [os.getpid()], utc_now())
    assert again is not first and again[os.getpid()].cpu_percent >= 0


def test_reading_that_is_dear_is_done_more_rarely(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(reader: UsageReader, pid: int, last_sign: float | None) -> usage_module.Usage:
        clock[0] += 0.05
        return usage_module.Usage(1.0, 1)

    monkeypatch.setattr(UsageReader, "_of", slow)
    reader = UsageReader()
    first = reader.read(HERE, [1, 2], None)
    clock[0] = 9.9
    assert reader.read(HERE, [1, 2], None) is first
    clock[0] = 10.1
    assert reader.read(HERE, [1, 2], None) is not first


def test_who_is_gone_elsewhere_or_another_is_left_out(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    me = os.getpid()
    assert UsageReader().read("another-host", [me], utc_now()) == {}
    assert list(UsageReader().read(HERE, [2**22 + 1, -5, 2**70, me], utc_now())) == [me]
    began = psutil.Process(me).create_time()
    assert UsageReader().read(HERE, [me], began - 10) == {}, "it only has the number of one that is gone"

    def denied(process: psutil.Process) -> float:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "cpu_percent", denied)
    assert UsageReader().read(HERE, [me], utc_now()) == {}


def test_of_an_ended_run_nothing_is_read_again_and_again(clock: list[float]) -> None:
    reader = UsageReader()
    nothing = reader.read(HERE, [], None)
    clock[0] = 5.0
    assert reader.read(HERE, [], None) is nothing
