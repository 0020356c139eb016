"""`gwt-ib-tui incident`: a failure is played again in a process of its own, and a stranger's file imports nothing."""

import json
import os
from pathlib import Path

import pytest
from driven import Driven

from gwt_ib.config import Config
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.incidents import read_incident, record_incident

TESTS = str(Path(__file__).parents[2])


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run directory that was made here."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([TESTS, os.environ.get("PYTHONPATH", "")]))
    return create_run(Config(env_id="sample_envs:Fragile-v0", seed=3), tmp_path / "run", [])


def change(path: Path, **fields) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def fragile(run: RunDirectory) -> Path:
    driven = Driven("sample_envs:Fragile-v0", [4], seed=3)
    while not driven.failures:
        driven.step(1)
    config = Config(env_id="sample_envs:Fragile-v0", seed=3)
    path = record_incident(run, config, driven.failures[0], actor=1)
    assert path is not None
    return path


def test_a_failure_is_reproduced_and_that_is_said(run, command):
    path = fragile(run)
    done = command("incident", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    incident = read_incident(path)
    assert done.stdout == (
        f"Reproduced: step 3 of episode {incident.episode} (seed {incident.seed}) of sample_envs:Fragile-v0 failed with "
        "RuntimeError: the glass broke.\n"
    )
    found = json.loads(command("incident", str(path), "--json").stdout)
    assert (found["reproduced"], found["failed_step"]) == (True, 3)
    assert found["failure"] == {"type": "RuntimeError", "text": "the glass broke"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"actions": [[1], [1], [0]]}, "Not reproduced: nothing failed in 3 steps. In the run step 3 of"),
        ({"actions": [[0]] * 9}, "Not reproduced: the episode ended after"),
        ({"actions": [[1]] * 5}, "Not reproduced: step 3 failed with RuntimeError: the glass broke. In the run step 5 of"),
        ({"actions": [[7]]}, "Not reproduced: step 1 failed with ValueError: there is no choice 7"),
        ({"actions": [[None], [1], [1]]}, "Not reproduced: step 1 failed with"),
        ({"cause": {"type": "OSError", "text": "gone"}}, "Not reproduced: step 3 failed with RuntimeError"),
        ({"cause": {"type": "RuntimeError", "text": "0x7f"}}, "Reproduced: step 3 of"),
        ({"complete": False}, "Not played again: the episode was longer"),
    ],
)  # fmt: skip
def test_what_was_otherwise_is_said(run, command, changed, words):
    path = fragile(run)
    change(path, **changed)
    done = command("incident", str(path))
    assert done.returncode == 0
    assert done.stdout.startswith(words)


def test_what_ends_its_process_ends_no_command(run, command):
    path = fragile(run)
    for env_id, words in (
        ("Crashes", "it was killed by SIGSEGV in step 1"),
        ("ExitsStep", "step 1 failed with SystemExit"),
    ):
        change(path, env_id=f"unruly_envs:{env_id}-v0")
        done = command("incident", str(path), "--trust")
        assert done.returncode == 0
        assert done.stdout.startswith(f"Not reproduced: {words}")
    change(path, env_id="unruly_envs:Hangs-v0")
    assert "did not come to an end within 2 s" in command("incident", str(path), "--trust", "--timeout", "2").stdout


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"cause": 3}', "[" * 100_000, '{"actions": [["x"]]}', "\0"])
def test_a_file_that_is_no_incident_is_refused(run, command, content):
    (run.path / "incident.json").write_text(content)
    done = command("incident", str(run.path / "incident.json"))
    assert done.returncode == 65
    assert done.stderr.startswith("gwt-ib-tui: Cannot read") and len(done.stderr.splitlines()) == 1


def test_a_file_that_is_not_there_or_never_ends_is_refused(run, command):
    assert command("incident", str(run.path / "none.json")).returncode == 65
    assert command("incident", "/dev/zero").returncode == 65


def test_a_module_is_not_imported_because_a_file_names_it(run, command, tmp_path):
    canary = tmp_path / "canary"
    (tmp_path / "stranger.py").write_text(f"open({str(canary)!r}, 'w')")
    path = fragile(run)
    change(path, env_id="stranger:Any-v0")
    done = command("incident", str(path))
    assert done.returncode == 2
    assert "'stranger'" in done.stderr and "--trust" in done.stderr
    assert not canary.exists()
    run.write_config(Config(env_id="stranger:Any-v0"))  # a stranger's run names it, too
    assert command("incident", str(path)).returncode == 2 and not canary.exists()
    elsewhere = tmp_path / "copied.json"
    elsewhere.write_bytes(path.read_bytes())
    assert command("incident", str(elsewhere)).returncode == 2
    command("incident", str(path), "--trust")
    assert canary.exists()
