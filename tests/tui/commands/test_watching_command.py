"""The command `watch` without a terminal: a line a step, or an object a step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from an_episode import episode
from recorded_run import RecordedRun

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.commands import watching
from gwt_ib_tui.commands.watching import COLUMNS, gate_word, json_rows, summary, table_rows, watch


@pytest.fixture
def run(tmp_path: Path) -> RecordedRun:
    found = RecordedRun(tmp_path / "a-run")
    found.learn(2)
    found.save_snapshot()
    return found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was asked of the player, which gives an episode of three steps."""
    found: list[Any] = []

    def record(run: object, config: Any, number: int, gate: str, snapshot: str | None) -> object:
        found[:] = [config.seed, number, gate, snapshot]
        return episode(3, number, gate)

    monkeypatch.setattr(watching, "record", record)
    return found


def watched(run: RecordedRun, **options: Any) -> None:
    plain = {"snapshot": None, "episode": 0, "seed": None, "gate": "learned", "speed": 5.0, "picture": None, "step": 0}
    watch(str(run.directory.path), **{**plain, "headless": True, "as_json": False, "trust": False, **options})


def test_a_line_for_each_step(run: RecordedRun, asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    watched(run, episode=2, gate="shut", seed=7)
    first, names, *rows = capsys.readouterr().out.splitlines()
    assert asked == [7, 2, "shut", None]
    assert "episode 2 of seed 1" in first and "gate shut" in first and "return 0" in first.replace("-", "")
    assert names.split() == " ".join(COLUMNS).split() and len(rows) == 3
    assert [row.split()[0] for row in rows] == ["0", "1", "2"]


def test_an_object_for_each_step_and_the_rest_on_stderr(
    run: RecordedRun, asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    watched(run, as_json=True, headless=False)
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    recorded = episode(3)
    assert [row["step"] for row in rows] == [0, 1, 2] and "episode 0" in err
    assert np.allclose([row["td"] for row in rows], recorded.td)
    assert np.allclose([row["observation"] for row in rows], recorded.observation[:3])
    assert rows == json_rows(recorded)


def test_a_snapshot_can_be_named(run: RecordedRun, asked: list[Any]) -> None:
    named = next(path for path in run.directory.snapshots.iterdir())
    watched(run, snapshot=named.name)
    assert asked[-1] == str(named.resolve())
    with pytest.raises(UserError) as caught:
        watched(run, snapshot="123456789")
    assert caught.value.code == ExitCode.USAGE


def test_the_module_of_a_stranger_s_run_is_not_imported_unasked(run: RecordedRun, asked: list[Any]) -> None:
    config = json.loads(run.directory.config.read_text())
    run.directory.config.write_text(json.dumps({**config, "env_id": "nowhere:Foo-v0"}))
    with pytest.raises(UserError, match="--trust"):
        watched(run)
    assert not asked
    watched(run, trust=True)
    assert asked


def test_a_picture_of_a_step(run: RecordedRun, asked: list[Any], tmp_path: Path) -> None:
    watched(run, picture=tmp_path / "x.svg", step=2, columns=80, rows=24, theme="gwt-light")
    assert "step&#160;2" in (tmp_path / "x.svg").read_text()
    with pytest.raises(UserError, match="Cannot write"):
        watched(run, picture=tmp_path / "none" / "x.svg", step=2, columns=80, rows=24, theme="gwt-light")


@pytest.mark.parametrize(("word", "kind"), [("shutt", "td"), ("prior", "prior"), ("all", "td")])
def test_a_gate_that_says_nothing_is_refused(word: str, kind: str) -> None:
    with pytest.raises(UserError) as caught:
        gate_word(word, kind)
    assert caught.value.code == ExitCode.USAGE
    assert gate_word("open", "td") == "open"


def test_continuous_actions_have_no_probability() -> None:
    recorded = episode(4, choices=())
    rows = table_rows(recorded)
    assert all(row[2] == "" and len(row[1].split(",")) == 2 for row in rows)
    assert "4 steps" in summary(recorded)
