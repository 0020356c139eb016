"""The list of runs: what it shows, and how one is chosen from it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from driving import both_sizes, until
from recorded_run import RecordedRun
from textual.pilot import Pilot
from textual.widgets import Static

from gwt_ib.clock import utc_now
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import last_record
from gwt_ib.runs.labels import read_labels
from gwt_ib.text import age
from gwt_ib_tui.application.run_list_app import RunList
from gwt_ib_tui.charts.palette import DEFAULT_THEME
from gwt_ib_tui.keys.keymap import read_keymap
from gwt_ib_tui.screens.dialogs import DeleteDialog
from gwt_ib_tui.screens.list_screen import Choice, Place
from gwt_ib_tui.state.compare.run_summaries import RunLister
from gwt_ib_tui.widgets.table import first_in_sight

REPEAT = "popgym-RepeatPreviousEasy-v0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three runs, `third` being the newest."""
    for number, name in enumerate(("first", "second", "third")):
        run = RecordedRun(tmp_path / name, env_id=REPEAT, seed=number, eval_every=5)
        run.learn(20 + 10 * number)
        run.beat(created=utc_now() - 3600 * (3 - number))
    return tmp_path


NEWEST_FIRST = Place(order="age")


def listing(folder: Path, place: Place = NEWEST_FIRST) -> RunList:
    return RunList(folder, place, interval=0.1)


async def ready(pilot: Pilot[Choice], count: int = 3) -> RunList:
    app = pilot.app
    assert isinstance(app, RunList)
    await until(pilot, lambda: len(app.list.rows.summaries.runs) == count)
    await pilot.pause()
    return app


def shown(app: RunList) -> list[str]:
    width, _ = app.size
    return [strip.text[:width] for strip in app.screen._compositor.render_strips(app.size)]


def line_of(app: RunList, seed: int) -> str:
    return next(line for line in shown(app) if f" s{seed} " in line)


def chosen(app: RunList) -> str:
    run = app.list.rows.run
    return "" if run is None else run.name


def test_ages_and_the_part_in_sight() -> None:
    assert [age(created, 300_000.0) for created in (None, 299_995, 299_939, 292_700, 100_000)] == [
        "–",
        "now",
        "1 min",
        "2 h",
        "2 d",
    ]
    assert [first_in_sight(place, 100, 10) for place in (0, 4, 50, 99)] == [0, 0, 45, 90]
    assert first_in_sight(2, 3, 10) == 0


@both_sizes
async def test_every_run_is_shown_and_stays_up_to_date(folder: Path, size: tuple[int, int]) -> None:
    async with listing(folder).run_test(size=size) as pilot:
        app = await ready(pilot)
        line = line_of(app, 0)
        state = "● RUN 16%" if size[0] < 100 else "● RUNNING   16% ━━"
        for words in (state, "16%", "first", "s0", "PASS", "WAIT", "3 h"):
            assert words in line, words
        assert [chosen(app), shown(app)[-3].strip()[:5]] == ["third", "third"]
        late = RecordedRun(folder / "fourth", env_id=REPEAT, seed=3)
        late.learn(61)
        late.finish("failed", "the disk is full")
        late.beat(created=utc_now())
        await ready(pilot, 4)
        await until(pilot, lambda: "✗ FAILED" in line_of(app, 3))
        assert chosen(app) == "third", "the choice stays"
        await pilot.press("up")
        await pilot.pause()
        assert "the disk is full" in shown(app)[-2]


@both_sizes
async def test_moving_about(folder: Path, size: tuple[int, int]) -> None:
    async with listing(folder).run_test(size=size) as pilot:
        app = await ready(pilot)
        names = []
        for key in ("down", "j", "down", "up", "k", "end", "home", "pagedown", "pageup"):
            await pilot.press(key)
            await pilot.pause()
            names.append(chosen(app))
            assert sum(line.startswith(" ›") for line in shown(app)) == 1
        assert names == ["second", "first", "first", "second", "third", "first", "third", "first", "third"]


@both_sizes
async def test_enter_opens_the_chosen_run(folder: Path, size: tuple[int, int]) -> None:
    async with listing(folder).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("down", "enter")
        await pilot.pause()
    choice = app.return_value
    assert choice is not None and choice.what == "open" and [run.name for run in choice.runs] == ["second"]
    assert choice.place == Place("second", order="age")


