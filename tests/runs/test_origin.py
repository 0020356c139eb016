"""The mark of a run that was made here: it holds for one environment, one key, one moment."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support import small_config

from gwt_ib.runs import origin
from gwt_ib.runs.create import create_run
from gwt_ib.runs.origin import made_here, module_made_elsewhere, module_of, origin_of
from gwt_ib.runs.record import RunRecord


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def key_path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "gwt-ib" / "origin.key"


def test_a_run_that_is_made_here_is_known_wherever_it_is_moved(tmp_path: Path) -> None:
    config = small_config()
    run = create_run(config, tmp_path / "run", [])
    assert made_here(run.read_run(), config.env_id)
    moved = run.path.rename(tmp_path / "other name")
    assert made_here(type(run)(moved).read_run(), config.env_id)
    assert key_path(tmp_path).stat().st_mode & 0o777 == 0o600


def test_another_environment_time_or_key_is_made_elsewhere(tmp_path: Path) -> None:
    record = RunRecord("run", created=1.5, origin=origin_of("mine:A-v0", 1.5) or "")
    assert made_here(record, "mine:A-v0")
    assert not made_here(record, "evil:A-v0")
    assert not made_here(replace(record, created=2.5), "mine:A-v0")
    assert not made_here(replace(record, origin=""), "mine:A-v0")
    assert not made_here(replace(record, origin="é"), "mine:A-v0")
    key_path(tmp_path).write_bytes(bytes(32))
    assert not made_here(record, "mine:A-v0")


@pytest.mark.parametrize("damage", ["short", "open to others", "a link", "a pipe"])
def test_a_key_that_cannot_be_trusted_marks_nothing(damage: str, tmp_path: Path) -> None:
    assert origin_of("A", 1.0)
    path = key_path(tmp_path)
    if damage == "short":
        path.write_bytes(b"x")
    elif damage == "open to others":
        path.chmod(0o644)
    else:
        path.unlink()
        if damage == "a link":
            path.symlink_to("/dev/zero")
        else:
            os.mkfifo(path, 0o600)
    assert origin_of("A", 1.0) is None


def test_without_a_home_nothing_is_marked_and_everything_is_made_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    marked = RunRecord("run", created=1.0, origin=origin_of("A", 1.0) or "")
    monkeypatch.setattr(origin, "own_folder", lambda kind: None)
    assert origin_of("A", 1.0) is None
    assert not made_here(marked, "A") and not made_here(RunRecord("run", created=1.0), "A")


def test_of_many_that_make_the_key_at_once_all_have_the_same(tmp_path: Path) -> None:
    code = "from gwt_ib.runs.origin import origin_of; import sys; sys.stdout.write(str(origin_of('A', 1.0)))"
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(5)]
    marks = {process.communicate()[0] for process in started}
    assert len(marks) == 1 and len(marks.pop()) == 64
    assert os.listdir(key_path(tmp_path).parent) == ["origin.key"]  # noqa: PTH208 - hidden ones, too


def test_only_an_id_with_a_colon_names_a_module() -> None:
    assert (module_of("evil.code:Env-v0"), module_of("popgym-CountRecallEasy-v0")) == ("evil.code", "")


def test_a_module_has_to_be_trusted_where_a_run_made_elsewhere_names_it() -> None:
    here = RunRecord("run", created=1.0, origin=origin_of("mine:A-v0", 1.0) or "")
    assert module_made_elsewhere(here, "mine:A-v0") == ""
    assert module_made_elsewhere(replace(here, origin="0" * 64), "mine:A-v0") == "mine"
    assert module_made_elsewhere(replace(here, origin=""), "popgym-CountRecallEasy-v0") == "", "it names none"
