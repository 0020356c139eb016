"""The dashboard driven by keys, on a run that is made up but lives, at both sizes that must have full function."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from driving import both_sizes, dashboard, message, panel, ready, screen_text, until
from recorded_run import RecordedRun
from textual.widgets import Static

from gwt_ib_tui.keys.keymap import Keymap
from gwt_ib_tui.screens.gate_check_screen import GateCheckScreen
from gwt_ib_tui.screens.gate_screen import GateScreen
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.screens.log_screen import LogScreen
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.widgets.gate_check_panel import GateCheckPanel
from gwt_ib_tui.widgets.line_chart import LineChart


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run", eval_every=5, target_c=0.6)
    run.learn(31)
    return run


@both_sizes
async def test_everything_is_shown(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        pages = [screen_text(app)]
        if app.live.paged:
            for _ in range(2):
                await pilot.press("n")
                await pilot.pause()
                pages.append(screen_text(app))
        seen = "\n".join(pages)
        for words in ("RUNNING", "a-run", "25%", "126,976/499,712 steps", "9,000 steps/s", "left 0:41"):
            assert words in seen, words
        for title in ("td_std", "mean_c", "EV", "bias", "━", "•", "returns", "TD→gate", "actors"):
            assert title in seen, title
        for words in (
            "training ✓ PASS since",
            "… WAIT",
            "PASS",
            "WARN",
            "mean c near target",
            "Next: ",
            "● alive",
            "2 of 2 alive",
            "mean return",
        ):
            assert words in seen, words
        assert "⣀" in seen or "⡀" in seen, "braille"


@both_sizes
async def test_space_pauses_and_goes_on(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("space")
        assert message(app) == Message("asked", "pause: waiting for the trainer")
        await until(pilot, lambda: any(recorded.directory.control.iterdir()))
        recorded.answer_requests()
        await until(pilot, lambda: "PAUSED" in panel(app, "#status"))
        assert message(app) == Message("done", "pause at update 31")
        await pilot.press("space")
        assert message(app).text.startswith("go on: ")
        await until(pilot, lambda: any(recorded.directory.control.iterdir()))
        recorded.answer_requests()
        await until(pilot, lambda: "RUNNING" in panel(app, "#status"))
        assert message(app) == Message("done", "go on at update 31")


async def test_space_twice_quickly_is_pause_and_go_on(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("space", "space")
        await until(pilot, lambda: len(list(recorded.directory.control.iterdir())) == 2)
        recorded.answer_requests()
        await until(pilot, lambda: message(app) == Message("done", "go on at update 31"))
        assert recorded.state == "running"


@both_sizes
async def test_snapshot_shows_its_path(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        with recorded.living():
            await pilot.press("s")
            await until(pilot, lambda: message(app).status == "done")
        path = message(app).text.partition(": ")[2]
        assert Path(path).is_dir()
        await pilot.pause()
        assert path[-24:] in screen_text(app), "the end of the path is seen also where the line is short"


@both_sizes
async def test_pages(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        visible = [[w.id for w in app.live.query("#panels > *") if w.display]]
        for key in ("n", "tab", "N", "shift+tab"):
            await pilot.press(key)
            await pilot.pause()
            visible.append([w.id for w in app.live.query("#panels > *") if w.display])
        if size == (80, 24):
            assert [len(shown) for shown in visible] == [6, 2, 1, 2, 6]
            assert "Next page" in screen_text(app)
        else:
            assert [len(shown) for shown in visible] == [8] * 5
            assert "Next page" not in screen_text(app)


@both_sizes
async def test_choosing_a_rule(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        if app.live.paged:
            await pilot.press("n")
        await pilot.pause()
        assert "Next: Double" in " ".join(panel(app, "#gate-check").split()), "the most serious one at first"
        await pilot.press("j")
        await pilot.pause()
        assert app.live.query_one(GateCheckPanel).selected == "bias_inside_clamps"
        assert "inside its clamps" in panel(app, "#gate-check")
        await pilot.press("k", "k")
        assert app.live.query_one(GateCheckPanel).selected == "eval_improves"
        await pilot.press("j")
        assert app.live.query_one(GateCheckPanel).selected == "mean_c_near_target"


async def test_read_only_cannot_control(recorded: RecordedRun) -> None:
    async with dashboard(recorded, read_only=True).run_test() as pilot:
        app = await ready(pilot)
        assert "read-only" in screen_text(app) and "Snapshot" not in screen_text(app)
        await pilot.press("space", "s")
        await pilot.pause(0.1)
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value == "detached"
    assert not any(recorded.directory.control.iterdir())


@pytest.mark.parametrize("screen", [LiveScreen, GateScreen, GateCheckScreen, LogScreen])
def test_on_no_screen_a_key_has_two_actions(screen: type[RunScreen]) -> None:
    keys = [key for action in Keymap().of(*screen.SCOPES) if action.scope != "replay" for key in action.keys]
    shared = {key for key in keys if keys.count(key) > 1}
    assert shared <= {"escape"}, "of the two that escape has, the screen's own comes first"


async def test_news_is_shown_and_old_events_are_not(recorded: RecordedRun) -> None:
    recorded.events.append({"time": 1.0, "kind": "warning", "message": "an old one", "update": 3})
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        assert message(app).text == ""
        recorded.event("actor_died", actor=1, message="boom")
        await until(pilot, lambda: message(app) == Message("warning", "actor 1 died at update 31: boom"))


async def test_dead_and_replaced_actors_are_told_apart(recorded: RecordedRun) -> None:
    recorded.beat(
        actors=[
            {"actor": number, "pid": number, "alive": number != 7, "steps_per_s": 10.0, "policy_lag": 1, "restarts": 2}
            for number in range(40)
        ]
    )
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("n", "n")
        await pilot.pause()
        text = panel(app, "#actors")
        assert "39 of 40 alive" in text and "✗ dead" in text and "more" in text


@both_sizes
async def test_foreign_words_cannot_do_harm(tmp_path: Path, size: tuple[int, int]) -> None:
    evil = "[red]x[/red] [@click=app.exit]y[/] [/nope] \x1b]52;c;aGk=\x07 \x1b[2J \u202eabc"
    run = RecordedRun(tmp_path / "r[b]un")
    run.learn(12)
    run.beat(env_id=evil, run=evil, message=evil, state="failed")
    run.events.append({"kind": "failed", "message": evil, "path": evil, "[key": evil, "update": 12})
    run.events.append({"kind": evil, "time": 1e300, "update": None})
    finding = {"kind": "[k", "status": "[s", "summary": evil, "next_step": evil}
    run.directory.gatecheck.write_text(json.dumps({"verdict": "fail", "findings": [finding]}))
    async with dashboard(run).run_test(size=size) as pilot:
        app = await ready(pilot)
        for _ in range(3):
            text = screen_text(app)
            assert "\x1b" not in text and "\u202e" not in text and "\x07" not in text
            assert "[red]x[/red]" in text
            await pilot.press("n")
            await pilot.pause()
        assert app.is_running


async def test_resizing_never_breaks(recorded: RecordedRun) -> None:
    numbers = random.Random(5)
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        sizes = [(1, 1), (2, 1), (59, 16), (60, 15), (60, 16), (80, 24), (104, 34), (103, 34), (300, 90)]
        sizes += [(numbers.randint(1, 220), numbers.randint(1, 70)) for _ in range(21)]
        for size in sizes:
            recorded.learn()
            app.live.turn(1)
            await pilot.resize_terminal(*size)
            words, tiny = "{}x{}".format(*size), size[0] < 60 or size[1] < 16

            def fits(words: str = words, tiny: bool = tiny) -> bool:
                said = str(app.live.query_one(".too-small", Static).render())
                return app.live.has_class("-tiny") == tiny and (not tiny or words in said)

            await until(pilot, fits)
        await pilot.press("q")
        await pilot.resize_terminal(30, 8)
        await pilot.resize_terminal(80, 24)
        await pilot.press("c", "question_mark")
        await pilot.resize_terminal(20, 5)
        assert app.is_running


async def test_a_dead_reader_is_said(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        app.source.stop()
        monkeypatch.setattr(type(app.source), "broken", True)
        await until(pilot, lambda: message(app).status == "failed")


async def test_no_color_still_tells_the_states_apart(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        assert app.no_color
        assert all(words in screen_text(app) for words in ("● RUNNING", "✓ PASS", "▲ WARN"))


async def test_another_theme(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        for theme in ("gwt-light", "textual-light", "nord", "ansi-dark", "gwt-dark"):
            app.theme = theme
            await pilot.pause()
            assert "RUNNING" in screen_text(app)


async def test_a_run_that_has_only_begun(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "new")
    run.state = "starting"
    run.beat(actors=[])
    async with dashboard(run).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        seen = screen_text(app)
        for words in ("STARTING", "waiting for data", "the first verdict comes", "none has reported yet"):
            assert words in seen
        run.state = "running"
        run.learn()
        await until(pilot, lambda: "RUNNING" in screen_text(app))


async def test_charts_are_redrawn_when_rows_come(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        charts = list(app.live.query(LineChart))
        before = [chart._drawn_at for chart in charts]
        recorded.learn(5)
        await until(pilot, lambda: all(chart._drawn_at > at for chart, at in zip(charts, before, strict=True)))
        settled = [chart._drawn_at for chart in charts]
        recorded.beat()
        await pilot.pause(1.2)
        assert [chart._drawn_at for chart in charts] == settled, "a heartbeat is no reason to draw"
