"""What a user's dashboard looks like is kept from one time to the next, and a broken file never stops the start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from driving import dashboard, ready, screen_text
from recorded_run import RecordedRun

from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.application.preferences import (
    LONGEST_FILTER,
    Preferences,
    for_this_terminal,
    preferences_path,
    read_preferences,
    save_preferences,
)
from gwt_ib_tui.application.run_dashboard import run_dashboard
from gwt_ib_tui.charts.view import ChartView


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "layout.json"
    assert read_preferences(path) == (Preferences(), "")
    view = ChartView("elapsed_s", True, 0.9, "clipped", "ascii", span=10.0, end=3.0, cursor=4.0, log_x=True)
    layout = Preferences.of("gwt-light", view, "rho*")
    save_preferences(path, layout)
    assert read_preferences(path) == (layout, "")
    assert layout.view == ChartView("elapsed_s", True, 0.9, "clipped", "ascii", log_x=True), "without window and cursor"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "EOF"),
        (b"\xff\xfe", "is not used"),
        (b"[1]", "object"),
        (b'{"smoothing": 2.0}', "smoothing: "),
        (b'{"x_axis": "hours"}', "x_axis: "),
        (b'{"theme": 3}', "theme: "),
        (b'{"metric_filter": "' + b"x" * 300 + b'"}', "metric_filter: "),
    ],
)
def test_a_broken_file_is_said_and_not_used(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "layout.json"
    path.write_bytes(content)
    layout, problem = read_preferences(path)
    assert layout == Preferences()
    assert problem.startswith("the saved layout is not used: ") and words in problem and str(path) in problem


def test_fields_of_another_version_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "layout.json"
    path.write_text('{"log_y": true, "clip": true, "of_tomorrow": 1}')
    assert read_preferences(path) == (Preferences(log_y=True), "")


def test_a_directory_in_its_place_is_said_and_saving_does_not_raise(tmp_path: Path) -> None:
    path = tmp_path / "layout.json"
    path.mkdir()
    assert "Is a directory" in read_preferences(path)[1]
    assert save_preferences(path, Preferences(log_y=True)) == f"theme and layout are not kept: Is a directory: {path}"
    assert path.is_dir() and list(tmp_path.iterdir()) == [path]


def test_a_long_filter_is_cut() -> None:
    assert len(Preferences.of("nord", ChartView(), "x" * 1000).metric_filter) == LONGEST_FILTER


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(12)
    return run


async def test_the_dashboard_begins_as_it_was_left(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        first = await ready(pilot)
        await pilot.press("l", "m", "x", "slash", "r", "h", "o", "enter")
        first.theme = "gwt-light"
        await pilot.pause()
    left = first.left_as
    assert left == Preferences(theme="gwt-light", x_axis="update", log_y=True, smoothing=0.6, metric_filter="rho")
    async with dashboard(recorded, preferences=left).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        assert "rho_tail" in screen_text(app) and "updates" in screen_text(app)
        assert app.theme == "gwt-light"
        assert app.left_as == left


async def test_a_theme_and_a_filter_of_another_version_are_passed_over(recorded: RecordedRun) -> None:
    layout = Preferences(theme="of-tomorrow", metric_filter="metric_of_tomorrow")
    async with dashboard(recorded, preferences=layout).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        assert app.left_as == Preferences()


def test_the_tests_never_touch_the_users_own_files() -> None:
    assert preferences_path().is_relative_to(os.environ["XDG_STATE_HOME"])


@pytest.mark.parametrize(
    ("encoding", "symbols"), [("ANSI_X3.4-1968", "ascii"), ("ISO-8859-1", "ascii"), ("UTF-8", "braille")]
)
def test_symbols_begin_as_the_locale_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, symbols: str
) -> None:
    monkeypatch.setattr("locale.getencoding", lambda: encoding)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("LC_ALL", "LC_CTYPE", "LANG", "GWT_IB_GLYPHS"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "layout.json"
    read, _ = read_preferences(path)
    assert for_this_terminal(read).symbols == symbols
    save_preferences(path, for_this_terminal(read).model_copy(update={"log_y": True}), read)
    again, _ = read_preferences(path)
    assert again.log_y and "symbols" not in again.model_fields_set, "another terminal begins with its own"
    save_preferences(path, Preferences(symbols="block"), read)
    chosen = for_this_terminal(read_preferences(path)[0])
    assert chosen.symbols == ("block" if symbols == "braille" else "ascii"), "what the terminal can show"
    save_preferences(path, chosen, read_preferences(path)[0])
    assert read_preferences(path)[0].symbols == "block", "what the user has chosen is not lost by another terminal"


def test_a_layout_that_cannot_be_kept_is_said_on_leaving(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_text("in the way")
    monkeypatch.setattr(
        "gwt_ib_tui.application.run_dashboard.preferences_path", lambda: tmp_path / "state" / "layout.json"
    )

    def left(app: Dashboard) -> str:
        app.view = ChartView(log_y=True)
        return "detached"

    monkeypatch.setattr(Dashboard, "run", left)
    assert run_dashboard(recorded.directory) == "detached"
    assert "gwt-ib-tui: theme and layout are not kept: " in capsys.readouterr().err
