"""Machines that lack something: a home, a user's name, a locale with UTF-8, room on the disk behind the output."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pseudo_terminal import Terminal
from recorded_run import RecordedRun
from support import SMALL, assignments

from gwt_ib import machine
from gwt_ib.kernels import compiled
from gwt_ib_tui.application.preferences import (
    NO_HOME,
    Preferences,
    preferences_path,
    read_preferences,
    save_preferences,
)
from gwt_ib_tui.keys.keymap import Keymap, keymap_path, read_keymap

pytestmark = pytest.mark.usefixtures("nothing_left")

NO_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
KEPT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")
UNKNOWN_USER = 54321


def bare(**others: str) -> dict[str, str]:
    """An environment with next to nothing in it; compiled kernels are taken from where this user has them."""
    cache = {} if compiled.CACHE is None else {"NUMBA_CACHE_DIR": str(compiled.CACHE.parent)}
    return {name: os.environ[name] for name in KEPT if name in os.environ} | cache | others


def unknown_user(command: list[str]) -> list[str]:
    """The same as a user that the system does not know, who may read what this one may; needs root."""
    if os.getuid() != 0:
        pytest.skip("only root can be another user")
    caps = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    wrapped = [shutil.which("setpriv") or "setpriv", f"--reuid={UNKNOWN_USER}", "--clear-groups", *caps, *command]
    if subprocess.run([*wrapped[: -len(command)], "true"], capture_output=True).returncode:
        pytest.skip("setpriv cannot do it here")
    return wrapped


LAUNCH = [sys.executable, "-m", "gwt_ib_tui", "launch", "--headless", "--run-dir", "run", *assignments(**SMALL)]


@pytest.mark.processes
@pytest.mark.side_by_side
@pytest.mark.parametrize("home", [None, "/nonexistent/home", "/proc"])
def test_a_run_needs_no_home_and_no_user_s_name(home: str | None, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    env = bare() if home is None else bare(HOME=home)
    result = subprocess.run(
        unknown_user([*LAUNCH, "--set", "kernels=torch"]),
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert result.returncode == 0, result.stderr
    assert "GATECHECK" in result.stdout and "Traceback" not in result.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == "finished"


@pytest.mark.parametrize("settings", [NO_LOCALE, {"PYTHONIOENCODING": "ascii"}])
def test_a_locale_without_utf_8_loses_nothing(settings: dict[str, str], tmp_path: Path) -> None:
    env = bare(HOME=os.environ.get("HOME", "/"), **settings)
    result = subprocess.run(LAUNCH, cwd=tmp_path, env=env, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stderr
    block = result.stdout.decode("ascii").partition("GATECHECK\n")[2]
    assert "rho(td,dc)=" in block and "mean_c=" in block
    again = [sys.executable, "-m", "gwt_ib_tui"]
    for arguments in (["check", "run"], ["status", "run"], ["metrics"], ["keys"], ["config"]):
        shown = subprocess.run([*again, *arguments], cwd=tmp_path, env=env, capture_output=True, timeout=60)
        assert shown.returncode == 0 and shown.stdout.isascii() and not shown.stderr, (arguments, shown.stderr)


def test_the_dashboard_of_a_user_without_a_home_says_that_it_keeps_nothing(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "a-run", eval_every=5)
    run.learn(5)
    tmp_path.chmod(0o755)
    run.directory.path.chmod(0o755)
    assigned = [f"{name}={value}" for name, value in bare(TERM="xterm-256color").items()]
    dashboard = [sys.executable, "-m", "gwt_ib_tui", "attach", str(run.directory.path)]
    terminal = Terminal(*unknown_user(["/usr/bin/env", "-i", *assigned, *dashboard]))
    try:
        terminal.wait_to_see("td_std")
        terminal.wait_to_see("WARNING theme and layout are not kept")
        os.write(terminal.fd, b"q")
        terminal.wait_for(b"gwt-ib-tui")
    finally:
        terminal.close()


def test_a_dashboard_in_a_locale_without_utf_8_is_drawn_in_ascii(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "a-run", eval_every=5)
    run.learn(31)
    run.finish()
    assigned = [
        f"{name}={value}" for name, value in bare(TERM="xterm-256color", HOME=str(tmp_path), **NO_LOCALE).items()
    ]
    dashboard = [sys.executable, "-m", "gwt_ib_tui", "attach", str(run.directory.path)]
    terminal = Terminal("/usr/bin/env", "-i", *assigned, *dashboard)
    try:
        terminal.wait_to_see("FINISHED")
        terminal.wait_to_see("+----")  # the corner of a chart and its axis
        assert all(line.isascii() and len(line) == 80 for line in terminal.screen.display)
        assert not any("\\u" in line for line in terminal.screen.display)
        os.write(terminal.fd, b"q")
        terminal.drain()
        assert terminal.wait() == 0
    finally:
        terminal.close()


def test_without_a_home_there_are_no_folders_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> Path:
        raise RuntimeError("could not determine the home directory")

    for folder in ("cache", "config", "state"):
        monkeypatch.setattr(f"platformdirs.user_{folder}_path", unknown)
    assert machine.own_folder("cache") is None
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert compiled._cache_folder() is None
    assert preferences_path() is None and read_preferences(None) == (Preferences(), NO_HOME)
    assert save_preferences(None, Preferences()) == NO_HOME
    assert keymap_path() is None and read_keymap(None) == Keymap()


@pytest.mark.processes
@pytest.mark.side_by_side
@pytest.mark.parametrize("full", [">/dev/full", "2>/dev/full", ">/dev/full 2>&1"])
def test_a_full_disk_behind_the_output_costs_lines_and_not_the_run(full: str, tmp_path: Path) -> None:
    line = " ".join([*LAUNCH, full])
    result = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == "finished"
    assert "Traceback" not in result.stderr and "Exception ignored" not in result.stderr
    if full == ">/dev/full":
        assert "lines of this output could not be written: No space left on device." in result.stderr


def test_a_result_that_cannot_be_written_is_an_error_of_the_command(tmp_path: Path) -> None:
    line = f"{sys.executable} -m gwt_ib_tui config > /dev/full"
    result = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (74, "gwt-ib-tui: No space left on device.\n")


def test_a_current_directory_that_was_removed_is_said(tmp_path: Path) -> None:
    line = f"mkdir gone && cd gone && rmdir ../gone && {' '.join(LAUNCH)} --run-dir {tmp_path}/run"
    result = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert result.returncode == 2, result.stderr
    assert result.stderr == "gwt-ib-tui: The current directory has been removed: change into one that exists.\n"
    assert not (tmp_path / "run").exists()


def test_a_byte_order_mark_in_a_file_of_settings_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbflr = 0.5\n")
    command = [sys.executable, "-m", "gwt_ib_tui", "config", "--config", "mine.toml", "--json"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert json.loads(result.stdout)["lr"] == 0.5


def test_a_name_that_is_no_text_can_be_a_run_s(tmp_path: Path) -> None:
    name = b"run-\xff-\xc3\xa9"
    launch = [os.fsencode(word) for word in LAUNCH]
    launch[launch.index(b"run")] = name
    result = subprocess.run(launch, cwd=tmp_path, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stderr
    status = [sys.executable.encode(), b"-m", b"gwt_ib_tui", b"status", name]
    shown = subprocess.run(status, cwd=tmp_path, capture_output=True, timeout=60)
    assert shown.returncode == 0 and b"finished" in shown.stdout, shown.stderr
    assert (
        json.loads(subprocess.run([*status, b"--json"], cwd=tmp_path, capture_output=True).stdout)["state"]
        == "finished"
    )
