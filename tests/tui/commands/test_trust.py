"""A run that was made elsewhere does not get its module imported unasked, and user code never runs in a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pseudo_terminal import Terminal
from support import SMALL, assignments

Command = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.usefixtures("nothing_left")

CANARY = """
import os
from pathlib import Path
import gymnasium, sample_envs
with Path({canary!r}).open("a") as file:
    file.write(f"{{os.getpid()}}\\n")
gymnasium.register("Canary-v0", sample_envs.Ends)
"""


@pytest.fixture
def stranger(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished run as it looks when it comes from another machine; returns the file that its module writes to."""
    canary = tmp_path / "canary"
    tests = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), tests))))
    (tmp_path / "canary_env.py").write_text(CANARY.format(canary=str(canary)))
    settings = {**SMALL, "env_id": "canary_env:Canary-v0", "total_timesteps": 512}
    made = command("launch", "--headless", "--run-dir", "run", *assignments(**settings))
    assert made.returncode == 0, made.stderr
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert len(record["origin"]) == 64
    (tmp_path / "run" / "run.json").write_text(json.dumps(record | {"origin": "0" * 64}))
    canary.unlink()
    return canary


COMMANDS = [["evaluate", "run"], ["resume", "run", "--headless", "--total-timesteps", "1024"]]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
def test_the_module_of_a_stranger_s_run_is_not_imported_unasked(
    arguments: list[str], stranger: Path, command: Command
) -> None:
    refused = command(*arguments)
    assert refused.returncode == 2
    assert "'canary_env'" in refused.stderr and "--trust" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1 and not stranger.exists()
    trusted = command(*arguments, "--trust")
    assert trusted.returncode == 0, trusted.stderr
    assert stranger.exists()


def test_in_a_terminal_one_is_asked_and_no_is_the_default(stranger: Path, tmp_path: Path) -> None:
    asked = [sys.executable, "-m", "gwt_ib_tui", "evaluate", str(tmp_path / "run")]
    environment = ["/usr/bin/env", "-u", "CI", "-C", str(tmp_path)]
    for answer, code in ((b"\n", 2), (b"y\n", 0)):
        terminal = Terminal(*environment, *asked)
        try:
            terminal.wait_for(b"[y/N]")
            os.write(terminal.fd, answer)
            terminal.drain()
            assert terminal.wait() == code, terminal.output
            assert stranger.exists() == (code == 0)
        finally:
            terminal.close()


def test_a_run_of_one_s_own_is_not_asked_about(stranger: Path, command: Command, tmp_path: Path) -> None:
    settings = {**SMALL, "env_id": "canary_env:Canary-v0", "total_timesteps": 512}
    assert command("launch", "--headless", "--run-dir", "mine", *assignments(**settings)).returncode == 0
    assert command("evaluate", "mine").returncode == 0


def test_no_command_imports_the_module_in_its_own_process(stranger: Path, tmp_path: Path) -> None:
    for arguments in (["evaluate", "run", "--trust"], ["resume", "run", "--headless", "--trust"]):
        arguments += ["--total-timesteps", "2048"] if arguments[0] == "resume" else []
        process = subprocess.Popen(
            [sys.executable, "-m", "gwt_ib_tui", *arguments],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert not process.wait(60), process.stderr and process.stderr.read()
        assert str(process.pid) not in stranger.read_text().split()


def test_a_file_in_the_current_directory_takes_the_place_of_no_library(command: Command, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    for name in ("numpy", "torch", "gymnasium", "psutil", "queue", "gwt_ib"):
        (tmp_path / f"{name}.py").write_text(f"open({str(canary)!r}, 'w')")
    script = "import sys; from gwt_ib_tui.cli import main; main()"

    def ask(*arguments: str) -> subprocess.CompletedProcess[str]:  # as the console script does, which is safe itself
        return subprocess.run(
            [sys.executable, "-P", "-c", script, *arguments],
            cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    for arguments in (["launch", "--headless", "--run-dir", "run", *assignments(**SMALL)], ["evaluate", "run"]):
        done = ask(*arguments)
        assert done.returncode == 0, done.stderr
    assert not canary.exists()
