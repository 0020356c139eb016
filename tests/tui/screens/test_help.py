"""The help and the command palette: every action, every metric and every rule."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from driving import both_sizes, dashboard, ready, screen_text
from recorded_run import RecordedRun
from rich.console import Console

from gwt_ib.config import Config
from gwt_ib.gatecheck.rules import RULES
from gwt_ib.runs.metrics import METRICS
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.keys.actions import ACTIONS
from gwt_ib_tui.keys.keymap import Keymap
from gwt_ib_tui.screens.help_screen import HelpScreen, keys_table, metrics_table, rules_table
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.widgets.verdict import short_name


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(31)
    return run


@both_sizes
async def test_help(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        assert "Next page" in screen_text(app)
        column = app.screen.query_one("#help")
        for key in ("down", "j", "pagedown", "space"):
            column.scroll_home(animate=False)
            await pilot.pause()
            await pilot.press(key)
            assert column.scroll_y > 0
        for key in ("up", "k", "pageup"):
            column.scroll_end(animate=False)
            await pilot.pause()
            before = column.scroll_y
            await pilot.press(key)
            assert column.scroll_y < before
        column.scroll_home(animate=False)
        headings = ("Metrics", "GateCheck", "The verdict on the gate", "Markers on the axis", "Keys")
        for key, heading in zip(("n", "tab", "n", "n", "n"), headings, strict=True):
            await pilot.pause()
            if heading.startswith("Markers") and heading in screen_text(app):
                continue  # the end of the column is reached
            await pilot.press(key)
            await pilot.pause()
            assert heading in screen_text(app)
        assert column.scroll_y == 0
        for key in ("escape", "q", "question_mark", "f1", "ctrl+c"):
            if not isinstance(app.screen, HelpScreen):
                await pilot.press("f1")
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, LiveScreen)
        assert app.is_running


def test_the_help_tells_every_action_every_metric_and_every_rule(recorded: RecordedRun) -> None:
    console = Console(width=110, record=True, file=io.StringIO())
    console.print(keys_table(DARK))
    console.print(metrics_table(DARK, None))
    text = console.export_text()
    assert all(action.title in text and action.keys_shown in text for action in ACTIONS)
    assert all(f"{metric.name} " in text for metric in METRICS)
    words = " ".join(text.split())
    healthy = [metric.healthy_words(Config()) for metric in METRICS]
    assert words.count(" healthy: ") == words.count(" else: ") == sum(map(bool, healthy))
    assert all(part in words for part in healthy) and all(metric.remedy in words for metric in METRICS)
    console.print(rules_table(DARK, Feed(recorded.directory).read_everything()))
    text = " ".join(console.export_text().split())
    assert all(short_name(rule.kind) in text and rule.asks in text and rule.remedy in text for rule in RULES)


NEEDED = ("", "control", "pages", "news", "shell", "ended")


async def test_the_palette_has_the_tables_actions(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        titles = {needs: {action.title for action in Keymap().of("app") if action.needs == needs} for needs in NEEDED}
        assert set.union(*titles.values()) - titles["ended"] <= set(commands)
        assert not titles["ended"] & set(commands)
        await commands["Help"].callback()
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
