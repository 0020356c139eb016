"""Summaries of the runs of a folder: read again only where something has changed, and filtered by words."""

from __future__ import annotations

from pathlib import Path

import pytest
from recorded_run import RecordedRun

from gwt_ib.clock import utc_now
from gwt_ib_tui.state.compare.run_summaries import RunLister

REPEAT = "popgym-RepeatPreviousEasy-v0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three runs, `third` being the newest."""
    for number, name in enumerate(("first", "second", "third")):
        run = RecordedRun(tmp_path / name, env_id=REPEAT, seed=number, eval_every=5)
        run.learn(20 + 10 * number)
        run.beat(created=utc_now() - 3600 * (3 - number))
    return tmp_path


def test_a_summary_is_read_again_only_when_a_file_has_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lister = RunLister(folder)
    lister.poll()
    assert [run.name for run in lister.summaries.runs] == ["third", "second", "first"]
    assert [run.env_steps for run in lister.summaries.runs] == [40 * 4096, 30 * 4096, 20 * 4096]
    assert {run.state for run in lister.summaries.runs} == {"running"}
    read: list[str] = []
    monkeypatch.setattr(
        "gwt_ib_tui.state.compare.run_summaries.newest_values",
        lambda path: (read.append(path.parent.name) or {}, None),
    )
    opened: list[Path] = []
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", lambda path, *_, **__: opened.append(path))
        lister.poll()
    assert read == opened == []
    assert [run.name for run in lister.summaries.runs] == ["third", "second", "first"]
    (folder / "second" / "metrics.jsonl").write_text("")
    lister.poll()
    assert read == ["second"]


def test_a_killed_run_is_told_without_a_file_having_changed(folder: Path) -> None:
    lister = RunLister(folder)
    lister.poll()
    run = RecordedRun(folder / "fourth", env_id=REPEAT, seed=2)
    lister.poll()
    run.beat(heartbeat=1.0)  # the process that has its number is another one
    lister.poll()
    assert [run.state for run in lister.summaries.runs] == ["killed", "running", "running", "running"]


def test_a_filter_wants_every_word(folder: Path) -> None:
    lister = RunLister(folder)
    lister.poll()
    found = {words: [run.name for run in lister.summaries.matching(words)] for words in ("", "S1", "run repeat", "x")}
    assert found == {"": ["third", "second", "first"], "S1": ["second"], "run repeat": found[""], "x": []}
