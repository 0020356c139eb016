"""Words that find metrics, and the line on Live that takes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import both_sizes, dashboard, message, ready, screen_text, until
from recorded_run import RecordedRun
from textual.events import Key
from textual.pilot import Pilot

from gwt_ib.runs.metrics import NUMBERS
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.charts.selection import matching
from gwt_ib_tui.keys.keymap import Keymap
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.widgets.filter_line import FilterInput
from gwt_ib_tui.widgets.line_chart import LineChart

OVERVIEW = ("td_std", "mean_c", "EV", "bias", "returns")
RHOS = ("rho_td_c", "rho_tail", "rho_td_dc", "rho_tail_dc")


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(31)
    return run


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("rho", RHOS),
        ("RHO tail", ("rho_tail", "rho_tail_dc")),
        ("*_s", ("elapsed_s", "steps_per_s", "rollout_s", "learn_s")),
        ("rho_t?_c", ("rho_td_c",)),
        ("[mt]*_c", ("mean_c", "target_c")),
        ("correlation", ("rho_td_c", "rho_td_dc")),
        ("gradient", ("grad_norm",)),
        ("rho budget", ()),
        ("grad_norm|rho_tail", ("grad_norm", "rho_tail", "rho_tail_dc")),
        ("rho tail|xyz|", ("rho_tail", "rho_tail_dc")),
        ("|", ()),
        ("xyz", ()),
        ("[", ()),
        ("", ()),
        ("  ", ()),
    ],
)
def test_words_find_metrics(text: str, found: tuple[str, ...]) -> None:
    assert matching(text, NUMBERS) == found


def test_names_come_before_meanings() -> None:
    found = matching("loss", NUMBERS)
    assert found[:3] == ("policy_loss", "value_loss", "ib_loss")
    assert "lambda_c" in found[3:], "the weight of the bottleneck loss"


def test_what_is_no_number_is_no_chart() -> None:
    assert matching("eval gate", NUMBERS) == ()
    assert not {"eval_returns", "eval_replaced", "gate_curve"} & set(matching("*", NUMBERS))
    assert len(matching("*", NUMBERS)) == len(NUMBERS)


def on_show(app: Dashboard) -> tuple[str, ...]:
    """The titles of the charts that are seen."""
    return tuple(chart.spec.title for chart in app.live.query(LineChart) if chart.is_on_screen)


async def typed(pilot: Pilot[str], text: str) -> None:
    await pilot.press(*({" ": "space", "*": "asterisk", "/": "slash"}.get(char, char) for char in text))
    await pilot.pause()


@both_sizes
async def test_charts_follow_what_is_typed(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        assert on_show(app) == OVERVIEW
        await pilot.press("slash")
        await typed(pilot, "rho")
        assert on_show(app) == RHOS
        assert "4 of 33" in screen_text(app)
        await typed(pilot, " tail_")
        assert on_show(app) == ("rho_tail_dc",)
        await typed(pilot, "q")
        assert on_show(app) == ("rho_tail_dc",), "the last match is kept"
        assert "no match" in screen_text(app)
        await pilot.press("backspace", "enter")
        await pilot.pause()
        assert app.focused is None and not app.live.query_one("#filter").display
        assert on_show(app) == ("rho_tail_dc",)
        assert "/rho tail_" in screen_text(app)
        await pilot.press("slash")
        assert app.live.query_one(FilterInput).value == "rho tail_", "what holds can be changed"
        await pilot.press("ctrl+u")
        await pilot.pause()
        assert on_show(app) == OVERVIEW
        await pilot.press("escape")
        await pilot.pause()
        assert on_show(app) == ("rho_tail_dc",), "escape goes back to what was before"
        await pilot.press("slash", "ctrl+u", "enter")
        await pilot.pause()
        assert on_show(app) == OVERVIEW and "/rho" not in screen_text(app)


@both_sizes
async def test_the_filter_line_takes_all_keys(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("slash")
        await typed(pilot, "q s/12j+x*fd")
        assert app.live.query_one(FilterInput).value == "q s/12j+x*fd"
        await pilot.press("left", "home", "end", "backspace")
        assert app.live.query_one(FilterInput).value == "q s/12j+x*f"
        assert isinstance(app.screen, LiveScreen) and app.is_running
        assert app.view.cursor is None and not any(recorded.directory.control.iterdir())
        assert "Cancel" in screen_text(app) and "Snapshot" not in screen_text(app)
        await pilot.press("escape", "1")
        await pilot.pause()
        assert on_show(app) == OVERVIEW and "Snapshot" in screen_text(app)


@both_sizes
async def test_more_matches_than_slots(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("slash")
        await typed(pilot, "*")
        assert "charts 1-5 of 33" in screen_text(app)
        first = on_show(app)
        await pilot.press("pagedown", "enter")
        await pilot.pause()
        assert "charts 6-10 of 33" in screen_text(app)
        second = on_show(app)
        assert len(first) == len(second) == 5 and not set(first) & set(second)
        await pilot.press("pageup")
        assert on_show(app) == first
        await pilot.press("pageup")
        await pilot.pause()
        assert len(on_show(app)) == 3 and "charts 31-33 of 33" in screen_text(app)


async def test_few_charts_share_the_room(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        areas = []
        for words in ("rho", "rho_td_", "lr"):
            await pilot.press("slash", "ctrl+u")
            await typed(pilot, words)
            await pilot.press("enter")
            await pilot.pause()
            areas.append(min(chart.size.area for chart in app.live.query(LineChart) if chart.is_on_screen))
        assert areas[0] < areas[1] < areas[2]
        others = app.live.query("#gate-check, #actors, #events, GateCurvePanel")
        assert all(panel.is_on_screen and panel.size.area > 0 for panel in others)


@both_sizes
async def test_a_chart_is_chosen_and_shown_alone(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        assert "▶" not in screen_text(app)
        await pilot.press("down", "down")
        await pilot.pause()
        assert "▶mean_c" in screen_text(app)
        before = app.live.query(LineChart)[1].size
        await pilot.press("up", "up", "f")
        await pilot.pause()
        assert on_show(app) == ("returns",), "before the first comes the last"
        alone = app.live.query(LineChart)[4].size
        assert alone.width > 2.5 * before.width and alone.height > 1.8 * before.height
        assert "chart 5 of 5" in screen_text(app)
        await pilot.press("left", "left", "down")
        await pilot.pause()
        assert on_show(app) == ("td_std",) and app.view.cursor is not None
        assert "at 122,880 steps" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert on_show(app) == OVERVIEW and app.view.cursor is not None, "one thing at a time"
        await pilot.press("f", "f")
        await pilot.pause()
        assert on_show(app) == OVERVIEW


async def test_choosing_in_a_small_window_turns_to_the_charts(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        for key, seen in (("f", 1), ("slash", 5), ("down", 5), ("pagedown", 5)):
            app.live.page = "actors"
            await pilot.pause()
            assert on_show(app) == ()
            await pilot.press(key)
            await pilot.pause()
            assert len(on_show(app)) == seen, key
            await pilot.press("escape")
        await pilot.press("f", "n")
        await pilot.pause()
        assert not app.live.selection.alone and app.live.page == "gate"


async def test_in_the_smallest_window(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(60, 20)) as pilot:
        app = await ready(pilot)
        await pilot.press("slash")
        await typed(pilot, "step")
        await pilot.press("left", "enter", "left", "plus", "down")
        await pilot.pause()
        seen = screen_text(app)
        assert "▶env_steps" in seen and "charts 1-5 of 6" in seen and len(on_show(app)) == 5
        await pilot.press("f")
        await pilot.pause()
        assert len(on_show(app)) == 1


def test_every_action_of_the_filter_line_is_there() -> None:
    actions = Keymap().of("filter")
    assert {action.name for action in actions} == {"keep_filter", "drop_filter"}


async def test_the_line_is_not_lost_with_the_focus(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("slash")
        await typed(pilot, "rho")
        await pilot.resize_terminal(30, 8)
        await pilot.resize_terminal(80, 24)
        await pilot.press("slash", "escape")
        await pilot.pause()
        assert on_show(app) == OVERVIEW and not app.live.query_one("#filter").display


async def test_keys_typed_in_one_go_are_taken_in_order(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        for key, char in (("slash", "/"), *((char, char) for char in "rho"), ("enter", "\r"), ("x", "x")):
            app.post_message(Key(key, char))
        await until(pilot, lambda: on_show(app) == RHOS and app.view.x_axis == "update")
        assert app.live.words == "rho"
        for key, char in (("slash", "/"), ("q", "q"), ("escape", None), ("left", None)):
            app.post_message(Key(key, char))
        await until(pilot, lambda: app.view.cursor is not None)
        assert on_show(app) == RHOS and app.is_running and isinstance(app.screen, LiveScreen)


@both_sizes
async def test_the_line_says_how_words_are_taken_and_what_stays_where_none_match(
    recorded: RecordedRun, size: tuple[int, int]
) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("slash")
        await pilot.pause()
        assert "all words must match: rho tail, *loss, ev|kl" in screen_text(app)
        await typed(pilot, "zzz")
        assert "no match" in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert on_show(app) == OVERVIEW and message(app).text == "no metric matches /zzz: the overview stays"
        await pilot.press("slash")
        await typed(pilot, "rho zzz")
        await pilot.press("enter")
        await pilot.pause()
        assert on_show(app) == RHOS and "the charts of /rho stay" in screen_text(app)
