"""Pictures of screens without a terminal: they load nothing, and have what the screen has."""

from __future__ import annotations

from pathlib import Path

import pytest
from an_episode import episode
from driving import SIZES
from recorded_run import RecordedRun

from gwt_ib_tui.application.pictures import SCREENS, run_picture, save_watch_picture
from gwt_ib_tui.screens.gate_screen import GateScreen


@pytest.mark.parametrize("size", SIZES)
def test_a_run_in_both_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    run = RecordedRun(tmp_path / "a-run", eval_every=5, target_c=0.6)
    run.learn(31)
    picture = run_picture(run.directory, size)
    assert picture.startswith("<svg") and "td_std" in picture and "a-run" in picture and "@font-face" not in picture


def test_the_screens_are_known_by_the_names_of_their_keys() -> None:
    assert SCREENS[0] == "live" and GateScreen.SCOPES[0] in SCREENS


def test_an_episode_has_colours_whatever_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    path = tmp_path / "watch.svg"
    save_watch_picture(episode(drawn="pixels"), path, (80, 24), 7)
    picture = path.read_text()
    assert "step&#160;7" in picture and "▀" in picture and "@font-face" not in picture
