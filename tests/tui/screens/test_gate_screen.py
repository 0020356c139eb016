"""The Gate screen driven by keys, at both sizes that must have full function, and below them."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from driving import SIZES, both_sizes, dashboard, message, ready, screen_text, until
from recorded_run import RecordedRun
from textual.pilot import Pilot
from textual.widgets import Static
from typer.testing import CliRunner

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.application.pictures import run_picture
from gwt_ib_tui.cli import app as command_line
from gwt_ib_tui.keys.keymap import Keymap
from gwt_ib_tui.screens.dialogs import QuitDialog
from gwt_ib_tui.screens.gate_screen import GateScreen
from gwt_ib_tui.screens.help_screen import HelpScreen
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.widgets.gate_panels import HeatPanel, MomentPanel, TimeBar
from gwt_ib_tui.widgets.rho import end_labels

UPDATES = 31


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(UPDATES)
    return run


async def opened(pilot: Pilot[str]) -> tuple[Dashboard, GateScreen]:
    app = await ready(pilot)
    await pilot.press("g")
    await pilot.pause()
    assert isinstance(app.screen, GateScreen)
    return app, app.screen


def place(gate: GateScreen) -> int:
    """Which moment is on show, from 1."""
    assert gate.run_view is not None
    return gate.scrub.place(gate.run_view.gate.updates) + 1


def bar(gate: GateScreen) -> str:
    return gate.query_one(TimeBar).render().plain


@both_sizes
async def test_everything_of_the_gate_is_shown(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app, gate = await opened(pilot)
        pages = [screen_text(app)]
        if size == (80, 24):
            await pilot.press("n")
            await pilot.pause()
            pages.append(screen_text(app))
        seen = "\n".join(pages)
        for words in ("RUNNING", "update 31", "newest", "TD→gate", "ghost", "prior", "target", "c over time", "40%"):
            assert words in seen, words
        for words in ("mean_c", "lambda_c", "bias", "clamps", "rho", "rho_td_c 0.830", "rho_tail_dc -0.02", " td_dc "):
            assert words in seen, words
        sentence = "c follows |td_norm| closely (0.83) through its prior; the router works against it (-0.11);"
        assert sentence in " ".join(gate.query_one("#rho-words").render().plain.split())
        assert all(sign in seen for sign in "▲△●○█▒⡀")
        assert ("Next page" in seen) == gate.paged


@both_sizes
async def test_there_and_back_again(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        for key in ("g", "escape"):
            await pilot.press("g")
            await pilot.pause()
            assert isinstance(app.screen, GateScreen) and "c over time" in screen_text(app)
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, LiveScreen) and "td_std" in screen_text(app)


@both_sizes
async def test_scrubbing_through_the_training(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        _, gate = await opened(pilot)
        curve = gate.query_one(MomentPanel).render().plain
        for key, there in (
            ("right", 31),
            ("left", 30),
            ("shift+left", 20),
            ("right", 21),
            ("shift+left", 11),
            ("shift+left", 1),
            ("left", 1),
            ("shift+right", 11),
            ("home", 1),
            ("end", 31),
        ):
            await pilot.press(key)
            await pilot.pause()
            assert place(gate) == there, key
            assert f"● update {there}, " in bar(gate)
            assert (" newest" in bar(gate)) == (there == 31)
            assert (gate.query_one(MomentPanel).render().plain == curve) == (there == 31)


async def test_update_and_env_steps_of_both_are_said(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        _, gate = await opened(pilot)
        await pilot.press("left")
        await pilot.pause()
        assert "update 30, 122,880 env steps · moment 30 of 31 " in bar(gate)
        assert "ghost: update 1, 4,096 env steps" in bar(gate)


@both_sizes
async def test_pinning_the_ghost(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        _, gate = await opened(pilot)
        await pilot.press("shift+left", "p", "end")
        await pilot.pause()
        assert gate.scrub.ghost == 21 and "update 21, " in bar(gate) and "update 31, " in bar(gate)
        with_ghost = gate.query_one(MomentPanel).render().plain
        await pilot.press("p")
        await pilot.pause()
        assert gate.query_one(MomentPanel).render().plain != with_ghost, "on the curve itself there is no ghost"
        await pilot.press("p")
        assert gate.scrub.ghost is None


async def test_the_newest_is_followed_and_an_earlier_moment_stays(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        _, gate = await opened(pilot)
        recorded.learn(2)
        await until(pilot, lambda: "update 33" in bar(gate))
        await pilot.press("left")
        recorded.learn(2)
        await until(pilot, lambda: "of 35" in bar(gate))
        assert place(gate) == 32


async def test_where_the_scrub_stands_is_kept(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app, gate = await opened(pilot)
        await pilot.press("shift+left", "g")
        recorded.learn(2)
        await until(pilot, lambda: app.run_view is not None and app.run_view.metric("update") == 33)
        await pilot.press("g")
        await pilot.pause()
        assert app.screen is gate
        assert place(gate) == 21 and "of 33" in bar(gate)


async def test_pages_of_a_small_window(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(80, 24)) as pilot:
        _, gate = await opened(pilot)
        shown = []
        for key in ("n", "tab", "N", "shift+tab"):
            await pilot.press(key)
            await pilot.pause()
            shown.append([widget.id or "chart" for widget in gate.query("#gate-panels > *") if widget.display])
        moment, budget = ["moment", "heat"], ["chart"] * 3 + ["rho", "rho-words"]
        assert shown == [budget, ["asked", "steps-shut"], budget, moment]


@both_sizes
async def test_control_help_and_leaving_work_here_too(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app, gate = await opened(pilot)
        await pilot.press("space")
        await until(pilot, lambda: any(recorded.directory.control.iterdir()))
        recorded.answer_requests()
        await until(pilot, lambda: "PAUSED" in screen_text(app))
        await until(pilot, lambda: "pause at update 31" in screen_text(app))
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "q")
        await pilot.pause()
        assert isinstance(app.screen, QuitDialog)
        await pilot.press("c", "g")
        await pilot.pause()
        assert message(app).text == "pause at update 31"
        await pilot.press("g", "q", "d")
        await pilot.pause()
    assert app.return_value == "detached" and gate.run_view is not None


async def test_the_palette_has_the_actions_of_the_screen_in_front(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app, gate = await opened(pilot)
        commands = {command.title: command.callback for command in app.get_system_commands(gate)}
        assert {action.title for action in Keymap().of("gate")} <= set(commands)
        assert "Next rule" not in commands and "Live" in commands
        await commands["10 earlier"]()
        assert place(gate) == 21
        await commands["Live"]()
        await pilot.pause()
        assert isinstance(app.screen, LiveScreen)


async def test_a_run_without_a_curve_yet(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "new")
    async with dashboard(run).run_test(size=(120, 40)) as pilot:
        app, gate = await opened(pilot)
        await pilot.press("left", "shift+right", "home", "end", "p")
        await pilot.pause()
        assert "no gate curve yet" in screen_text(app) and "waiting for data" in screen_text(app)
        run.learn()
        await until(pilot, lambda: "update 1, 4,096 env steps" in bar(gate))


async def test_the_gate_at_every_size(recorded: RecordedRun) -> None:
    numbers = random.Random(3)
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app, gate = await opened(pilot)
        sizes = [(60, 16), (1, 1), (2, 1), (59, 16), (60, 15), (60, 16), (80, 24), (104, 34), (103, 34), (240, 80)]
        sizes += [(numbers.randint(1, 130), numbers.randint(1, 45)) for _ in range(10)]
        for size in sizes:
            recorded.learn()
            gate.turn(1)
            await pilot.resize_terminal(*size)
            await pilot.press("left")
            await pilot.pause()
            tiny = size[0] < 60 or size[1] < 16
            assert gate.has_class("-tiny") == tiny
            if tiny:
                assert f"{size[0]}x{size[1]}" in str(gate.query_one(".too-small", Static).render())
        assert app.is_running


async def test_only_new_rows_and_keys_draw_the_map_again(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        _, gate = await opened(pilot)
        heat = gate.query_one(HeatPanel)
        drawn = heat._drawn_at
        for _ in range(4):
            recorded.beat()
            await asyncio.sleep(0.3)
        assert heat._drawn_at == drawn, "a heartbeat is no reason"
        await pilot.press("left")
        assert heat._drawn_at > drawn, "a key is, at once"


async def test_other_colours_and_none(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot)
        for theme in ("gwt-light", "nord", "gwt-dark"):
            app.theme = theme
            await pilot.pause()
            assert all(sign in screen_text(app) for sign in "▲△●○█▒")


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_of_the_gate(recorded: RecordedRun, size: tuple[int, int]) -> None:
    picture = run_picture(recorded.directory, size, "gate")
    assert picture.startswith("<svg") and "ghost" in picture and "▓" in picture


def test_the_picture_command_knows_its_screens(recorded: RecordedRun, tmp_path: Path) -> None:
    path = tmp_path / "gate.svg"
    arguments = ["picture", str(recorded.directory.path), str(path), "--screen"]
    assert CliRunner().invoke(command_line, [*arguments, "gate"]).exit_code == 0
    assert "ghost" in path.read_text()
    error = CliRunner().invoke(command_line, [*arguments, "gte"]).exception
    assert isinstance(error, UserError) and error.code == ExitCode.USAGE and "Did you mean gate?" in error.message


def test_lines_are_told_apart_by_digits_at_their_ends() -> None:
    assert end_labels([1.0, 0.0, 0.5, float("nan"), None], 11) == {0: 0, 10: 1, 5: 2}
    assert end_labels([0.9, 0.91, 0.9, 0.9], 5) == {0: 1, 1: 0, 2: 2, 3: 3}, "in the order of the lines"
    assert end_labels([0.01, 0.0, 1.0], 5) == {0: 2, 3: 0, 4: 1}, "not below the last row"
    assert len(end_labels([0.1, 0.2, 0.3, 0.4], 2)) == 2
    assert end_labels([0.5], 0) == {}
