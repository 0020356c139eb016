"""How a run's charts were looked at comes back with that run, beside what the user has chosen elsewhere; `R` ends both."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from driving import dashboard, message, ready
from recorded_run import RecordedRun

from gwt_ib_tui.application import preferences
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.application.preferences import (
    Preferences,
    RunLayout,
    preferences_path,
    read_preferences,
    read_run_layout,
    run_layout_path,
    save_run_layout,
)
from gwt_ib_tui.application.run_dashboard import run_dashboard
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.screens.gate_screen import GateScreen
from gwt_ib_tui.screens.live_screen import LiveScreen


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedRun:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GWT_IB_GLYPHS", "unicode")
    monkeypatch.setattr("locale.getencoding", lambda: "UTF-8")
    run = RecordedRun(tmp_path / "a-run")
    run.learn(31)
    return run


def test_a_layout_is_that_of_one_run_and_the_theme_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path, other = run_layout_path(Path("runs/a")), run_layout_path(Path("runs/b"))
    assert path is not None and path != other and path == run_layout_path(Path("runs/a").absolute())
    theirs = Preferences(theme="gwt-light", smoothing=0.6, figure="pdf")
    assert read_run_layout(path, theirs) is theirs, "nothing was chosen there yet"
    layout = RunLayout.of_run("gwt-dark", ChartView("elapsed_s", True, span=10.0, end=3.0, cursor=4.0), "rho*")
    save_run_layout(path, layout, theirs)
    again = read_run_layout(path, theirs)
    assert again.view == ChartView("elapsed_s", True, span=10.0, end=3.0), "with the window, without the cursor"
    assert (again.theme, again.figure, again.metric_filter) == ("gwt-light", "pdf", "rho*")
    path.write_text("broken")
    assert read_run_layout(path, theirs) is theirs


def test_what_was_not_changed_is_not_kept_and_of_many_runs_the_newest_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preferences, "MOST_LAYOUTS", 3)
    theirs = Preferences(log_y=True)
    same = RunLayout.of_run("gwt-light", ChartView(log_y=True), "")
    save_run_layout(tmp_path / "x.json", same, theirs)
    assert not list(tmp_path.iterdir())
    for place in range(5):
        path = tmp_path / f"{place}.json"
        save_run_layout(path, RunLayout.of_run("gwt-light", ChartView(), ""), theirs)
        os.utime(path, (1000 + place, 1000 + place))
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["2", "3", "4"]


def test_a_run_is_shown_as_it_was_left_and_another_as_the_user_left_the_last(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    views: list[ChartView] = []

    def run(app: Dashboard) -> str:
        views.append(app._preferences.view)
        app.view = views[-1].next_smoothing()
        return "detached"

    monkeypatch.setattr(Dashboard, "run", run)
    monkeypatch.setattr(Dashboard, "left_as", property(lambda app: Preferences.of("gwt-dark", app.view, "")))
    monkeypatch.setattr(Dashboard, "left_here", property(lambda app: RunLayout.of_run("gwt-dark", app.view, "")))
    other = RecordedRun(tmp_path / "another")
    for run_directory in (recorded.directory, other.directory, recorded.directory):
        run_dashboard(run_directory)
    assert [view.smoothing for view in views] == [0.0, 0.6, 0.6]
    assert read_preferences(preferences_path())[0].smoothing == 0.9


async def test_a_key_makes_everything_as_it_was_in_the_beginning(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("x", "l", "m", "o", "plus", "left", "down", "f")
        await pilot.pause()
        app.live.show_matching("rho")
        await pilot.press("2", "n", "home")
        gate = app.screen
        assert isinstance(gate, GateScreen) and not gate.scrub.following
        assert app.view != ChartView() and app.live.words == "rho" and gate.page != gate.PAGES[0]
        await pilot.press("R")
        await pilot.pause()
        assert app.view == ChartView() and app.live.words == "" and not app.live.selection.alone
        assert gate.scrub.following and gate.page == gate.PAGES[0] and app.live.page == LiveScreen.PAGES[0]
        assert message(app).text.startswith("the view is as it was in the beginning")
