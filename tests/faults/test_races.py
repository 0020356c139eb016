"""Many commands for one run directory at once: one of them trains, the others say so and touch nothing."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from chaos import STEPS, TOY
from faults_support import measured
from support import assignments, updates

from gwt_ib.runs.directory import RunDirectory

pytestmark = pytest.mark.processes
COUNT = 8
BARRIER = """
import os, sys
sys.path.insert(0, os.getcwd())
import gwt_ib_tui.cli, gwt_ib.config, gwt_ib.runs.directory, gwt_ib_tui.commands.launch, gwt_ib_tui.commands.headless
sys.stdout.write("ready\\n"); sys.stdout.flush()
sys.stdin.readline()
sys.argv = ["gwt-ib-tui", *sys.argv[1:]]
gwt_ib_tui.cli.main()
"""


def race(toy, words: list[str]) -> list[tuple[int, str]]:
    """Start a command many times at the same moment; exit code and output of each, when all have ended."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", BARRIER, *words],
            cwd=toy.folder, env=toy.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )
        for _ in range(COUNT)
    ]  # fmt: skip
    try:
        for racer in racers:
            assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("\n")
            racer.stdin.flush()
        return [(racer.wait(120), racer.stdout.read() if racer.stdout else "") for racer in racers]
    finally:
        for racer in racers:
            racer.kill()
            racer.wait()


@pytest.mark.side_by_side
def test_of_many_launches_into_one_directory_exactly_one_wins(toy):
    settings = assignments(**{**TOY, "total_timesteps": 5 * STEPS})
    ended = race(toy, ["launch", "--headless", "--run-dir", str(toy.run.path), *settings])
    codes = sorted(code for code, _ in ended)
    assert codes.count(0) == 1 and set(codes[1:]) <= {73, 75}, codes
    assert all("Traceback" not in said for _, said in ended)
    assert all(str(toy.run.path) in said for code, said in ended if code)
    assert updates(toy.run) == [1, 2, 3, 4, 5], "the losers left the winner's run alone"
    assert toy.run.read_run().state == "finished"


@pytest.mark.side_by_side
def test_of_many_resumes_exactly_one_goes_on(toy):
    toy.launch(total_timesteps=5 * STEPS)
    assert toy.ends() == 0
    ended = race(toy, ["resume", str(toy.run.path), "--headless", "--total-timesteps", str(200 * STEPS)])
    codes = sorted(code for code, _ in ended)
    # One that comes when the first has finished finds nothing left to do.
    assert codes.count(0) == 1 and set(codes[1:]) <= {75, 2}, codes
    assert updates(toy.run) == list(range(1, 201))


def test_a_second_command_is_refused_at_once_with_the_number_of_the_first(toy):
    toy.launch()
    toy.wait_for_update(3)
    began = time.monotonic()
    resumed = toy.command("resume", str(toy.run.path), "--headless")
    launched = toy.command("launch", "--headless", "--run-dir", str(toy.run.path))
    measured("F22: two commands on a run that trains are refused after", f"{(time.monotonic() - began) / 2:.1f} s each")
    assert resumed.returncode == 75 and f"pid {toy.trainer}" in resumed.stderr
    assert launched.returncode in (73, 75) and str(toy.run.path) in launched.stderr
    toy.more_updates(3)
    assert toy.stop() == 143
    assert RunDirectory(toy.run.path).read_config().hidden_size == TOY["hidden_size"]
