"""The machine on the screen of processes: read seldom, never an error, and in as many words as have room."""

from __future__ import annotations

import sys
import types
from dataclasses import replace
from pathlib import Path

import pytest

from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.state.run import machine
from gwt_ib_tui.state.run.machine import Gpu, Machine, MachineReader, gpu_reader
from gwt_ib_tui.widgets.machine_panel import fitting, gpu_readings, machine_readings, own_words

KNOWN = Machine(8, 3.5, 40.0, 12_000_000_000, 16_000_000_000, 2_000_000_000, 500_000_000_000, (), 1.25, 92_000_000)


def test_it_is_read_at_most_once_in_a_while(tmp_path: Path) -> None:
    now = 100.0
    reader = MachineReader(lambda: now)
    first = reader.read(tmp_path)
    assert first is not None and first.cores >= 1 and first.memory_total and first.disk_total and first.own_memory
    assert first.own_percent is None, "nothing to compare with yet"
    now += machine.PERIOD_S / 2
    assert reader.read(tmp_path) is first
    now += machine.PERIOD_S
    second = reader.read(tmp_path)
    assert second is not None and second is not first and second.own_percent is not None


def test_a_run_directory_that_is_gone_costs_the_disk_alone(tmp_path: Path) -> None:
    found = MachineReader().read(tmp_path / "gone")
    assert found is not None and found.disk_free is None and found.memory_total


def test_there_are_no_gpus_without_a_driver_or_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpu_reader(tmp_path / "none")() == ()
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gpu_reader(tmp_path)() == (), "the library is not installed"


def test_a_gpu_that_does_not_say_how_busy_it_is_says_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("Not Supported")

    nvml = types.SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 1,
        nvmlDeviceGetHandleByIndex=lambda place: place,
        nvmlDeviceGetName=lambda _: b"NVIDIA H100",
        nvmlDeviceGetUtilizationRates=fail,
        nvmlDeviceGetMemoryInfo=lambda _: types.SimpleNamespace(used=20_000_000_000, total=80_000_000_000),
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    (gpu,) = gpu_reader(tmp_path)()
    assert gpu == Gpu("NVIDIA H100", None, 20_000_000_000, 80_000_000_000)
    assert fitting(gpu_readings(gpu, DARK), 80, DARK).plain == " GPU NVIDIA H100  memory 20.0 of 80.0 GB"


def test_the_words_fit_and_what_is_short_is_marked() -> None:
    readings = machine_readings(KNOWN, DARK)
    words = " cores 8  busy 40 %  load 3.50  memory 12.0 of 16.0 GB  disk 2.0 of 500 GB free"
    assert fitting(readings, 100, DARK).plain == words
    assert fitting(readings, 40, DARK).plain == " cores 8  busy 40 %  load 3.50"
    assert readings[-1][2] == DARK.bad and readings[-2][2] == DARK.text, "the disk is nearly full"
    assert own_words(KNOWN) == ["this dashboard: 1.2 % of a core, 92 MB"]
    assert own_words(replace(KNOWN, own_memory=None)) == own_words(None) == []