@both_sizes
async def test_marked_runs_are_compared(folder: Path, size: tuple[int, int]) -> None:
    async with listing(folder).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("space", "space", "up", "space", "space")
        await pilot.pause()
        assert [line[2] for line in (line_of(app, 2), line_of(app, 1), line_of(app, 0))] == ["✓", " ", "✓"]
        assert "2 marked" in shown(app)[0]
        await pilot.press("c")
        await pilot.pause()
    choice = app.return_value
    assert choice is not None and choice.what == "compare"
    assert [run.name for run in choice.runs] == ["third", "first"]


@both_sizes
async def test_with_none_marked_the_chosen_run_is_compared(folder: Path, size: tuple[int, int]) -> None:
    async with listing(folder).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("down", "c")
        await pilot.pause()
    assert app.return_value is not None and [run.name for run in app.return_value.runs] == ["second"]


@both_sizes
async def test_the_filter(folder: Path, size: tuple[int, int]) -> None:
    async with listing(folder).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("slash", *"s1")
        await pilot.pause()
        assert chosen(app) == "second" and "1 of 3" in shown(app)[0] and "/s1" in shown(app)[0]
        await pilot.press("q")
        await pilot.pause()
        assert app.is_running and "no run has" in shown(app)[2]
        await pilot.press("backspace", "enter", "j")
        await pilot.pause()
        assert app.list.rows.words == "s1" and chosen(app) == "second"
        await pilot.press("escape")
        await pilot.pause()
        assert app.list.rows.words == "" and len(app.list.rows.runs) == 3
        await pilot.press("slash", "x", "escape")
        await pilot.pause()
        assert app.list.rows.words == "" and not app.list.has_class("-filtered")


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_leaving(folder: Path, key: str) -> None:
    app = listing(folder)
    async with app.run_test() as pilot:
        await ready(pilot)
        await pilot.press(key)
        await pilot.pause()
    assert app.return_value is None and not app.is_running and not app._lister.alive


async def test_a_dead_reader_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with listing(folder).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        monkeypatch.setattr(RunLister, "broken", True)
        await until(pilot, lambda: any("has stopped" in note.message for note in app._notifications))


async def test_the_users_own_keys_and_theme(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('[keys.runs]\nrun_down = "z"\n')
    app = RunList(folder, NEWEST_FIRST, interval=0.1, keymap=read_keymap(path), theme="gwt-light")
    async with app.run_test() as pilot:
        await ready(pilot)
        await pilot.press("j")
        assert chosen(app) == "third" and app.theme == "gwt-light"
        await pilot.press("z")
        assert chosen(app) == "second"
    assert RunList(folder, theme="no such theme").theme == DEFAULT_THEME


async def test_the_list_comes_back_to_where_it_was(folder: Path) -> None:
    async with listing(folder, Place("first", frozenset({"second"}), "repeat")).run_test() as pilot:
        app = await ready(pilot)
        await pilot.pause()
        assert chosen(app) == "first" and app.list.rows.words == "repeat" and line_of(app, 1)[2] == "✓"


async def test_foreign_words_cannot_do_harm(folder: Path) -> None:
    evil = "[red]x[/red] \x1b[2J\u202eabc"
    run = RecordedRun(folder / "fourth")
    run.beat(env_id=evil, state=evil, message=evil, created=utc_now() + 9e9)
    run.directory.gatecheck.write_text('{"verdict": "[red]\\u001b[2J"}')
    async with listing(folder).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot, 4)
        await pilot.press("home")
        await pilot.pause()
        seen = "\n".join(shown(app))
        assert "\x1b" not in seen and "\u202e" not in seen and "[red]x[/red]" in seen


