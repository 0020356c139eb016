"""The Settings screen driven by keys and mouse: everything is reached, changes are seen, words leave what they find."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import both_sizes, dashboard, panel, ready, screen_text, until
from recorded_run import RecordedRun
from textual.pilot import Pilot

from gwt_ib.config import Config
from gwt_ib.runs.control import Request
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.screens.settings_screen import SettingsScreen
from gwt_ib_tui.widgets.settings_panels import WHEEL_LINES, SettingPanel, SettingsPanel


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run", hidden_size=64)
    run.learn(30)
    return run


async def opened(pilot: Pilot[str]) -> tuple[Dashboard, SettingsScreen]:
    app = await ready(pilot)
    await pilot.press("6")
    await until(pilot, lambda: isinstance(app.screen, SettingsScreen) and "settings" in screen_text(app))
    assert isinstance(app.screen, SettingsScreen)
    return app, app.screen


def seen(screen: SettingsScreen, panel: type[SettingsPanel] | type[SettingPanel]) -> str:
    return " ".join(screen.query_one(panel).render().plain.split())


@both_sizes
async def test_every_setting_is_reached_and_told_in_full(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app, screen = await opened(pilot)
        assert "1 of" in seen(screen, SettingsPanel) and "hidden_size" in screen_text(app)
        assert "hidden_size 64 units default 128" in seen(screen, SettingPanel)
        await pilot.press("end")
        await until(pilot, lambda: screen.chosen == list(Config.model_fields)[-1])
        names = set()
        await pilot.press("home")
        for name in [setting.name for setting in screen.query_one(SettingsPanel).found]:
            screen.chosen = name
            await pilot.pause(0)
            meaning = str(Config.model_fields[name].description)[1:20]
            assert meaning in seen(screen, SettingPanel), name
            assert f"› {name}" in screen.query_one(SettingsPanel).render().plain
            names.add(name)
        assert names == set(Config.model_fields)


@both_sizes
async def test_a_change_of_the_training_run_is_seen_on_live_and_here(
    recorded: RecordedRun, size: tuple[int, int]
) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        assert "lambda_c 0.05" in panel(app, "#strip") and "≈" not in panel(app, "#strip")
        recorded._set(Request("x", "set", "lambda_c", 0.2))
        recorded.learn()
        await until(pilot, lambda: "lambda_c 0.2≈" in panel(app, "#strip"))
        assert "cell gru  gate td  lr 0.00025" in screen_text(app)
        app, screen = await opened(pilot)
        screen.chosen = "lambda_c"
        await pilot.pause()
        assert "It was 0.05 until update 30." in seen(screen, SettingPanel)


async def test_words_leave_what_they_find_until_escape(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(80, 24)) as pilot:
        app, screen = await opened(pilot)
        await pilot.press("slash", *"live", "enter")
        await until(pilot, lambda: "4 of" in seen(screen, SettingsPanel))
        assert {setting.name for setting in screen.query_one(SettingsPanel).found} == {
            "lr", "ent_coef", "target_c", "lambda_c",
        }  # fmt: skip
        await pilot.press("down")
        assert screen.chosen == "ent_coef"
        await pilot.press("escape")
        await until(pilot, lambda: not screen.words)
        await pilot.press("slash", *"zzz")
        await until(pilot, lambda: "no setting has these words" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: not screen.words)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.live)


async def test_the_mouse_chooses_and_the_wheel_scrolls(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(80, 24)) as pilot:
        app, screen = await opened(pilot)
        rows = screen.query_one(SettingsPanel).render().plain.split("\n")
        place = next(row for row, line in enumerate(rows) if line.split()[:1] == ["seed"])
        await pilot.click(SettingsPanel, offset=(5, place))
        await until(pilot, lambda: screen.chosen == "seed")
        names = [setting.name for setting in screen.query_one(SettingsPanel).found]
        screen.query_one(SettingsPanel).on_mouse_scroll_down(None)  # type: ignore[arg-type]  # where it is makes no difference
        await until(pilot, lambda: screen.chosen == names[names.index("seed") + WHEEL_LINES])
        before = screen.chosen
        await pilot.click(SettingsPanel, offset=(5, 0))
        await pilot.pause()
        assert screen.chosen == before and app.screen is screen, "the title is no setting"
