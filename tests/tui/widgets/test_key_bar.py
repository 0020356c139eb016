from __future__ import annotations

from pathlib import Path

import pytest
from driving import both_sizes, dashboard, ready, screen_text, until
from recorded_run import RecordedRun

from gwt_ib_tui.screens.gate_screen import GateScreen
from gwt_ib_tui.screens.help_screen import HelpScreen
from gwt_ib_tui.widgets.key_bar import KeyBar


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    recorded = RecordedRun(tmp_path / "a-run")
    recorded.learn(3)
    return recorded


@both_sizes
async def test_the_keys_of_the_screen_in_front(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        bar = screen_text(app).splitlines()[-1]
        assert " space Pause" in bar
        assert " q Quit" in bar
        assert "Pin ghost" not in bar
        await pilot.press("2")
        await until(pilot, lambda: "Pin ghost" in screen_text(app).splitlines()[-1])


async def test_what_cannot_be_done_is_not_offered(recorded: RecordedRun) -> None:
    async with dashboard(recorded, read_only=True).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        bar = screen_text(app).splitlines()[-1]
        assert "Pause" not in bar
        assert " q Quit" in bar


async def test_a_click_presses_the_key(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        bar = screen_text(app).splitlines()[-1]
        await pilot.click(KeyBar, offset=(bar.index(" Screen") - 5, 0))
        await until(pilot, lambda: isinstance(app.screen, GateScreen))
        bar = screen_text(app).splitlines()[-1]
        await pilot.hover(KeyBar, offset=(bar.index("? Help"), 0))
        assert app.screen.query_one(KeyBar).tooltip
        await pilot.click(KeyBar, offset=(bar.index("? Help"), 0))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


@pytest.mark.parametrize("keys", ["1", "2", "3", "4", "5", "6"])
async def test_where_there_is_little_room_help_and_quit_stay(recorded: RecordedRun, keys: str) -> None:
    async with dashboard(recorded).run_test(size=(60, 20)) as pilot:
        app = await ready(pilot)
        await pilot.press(*keys)
        await pilot.pause()
        bar = screen_text(app).splitlines()[-1]
        assert " ? Help " in bar and " q Quit" in bar


async def test_a_click_beside_the_keys_presses_none(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        before = app.screen
        await pilot.click(KeyBar, offset=(118, 0))
        await pilot.pause()
        assert app.screen is before


async def test_with_room_every_key_that_steers_is_shown_and_these_go_first(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        bar = screen_text(app).splitlines()[-1]
        for words in (" d Freeze display ", " space Pause ", " s Snapshot ", " eE Evaluate ", " t Change setting"):
            assert words in bar, bar
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        bar = screen_text(app).splitlines()[-1]
        assert " s Snapshot" in bar and not any(words in bar for words in ("Evaluate", "Change", "Freeze")), bar
