"""The screen of processes and log, driven by keys on a made-up run that logs, at both sizes."""

from __future__ import annotations

import logging
import os
from itertools import pairwise
from pathlib import Path

import pytest
from driving import both_sizes, dashboard, ready, screen_text, until
from recorded_run import RecordedRun
from textual.events import MouseScrollUp
from textual.pilot import Pilot

from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.screens.log_screen import LogScreen
from gwt_ib_tui.widgets.log_pane import LogPane

LINES = 200


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(31)
    for place in range(LINES):
        run.log("learner", f"line {place}.")
    run.prints("actor-1", b"an environment prints\n")
    run.log("learner", "no snapshot was written: No space left on device", logging.WARNING)
    run.log("actor-1", "ended by an exception\nTraceback:\nValueError: the glass broke", logging.CRITICAL)
    return run


async def on_log(pilot: Pilot[str], key: str = "a") -> Dashboard:
    app = await ready(pilot)
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, LogScreen) and "ValueError: the glass broke" in screen_text(app))
    return app


def pane(app: Dashboard) -> LogPane:
    return app.screen.query_one(LogPane)


def shown(app: Dashboard) -> list[int]:
    """The numbers of the numbered lines that are on the screen."""
    words = screen_text(app).split()
    return [int(after[:-1]) for word, after in pairwise(words) if word == "line"]


@both_sizes
@pytest.mark.parametrize("key", ["4", "a"])
async def test_processes_log_and_events_are_shown(recorded: RecordedRun, size: tuple[int, int], key: str) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await on_log(pilot, key)
        seen = screen_text(app)
        for words in ("trainer", "learner", "actor 0", "actor 1", "● alive", "2 of 2 actors alive", "following"):
            assert words in seen, words
        for words in ("waits 0.310 s, learns 0.140 s", "▲ 1 warning", "✗ 1 error", "a-run/logs"):
            assert words in seen, words
        assert f"{os.getpid()}" in seen and "MB" in seen
        assert "WARN  learner   no snapshot was written" in seen
        if size == (80, 24):
            assert "evaluation" not in seen
            await pilot.press("n")
            await pilot.pause()
            assert "following" not in screen_text(app)
        assert "mean return" in screen_text(app)
        await pilot.press(key)
        await pilot.pause()
        assert isinstance(app.screen, LiveScreen)


