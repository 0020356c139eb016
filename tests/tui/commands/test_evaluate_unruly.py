"""`evaluate` of a snapshot whose environment misbehaves: a sentence, valid JSON, and nothing left of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from support import PATIENCE_S, SMALL, assignments, wait_until

from gwt_ib.config import Config
from gwt_ib.runs.directory import RunDirectory

Command = Callable[..., "subprocess.CompletedProcess[str]"]
TESTS = str(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of a calm environment."""
    folder = tmp_path_factory.mktemp("evaluated")
    settings = assignments(**{**SMALL, "env_id": "unruly_envs:Calm-v0", "total_timesteps": 512, "eval_every": 0})
    launch = [sys.executable, "-m", "gwt_ib_tui", "launch", "--headless", "--run-dir", "run", *settings]
    result = subprocess.run(launch, cwd=folder, env=_env(), stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return folder / "run"


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (TESTS, os.environ.get("PYTHONPATH"))))}


def _use(run: Path, name: str) -> None:
    config = RunDirectory(run).read_config()
    RunDirectory(run).write_config(Config(**{**config.model_dump(), "env_id": f"unruly_envs:{name}-v0"}))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ExitsMade", "sys.exit()"),
        ("ExitsReset", "SystemExit"),
        ("ExitsStep", "the window was closed"),
        ("Vanishes", "ended its process with exit code"),
        ("Crashes", "was killed by SIGSEGV"),
        ("Panics", "Panic"),
    ],
)
def test_an_environment_that_breaks_an_evaluation_is_one_sentence(
    name: str, words: str, trained: Path, command: Command
) -> None:
    _use(trained, name)
    done = command("evaluate", str(trained), "--json", "--trust", PYTHONPATH=_env()["PYTHONPATH"])
    assert done.returncode == 78, (done.stdout, done.stderr)
    assert done.stdout == "" and "Traceback" not in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].startswith("gwt-ib-tui: ") and words in done.stderr.splitlines()[-1]
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("name", ["Prints", "Floods", "LeavesThings"])
def test_what_an_environment_prints_and_starts_is_no_matter_of_the_result(
    name: str, trained: Path, command: Command, tmp_path: Path
) -> None:
    _use(trained, name)
    env = {"PYTHONPATH": _env()["PYTHONPATH"], "UNRULY_FOLDER": str(tmp_path)}
    done = command("evaluate", str(trained), "--json", "--trust", **env)
    assert done.returncode == 0, done.stderr[-1000:]
    assert len(json.loads(done.stdout)["eval_returns"]) == SMALL["eval_episodes"]
    assert len(done.stderr) < 200_000, "a flood has a cap"
    for started in tmp_path.glob("*"):
        for pid in map(int, started.read_text().split()) if started.is_file() else ():
            wait_until(lambda pid=pid: _is_gone(pid), 5.0, f"{pid} is left of {name}")  # type: ignore[misc]


def test_ctrl_c_ends_an_evaluation_that_hangs(trained: Path) -> None:
    _use(trained, "Hangs")
    asked = [sys.executable, "-m", "gwt_ib_tui", "evaluate", str(trained), "--trust"]
    process = subprocess.Popen(asked, env=_env(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    caller = psutil.Process(process.pid)
    (child,) = wait_until(caller.children, 30, "no evaluation was begun")
    wait_until(lambda: len(child.memory_maps()) > 50, 30, "it does not come up")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130 and "Traceback" not in err
    wait_until(lambda: _is_gone(child.pid), 5.0, "the evaluation goes on")


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
