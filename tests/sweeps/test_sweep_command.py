"""The command `sweep` as a user meets it: real runs, killed and gone on with; mistakes; what is printed for programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from outcome import outcome
from support import SMALL, events, updates, wait_until

from gwt_ib.runs.control import send_request, take_requests
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.sweeps.definition import read_definition
from gwt_ib.sweeps.detached import start_detached
from gwt_ib.sweeps.directory import SweepDirectory, is_running, lock_sweep, make_directory
from gwt_ib.sweeps.places import Place
from gwt_ib.sweeps.plan import make_plan, write_plan
from gwt_ib.sweeps.states import read_states

Command = Callable[..., subprocess.CompletedProcess[str]]
UPDATES = 150
STEPS = SMALL["num_envs"] * SMALL["rollout_steps"]
BASE = {**SMALL, "total_timesteps": UPDATES * STEPS, "snapshot_every": 5, "eval_every": 0}
BASE |= {"num_actors": 1, "channel": "serial"}  # few processes, so that it is quick


def write(path: Path, *, seeds: tuple[int, ...] = (1, 2), **base: object) -> Path:
    values = "\n".join(f"{name} = {json.dumps(value)}" for name, value in {**BASE, **base}.items())
    path.write_text(f"[base]\n{values}\n[grid]\nseed = {list(seeds)}\n")
    return path


@pytest.fixture
def sweep_in(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a sweep in the background; whatever still runs at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        started.append(begin_sweep(tmp_path, *arguments))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def begin_sweep(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gwt_ib_tui", "sweep", "f.toml", "--headless", "--parallel", "2", *arguments],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "CI": ""},
    )  # fmt: skip


def wait_for(runs: list[RunDirectory], update: int, process: subprocess.Popen[str]) -> None:
    """Wait until all runs have come so far and train; the first ones wait for the others, so that none has ended by then."""
    asked: set[RunDirectory] = set()

    def all_paused() -> bool:
        for run in set(runs) - asked:
            if max(updates(run), default=0) >= update:
                send_request(run.control, "pause")
                asked.add(run)
        return process.poll() is not None or all(run.state() == "paused" for run in runs)

    wait_until(all_paused, 150, "no update")
    paused_at = {run: max(updates(run)) for run in runs}
    for run in runs:
        send_request(run.control, "unpause")
    wait_until(
        lambda: process.poll() is not None or all(max(updates(run)) > paused_at[run] for run in runs), 150, "halt"
    )
    assert process.poll() is None, process.communicate()


@pytest.mark.processes
@pytest.mark.side_by_side
def test_a_sweep_that_is_killed_and_interrupted_goes_on_and_its_runs_are_bitwise_the_undisturbed_ones(
    tmp_path: Path, command: Command, nothing_left: None, sweep_in: Callable[..., subprocess.Popen[str]]
) -> None:
    write(tmp_path / "f.toml")
    assert command("sweep", "f.toml", "--headless", "--dir", "undisturbed").returncode == 0
    found = SweepDirectory(tmp_path / "killed")
    members = SweepDirectory(tmp_path / "undisturbed").read_definition().members
    runs = [found.run(member) for member in members]

    process = sweep_in("--dir", "killed")
    wait_for(runs, 12, process)
    process.kill()  # its trainers end by themselves, and hold their runs for a moment
    process.communicate()

    process = sweep_in("--dir", "killed")
    wait_until(lambda: process.poll() is not None or all(events(run, "resumed") for run in runs), 150, "not resumed")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert out.count("resumed") == 2
    assert "stopped" in {run.state() for run in runs} <= {"stopped", "finished"}

    assert sweep_in("--dir", "killed").communicate(timeout=200)[1].endswith("All runs have finished.\n")
    for run, member in zip(runs, members, strict=True):
        wanted = outcome(SweepDirectory(tmp_path / "undisturbed").run(member))
        got = outcome(run)
        assert got.rows == wanted.rows and got.model == wanted.model, got.first_difference(wanted)
        assert run.read_run().exact_resume, "run.json says so, too"
        assert run.final_evaluation.exists()

    # One that was killed between its last snapshot and the word of it has nothing left to do but to say so.
    record = runs[0].read_run()
    runs[0].write_run(replace(record, state="running", trainer=2**22 + 1))
    again = command("sweep", "f.toml", "--json", "--dir", "killed")
    assert again.returncode == 0, again.stderr
    told = [json.loads(line) for line in again.stdout.splitlines()]
    assert [each["kind"] for each in told] == ["plan", "resumed", "finished", "end"]
    assert (told[-1]["finished"], told[-1]["exit_code"]) == (2, 0)
    assert outcome(runs[0]).rows == wanted_rows(tmp_path, members[0].name)


def wanted_rows(tmp_path: Path, name: str) -> object:
    return outcome(RunDirectory(tmp_path / "undisturbed" / "runs" / name)).rows


@pytest.mark.processes
@pytest.mark.side_by_side
def test_a_sweep_of_its_own_session_is_stopped_by_a_request_and_grows_with_its_file(tmp_path: Path) -> None:
    file, found = write(tmp_path / "f.toml", total_timesteps=10**9, seeds=(1,)), SweepDirectory(tmp_path / "s")
    plan = make_plan(found, read_definition(file), Place(parallel=1), measure=lambda config, spec: 1e-6)
    assert not found.path.exists(), "a plan writes nothing"
    make_directory(found)
    write_plan(plan)
    pid = start_detached(found, plan.place)
    try:
        wait_until(lambda: read_states(found).members[0].env_steps, 150, "no update")
        assert os.getsid(pid) == pid and is_running(found) and found.read_holder().pid == pid
        send_request(found.control, "stop")
        wait_until(lambda: not is_running(found), 20, "it did not stop")
        assert read_states(found).members[0].state == "stopped"
    finally:
        if found.read_holder().alive:
            os.kill(pid, signal.SIGKILL)
    write(file, total_timesteps=10**9, seeds=(1, 2, 3))
    grown = make_plan(found, read_definition(file), Place(parallel=1))
    assert [each.status for each in grown.state.members] == ["unfinished", "waiting", "waiting"]
    assert "trained so far" in grown.estimate.source


def test_two_sweeps_on_one_directory_are_one_too_many(tmp_path: Path, command: Command) -> None:
    found = SweepDirectory(tmp_path / "sweep")
    make_directory(found)
    found.write_definition(read_definition(write(tmp_path / "f.toml")))
    with lock_sweep(found):
        found.write_holder(1, "this machine")
        other = command("sweep", "f.toml", "--headless", "--dir", "sweep")
    assert other.returncode == 75 and f"pid {os.getpid()} on " in other.stderr


@pytest.mark.parametrize(
    ("content", "arguments", "code", "words"),
    [
        (None, (), 78, "Cannot read f.toml: No such file or directory."),
        ("[grid]\nsed = [1]", (), 78, "Unknown field 'sed' (f.toml, line 2). Did you mean seed"),
        (
            '[base]\nlr = 0.1\n[grid]\nenv_id = ["popgym-CountRecallEasy-v0", "popgym-CountRecalEasy-v0"]', (), 78,
            "f.toml, line 4: There is no environment 'popgym-CountRecalEasy-v0'. Did you mean",
        ),
        ("", ("--dir", "full"), 73, "full is not empty and no sweep"),
        ("", ("--parallel", "0"), 2, "--parallel"),
        ("[base]\nnum_actors = 1000\nnum_envs=1000\nnum_envs = 1", (), 78, "f.toml is not valid TOML"),
        ("[base]\nnum_actors = 4000\nnum_envs = 4000\ntotal_timesteps = 2e6", ("--parallel", "1"), 69, "MiB of memory"),
    ],
)  # fmt: skip
def test_a_mistake_gets_a_sentence_and_its_code_and_leaves_nothing(
    tmp_path: Path, command: Command, content: str | None, arguments: tuple[str, ...], code: int, words: str
) -> None:
    if content is not None:
        (tmp_path / "f.toml").write_text(content)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    before = sorted(tmp_path.rglob("*"))
    found = command("sweep", "f.toml", "--headless", *arguments)
    assert found.returncode == code and words in found.stderr, found.stderr
    assert "Traceback" not in found.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_the_sweep_of_a_stranger_imports_nothing_without_trust(tmp_path: Path, command: Command) -> None:
    (tmp_path / "evil.py").write_text("open('imported', 'w')")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "sweep.toml").write_text('[base]\nenv_id = "evil:Evil-v0"')
    refused = command("sweep", "theirs", "--dry-run")
    assert refused.returncode == 2 and "'evil'" in refused.stderr and "--trust" in refused.stderr
    assert not (tmp_path / "imported").exists()
    assert command("sweep", "theirs", "--dry-run", "--trust").returncode == 78
    assert (tmp_path / "imported").exists()


def test_a_sweep_is_asked_to_stop_as_a_run_is(tmp_path: Path, command: Command) -> None:
    found = SweepDirectory(tmp_path / "sweep")
    make_directory(found)
    found.write_definition(read_definition(write(tmp_path / "f.toml")))
    assert command("stop", "sweep").returncode == 2, "nobody runs it"
    with lock_sweep(found):
        assert command("stop", "sweep").returncode == 0
    assert [request.kind for request in take_requests(found.control)[0]] == ["stop"]


def test_a_dry_run_says_what_it_takes_and_starts_nothing(tmp_path: Path, command: Command) -> None:
    write(tmp_path / "f.toml", seeds=(1, 2, 3))
    found = command("sweep", "f.toml", "--dry-run")
    assert found.returncode == 0
    assert f"3 run(s): 1 task(s), 1 arm(s), 3 seed(s); {3 * UPDATES * STEPS:,} env steps" in found.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["f.toml"]
    told = json.loads(command("sweep", "f.toml", "--dry-run", "--json").stdout)
    assert (told["kind"], told["env_steps"], len(told["runs"])) == ("plan", 3 * UPDATES * STEPS, 3)