@both_sizes
async def test_the_log_follows_its_end(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await on_log(pilot)
        recorded.log("trainer", "the newest of all")
        await until(pilot, lambda: "the newest of all" in screen_text(app))
        assert "the newest of all" in screen_text(app).splitlines()[-3]


@both_sizes
async def test_scrolling_up_stops_the_log_and_says_so(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await on_log(pilot)
        await pilot.press("up", "up", "up")
        await pilot.pause()
        assert "‖ stopped, 3 newer (end follows)" in screen_text(app) and "ValueError" not in screen_text(app)
        before = shown(app)
        recorded.log("trainer", "the newest of all")
        await until(pilot, lambda: "4 newer" in screen_text(app))
        assert shown(app) == before, "what is read stays where it is"
        await pilot.press("down")
        await pilot.pause()
        assert "3 newer" in screen_text(app)
        await pilot.press("down", "down", "down")
        await pilot.pause()
        assert "following" in screen_text(app) and "the newest of all" in screen_text(app)
        await pilot.press("down", "pagedown")
        await pilot.pause()
        assert "following" in screen_text(app)


@both_sizes
async def test_pages_and_ends(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await on_log(pilot)
        await pilot.press("pageup")
        await pilot.pause()
        page = shown(app)
        await pilot.press("pageup")
        await pilot.pause()
        assert shown(app)[-1] == page[0], "one line stays in sight"
        await pilot.press("pagedown")
        await pilot.pause()
        assert shown(app) == page
        await pilot.press("home")
        await pilot.pause()
        first = next(line for line in screen_text(app).splitlines() if "INFO" in line)
        assert "trainer   pid 4098 on here begins" in first and "stopped" in screen_text(app)
        top = pane(app).render()
        await pilot.press("up", "pageup")
        await pilot.pause()
        assert pane(app).render() == top
        await pilot.press("end")
        await pilot.pause()
        assert "following" in screen_text(app) and "ValueError" in screen_text(app)


@both_sizes
async def test_levels(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await on_log(pilot)
        recorded.prints("actor-1", b"now it prints\n")
        await until(pilot, lambda: "now it prints" in screen_text(app))
        seen = []
        for _ in range(4):
            await pilot.press("i")
            await pilot.pause()
            seen.append(screen_text(app))
        for words, where in {
            "now it prints": (False, False, False, True),
            "line 199.": (True, False, False, True),
            "no snapshot": (True, True, False, True),
            "the glass broke": (True, True, True, True),
        }.items():
            assert tuple(words in text for text in seen) == where, words
        for words, text in zip(("INFO and above", "WARNING and above", "1 error  ERROR", "1 error"), seen, strict=True):
            assert words in text
        assert "above" not in seen[-1]


@both_sizes
async def test_processes_one_after_another(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await on_log(pilot)
        for process, words in {
            "trainer": "122 updates",
            "learner": "line 199.",
            "actor-0": "pid 4100 steps",
            "actor-1": "an environment prints",
        }.items():
            await pilot.press("w")
            await pilot.pause()
            assert pane(app).process == process
            assert words in screen_text(app)
            assert ("✗ 1 error" in screen_text(app)) == (process == "actor-1")
        await pilot.press("w")
        assert pane(app).process == ""


async def test_with_few_lines_there_is_nowhere_to_scroll(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await on_log(pilot)
        await pilot.press("w", "up", "pageup", "home")
        await pilot.pause()
        assert "following" in screen_text(app) and "122 updates" in screen_text(app)


async def test_a_key_of_the_log_brings_it_into_sight(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await on_log(pilot)
        await pilot.press("n", "i")
        await pilot.pause()
        assert "INFO and above" in screen_text(app)


async def test_the_wheel_scrolls(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await on_log(pilot)
        await pilot._post_mouse_events([MouseScrollUp], "#log-pane")
        await pilot.pause()
        assert "3 newer" in screen_text(app)


async def test_dead_replaced_and_many_actors(recorded: RecordedRun) -> None:
    actors = [
        {
            "actor": number,
            "pid": -1,
            "alive": number != 30,
            "steps_per_s": 10.0,
            "policy_lag": 1,
            "restarts": number % 2,
        }
        for number in range(40)
    ]
    async with dashboard(recorded).run_test() as pilot:
        app = await on_log(pilot)
        recorded.beat(actors=actors)
        await until(pilot, lambda: "39 of 40 actors alive" in screen_text(app) and "and 37 more" in screen_text(app))
        lines = screen_text(app).splitlines()
        (dead,) = [line for line in lines if "✗ dead" in line]
        assert dead.split()[:2] == ["actor", "30"]
        recorded.finish()
        await until(pilot, lambda: "■ ended" in screen_text(app) and "● alive" not in screen_text(app))
        assert "✗ dead" not in screen_text(app)


async def test_a_run_on_another_host_has_processes_without_figures(recorded: RecordedRun) -> None:
    recorded.beat(host="elsewhere")
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await on_log(pilot)
        (trainer,) = [line for line in screen_text(app).splitlines() if line.startswith(" trainer")]
        assert "MB" not in trainer and trainer.count("–") == 2


async def test_a_run_that_has_logged_nothing(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "new")
    for path in run.directory.logs.iterdir():
        path.unlink()
    run.beat(actors=[])
    async with dashboard(run).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("a", "up", "pagedown", "home", "w", "i", "i")
        await pilot.pause()
        assert "nothing was logged yet" in screen_text(app)
        run.log("learner", "begins")
        await until(pilot, lambda: "nothing of this kind was logged" in screen_text(app))


async def test_small_and_odd_windows(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(60, 20)) as pilot:
        app = await on_log(pilot)
        assert "actor 1" in screen_text(app) and "steps/s" in screen_text(app) and "restarts" not in screen_text(app)
        await pilot.press("up")
        for size in ((1, 1), (59, 15), (60, 16), (300, 90), (104, 34), (103, 33)):
            await pilot.resize_terminal(*size)
            await pilot.press("pageup", "down", "home", "pagedown", "n")
        assert app.is_running


async def test_foreign_words_in_a_log_do_no_harm(recorded: RecordedRun) -> None:
    evil = "[red]x[/red] [@click=app.exit]y[/] \x1b]52;c;aGk=\x07 \x1b[2J \u202eabc"
    recorded.prints("[b]evil", evil.encode() + b"\xff\n")
    async with dashboard(recorded).run_test() as pilot:
        app = await on_log(pilot)
        seen = screen_text(app)
        assert "[red]x[/red]" in seen
        assert not {"\x1b", "\x07", "\u202e"} & set(seen)


async def test_every_theme_and_no_color(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await on_log(pilot)
        for theme in ("gwt-light", "ansi-dark", "gwt-dark"):
            app.theme = theme
            await pilot.pause()
            assert "WARN" in screen_text(app) and "CRIT" in screen_text(app)


@both_sizes
async def test_the_log_says_its_clock_and_what_is_not_in_it(recorded: RecordedRun, size: tuple[int, int]) -> None:
    for _ in range(4000):
        recorded.log("learner", "x" * 200)
    recorded.log("actor-1", "ended by an exception\nTraceback:\nValueError: the glass broke", logging.CRITICAL)
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await on_log(pilot)
        title, folder = pane(app).render().plain.splitlines()[:2]
        assert title.startswith("▍log  UTC  following")
        assert " · older lines are not here" in folder
        assert "log_level=debug" in folder or size == (80, 24)
        await pilot.press("n")
        await pilot.pause()
        assert "events" in screen_text(app) and "  UTC" in screen_text(app)
