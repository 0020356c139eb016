"""The runs behind the Compare screen: opened from it, read while it is looked at, and harmless whatever they are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from comparing import compared, opened, row, three_runs
from driving import both_sizes, message, ready, screen_text, until
from recorded_run import RecordedRun

from gwt_ib_tui.application.app import ANOTHER, Dashboard
from gwt_ib_tui.application.pictures import run_picture
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.state.compare.run_set import RunSet


@pytest.fixture
def runs(tmp_path: Path) -> list[RecordedRun]:
    return three_runs(tmp_path)


@both_sizes
async def test_opening_the_chosen_run(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with opened(runs).run_test(size=size) as pilot:
        app = await ready(pilot)
        await compared(pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, LiveScreen) and app.is_running, "its own run is there already"
        await pilot.press("c")
        await compared(pilot)
        await pilot.press("down", "enter")
        await pilot.pause()
    assert app.return_value == ANOTHER and app.opened is not None and app.opened.name == "second"


async def test_in_a_browser_no_other_run_is_opened(runs: list[RecordedRun], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dashboard, "is_web", True)
    async with opened(runs).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await compared(pilot)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert message(app).status == "refused" and app.is_running and app.opened is None


async def test_new_rows_of_any_run_are_shown_and_a_held_display_stands_still(runs: list[RecordedRun]) -> None:
    async with opened(runs).run_test(size=(120, 40)) as pilot:
        await compared(pilot)
        app = await ready(pilot)
        runs[1].learn(30)
        await until(pilot, lambda: "57%" in row(app, "B"))
        await pilot.press("d")
        await pilot.pause()
        runs[1].learn(30)
        await pilot.pause(1.2)
        assert "57%" in row(app, "B")
        await pilot.press("d")
        await until(pilot, lambda: "82%" in row(app, "B"))


async def test_the_other_runs_are_read_only_while_they_are_looked_at(runs: list[RecordedRun]) -> None:
    async with opened(runs).run_test(size=(120, 40)) as pilot:
        screen = await compared(pilot)
        app = await ready(pilot)
        await pilot.press("1")
        await pilot.pause(0.6)
        before = app.run_set.view
        runs[1].learn(5)
        await pilot.pause(0.7)
        assert app.run_set.view is before
        await pilot.press("5")
        await until(pilot, lambda: screen.comparison.runs.entries[1].run_view.series.rows == 45)


async def test_a_dead_reader_is_said(runs: list[RecordedRun], monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(runs).run_test() as pilot:
        await compared(pilot)
        app = await ready(pilot)
        app.run_set.stop()
        monkeypatch.setattr(RunSet, "broken", True)
        await until(pilot, lambda: "the reader of the other runs has stopped" in message(app).text)


async def test_a_dashboard_that_is_left_at_once_leaves_no_thread(runs: list[RecordedRun]) -> None:
    app = opened(runs)
    async with app.run_test() as pilot:
        await pilot.press("q")
    assert not app.run_set.alive and not app.run_set.broken


async def test_foreign_names_and_settings_do_no_harm(runs: list[RecordedRun]) -> None:
    evil = "[red]x[/red] \x1b[2J\u202eabc"
    values = runs[1].config.model_copy(update={"env_id": evil})
    runs[1].directory.write_config(values)
    runs[1].beat(env_id=evil, run=evil, state=evil)
    (runs[1].directory.gatecheck).write_text('{"verdict": "[red]\\u001b[2J", "findings": []}')
    async with opened(runs).run_test(size=(120, 40)) as pilot:
        screen = await compared(pilot)
        app = await ready(pilot)
        screen.comparison = screen.comparison.moved(2)
        await pilot.pause()
        seen = screen_text(app)
        assert "\x1b" not in seen and "\u202e" not in seen and "[red]x[/red]" in seen


async def test_every_size_and_theme(runs: list[RecordedRun]) -> None:
    async with opened(runs).run_test(size=(120, 40)) as pilot:
        await compared(pilot)
        app = await ready(pilot)
        for size in ((60, 20), (60, 16), (1, 1), (59, 30), (200, 60), (103, 34), (104, 33)):
            await pilot.resize_terminal(*size)
            await pilot.press("G", "n")
        for theme in ("gwt-light", "ansi-dark", "gwt-dark"):
            app.theme = theme
            await pilot.pause()
        assert app.is_running


def test_a_picture_of_the_comparison(runs: list[RecordedRun]) -> None:
    picture = run_picture(runs[0].directory, (120, 40), "compare")
    assert all(words in picture for words in ("against", "second", "third", "lr=0.001"))