async def test_many_runs_and_every_size(folder: Path) -> None:
    for number in range(60):
        (folder / f"run{number}").mkdir()
        (folder / f"run{number}" / "run.json").write_text(f'{{"created": {number}, "state": "finished"}}')
    async with listing(folder).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot, 63)
        for size in ((60, 20), (60, 16), (1, 1), (59, 30), (200, 60), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.press("end", "pageup", "down")
            await pilot.pause()
        await pilot.press("end")
        await pilot.pause()
        assert chosen(app) == "run0" and any(line.startswith(" ›") for line in shown(app))


def named(app: RunList) -> list[str]:
    return [run.name for run in app.list.rows.runs]


@both_sizes
async def test_the_list_is_ordered_by_a_key_and_the_header_shows_how(folder: Path, size: tuple[int, int]) -> None:
    best_first = sorted(("first", "second", "third"), key=lambda name: -ep100(folder / name))
    async with listing(folder, Place()).run_test(size=size) as pilot:
        app = await ready(pilot)
        assert named(app) == best_first and chosen(app) == best_first[0]
        assert "by ep100 ↓" in shown(app)[0] and "ep100↓" in shown(app)[1]
        await pilot.press("O")
        await until(pilot, lambda: "ep100↑" in shown(app)[1])
        assert named(app) == best_first[::-1] and chosen(app) == best_first[-1]
        await pilot.press(*"ooooo")
        await until(pilot, lambda: "age↑" in shown(app)[1])
        assert named(app) == ["third", "second", "first"] and app.list.place.order == "age"


def ep100(path: Path) -> float:
    return float(last_record(path / "metrics.jsonl")["ep100"])


async def test_a_click_on_a_title_orders_by_it_and_one_on_a_line_chooses_it(folder: Path) -> None:
    async with listing(folder).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        column = shown(app)[1].index("seed")
        for order in (["first", "second", "third"], ["third", "second", "first"]):
            await pilot.click("#run-rows", offset=(column + 1, 1))
            await until(pilot, lambda order=order: named(app) == order)
        assert "seed↓" in shown(app)[1]
        await pilot.click("#run-rows", offset=(20, 4))
        await until(pilot, lambda: chosen(app) == "first")
        await pilot.click("#run-rows", offset=(20, 30))
        await pilot.click("#run-rows", offset=(0, 1))
        assert chosen(app) == "first" and "seed↓" in shown(app)[1]


async def test_a_run_is_named_tagged_and_annotated(folder: Path) -> None:
    run = RunDirectory(folder / "third")
    async with listing(folder).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("n", *"best")
        assert "name of third: best" in shown(app)[-2] and app.list.rows.words == ""
        await pilot.press("enter")
        await until(pilot, lambda: read_labels(run).name == "best" and "best" in line_of(app, 2))
        await pilot.press("T", "a", "space", "b", "enter")
        await until(pilot, lambda: read_labels(run).tags == ("a", "b"))
        await pilot.press("N", *"why", "enter")
        await until(pilot, lambda: any("#a #b why" in line for line in shown(app)))
        await pilot.press("n", "x", "escape")
        assert not app.list.query_one("#label-line").display and read_labels(run).name == "best"
        await pilot.press("n", "slash", "enter")
        await until(pilot, lambda: "REFUSED" in shown(app)[-2])
        assert app.list.query_one("#label-line").display, "what was typed can be mended"
        await pilot.press("backspace", "2", "enter")
        await until(pilot, lambda: read_labels(run).name == "best2")
        await pilot.press("slash", *"#a", "enter")
        await until(pilot, lambda: named(app) == ["third"])


async def test_a_run_is_deleted_after_a_question_that_names_it(folder: Path) -> None:
    ended = RunDirectory(folder / "second")
    ended.run.write_text(json.dumps({**json.loads(ended.run.read_text()), "state": "finished"}))
    place = Place("second", frozenset({"second", "first"}), order="age")
    async with listing(folder, place).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        for key in ("enter", "escape", "n"):
            await pilot.press("D")
            await until(pilot, lambda: isinstance(app.screen, DeleteDialog))
            details = app.screen.query_one("#details", Static)
            assert str(details.content).startswith(f"{ended.path}: 122,880 env steps, no snapshot, ")
            await pilot.press(key)
            await until(pilot, lambda: app.screen is app.list)
        assert ended.path.exists()
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, DeleteDialog))
        await pilot.press("y")
        await until(pilot, lambda: named(app) == ["third", "first"])
        assert not ended.path.exists() and app.list.rows.marked == {"first"}
        assert chosen(app) == "first", "the one that stood below it"
        assert "DONE deleted: second" in shown(app)[-2]
        await pilot.press("D")
        await until(pilot, lambda: "REFUSED It is being trained" in shown(app)[-2])
        assert named(app) == ["third", "first"]


async def test_a_run_that_somebody_else_deletes_leaves_the_list_and_the_marks(folder: Path) -> None:
    async with listing(folder, Place("second", frozenset({"second", "first"}), order="age")).run_test() as pilot:
        app = await ready(pilot)
        shutil.rmtree(folder / "second")
        await until(pilot, lambda: named(app) == ["third", "first"])
        assert chosen(app) == "first" and app.list.rows.marked == {"first"}
        await pilot.press("c")
        await pilot.pause()
    assert app.return_value is not None and [run.name for run in app.return_value.runs] == ["first"]
