"""From a dashboard to an episode and back: the player is started between two applications, never inside one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from driving import dashboard, message, ready, until
from recorded_run import RecordedRun

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.application import watch_app
from gwt_ib_tui.application.app import WATCH, Dashboard
from gwt_ib_tui.application.preferences import Preferences
from gwt_ib_tui.application.run_dashboard import run_dashboard
from gwt_ib_tui.application.watch_app import AGAIN, Wanted, WatchApp, run_watch, watched_from
from gwt_ib_tui.keys.keymap import Keymap


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(6)
    run.finish()
    return run


async def test_the_key_leaves_the_dashboard_for_an_episode(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("2", "W")
        await until(pilot, lambda: not app.is_running)
    assert app.return_value == WATCH and app.front == "gate"


async def test_code_of_a_stranger_s_run_is_not_played_unasked(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        assert app.run_view is not None and app.run_view.config is not None
        object.__setattr__(app.run_view, "config", app.run_view.config.model_copy(update={"env_id": "nowhere:Foo-v0"}))
        await pilot.press("W")
        await until(pilot, lambda: message(app).status == "refused")
        said = message(app).text
        assert "'nowhere'" in said and "--trust" in said and "gwt-ib-tui watch" in said and app.is_running


def test_the_dashboard_comes_back_to_its_screen_with_what_went_wrong(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[str, str]] = []

    def run(app: Dashboard, **options: Any) -> str:
        shown.append((app._first_screen, app.first_problem))
        app.front = "gate"
        return WATCH if len(shown) == 1 else "detached"

    monkeypatch.setattr(Dashboard, "run", run)
    watched: list[Path] = []

    def watch(run: RunDirectory, preferences: object, keymap: object) -> tuple[str, str]:
        watched.append(run.path)
        return "left", "no process can be started"

    monkeypatch.setattr(watch_app, "watched_from", watch)
    assert run_dashboard(recorded.directory, keeps_preferences=False) == "detached"
    assert shown == [("", ""), ("gate", "no process can be started")] and watched == [recorded.directory.path]


def test_a_signal_in_an_episode_ends_the_dashboard_too(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dashboard, "run", lambda app, **options: WATCH)
    monkeypatch.setattr(watch_app, "watched_from", lambda *given: ("signal", ""))
    assert run_dashboard(recorded.directory, keeps_preferences=False) == "signal"


def test_each_application_has_a_player_that_was_started_before_it(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []

    class Player:
        def __init__(self, *given: object) -> None:
            happened.append("started")

        def __enter__(self) -> Player:
            return self

        def __exit__(self, *given: object) -> None:
            happened.append("closed")

    def run(app: WatchApp, **options: Any) -> str:
        happened.append(f"episode {app.wanted.episode}")
        app.wanted = Wanted(app.wanted.episode + 1)
        return AGAIN if app.wanted.episode == 1 else "left"

    monkeypatch.setattr(watch_app, "EpisodePlayer", Player)
    monkeypatch.setattr(WatchApp, "run", run)
    assert run_watch(recorded.directory, recorded.config) == "left"
    assert happened == ["started", "episode 0", "closed", "started", "episode 1", "closed"]


def test_what_goes_wrong_before_it_is_a_sentence_for_the_dashboard(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise UserError("There can be no further process.", ExitCode.RESOURCES_USED_UP)

    monkeypatch.setattr(watch_app, "EpisodePlayer", fail)
    found = watched_from(recorded.directory, Preferences(), Keymap())
    assert found == ("left", "There can be no further process.")
