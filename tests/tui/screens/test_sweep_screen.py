"""The list of a sweep, driven by keys on a made-up one, at both sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import both_sizes, until
from sweeping import CAUSE, FakeSweep, member_state
from textual.pilot import Pilot

from gwt_ib.sweeps.states import SweepState
from gwt_ib_tui.application.sweep_app import SweepApp
from gwt_ib_tui.keys.keymap import read_keymap
from gwt_ib_tui.screens.dialogs import SweepQuitDialog
from gwt_ib_tui.screens.help_screen import HelpScreen
from gwt_ib_tui.screens.list_screen import Choice, Place
from gwt_ib_tui.state.sweep.sweep_follower import SweepFollower
from gwt_ib_tui.widgets.sweep_rows import SweepRows

Sizes = tuple[int, int]


def listing(sweep: FakeSweep, *place: Place) -> SweepApp:
    return SweepApp(SweepFollower(sweep.source, 0.1), *place, interval=0.2)


async def ready(pilot: Pilot[Choice]) -> SweepApp:
    app = pilot.app
    assert isinstance(app, SweepApp)
    await until(pilot, lambda: app.list.rows.view.version > 0)
    await pilot.pause()
    return app


def shown(app: SweepApp) -> list[str]:
    width, _ = app.size
    return [strip.text[:width] for strip in app.screen._compositor.render_strips(app.size)]


def chosen(app: SweepApp) -> int:
    """The place of the chosen run in the sweep's file."""
    rows = app.list.rows
    return -1 if rows.run is None else rows.view.rows.index(rows.run)


@both_sizes
async def test_the_whole_the_runs_and_the_chosen_one(size: Sizes) -> None:
    sweep = FakeSweep()
    async with listing(sweep).run_test(size=size) as pilot:
        app = await ready(pilot)
        title, whole, counts, header, *lines = shown(app)
        assert "sweep made-up  8 runs" in title
        assert "● RUNNING" in whole and "42%" in whole and "left 1:35 · 2,048 steps/s" in whole
        assert counts.split("   ")[:5] == [
            "  ■ 2 finished", "● 2 running", "· 2 waiting", "◌ 1 unfinished", "✗ 1 failed"
        ]  # fmt: skip
        roomy = size == (120, 40)
        numbers = ["ep100", "eval", "train", "gate", "steps/s"] if roomy else ["ep100", "train", "gate"]
        assert header.split()[: 5 + len(numbers)] == ["state", "done", "task", "arm", "seed", *numbers]
        assert ("left, or cause" in header) == roomy and "━━━━" not in lines[0], "the cause goes before the bar"
        assert "› " in lines[0] and "■ finished   100%" in lines[0]
        assert "-0.500" in lines[0] and ("-0.250" in lines[0]) == roomy and "✓ PASS ▲ DECORATION" in lines[0]
        assert "● running" in lines[3] and ("2,048" in lines[3]) == roomy and "‖ paused" in lines[4]
        assert "· waiting" in lines[6] and "%" not in lines[6] and "–" not in lines[6]
        assert "None" not in "\n".join(shown(app)) and "nan" not in "\n".join(shown(app))


async def test_why_a_run_failed_is_told_in_full() -> None:
    async with listing(FakeSweep()).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("down", "down")
        await pilot.pause()
        assert CAUSE in " ".join(" ".join(shown(app)).split())
        assert chosen(app) == 2


@both_sizes
async def test_it_fills_while_it_is_looked_at_and_the_choice_stays(size: Sizes) -> None:
    sweep = FakeSweep()
    async with listing(sweep).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("end")
        sweep.change(6, status="running", state="starting", host="elsewhere")
        await until(pilot, lambda: "○ starting" in shown(app)[10])
        assert chosen(app) == 7
        assert ("elsewhere" in shown(app)[10]) == (size == (120, 40))
        await pilot.press("up")
        await until(pilot, lambda: "on elsewhere" in " ".join(" ".join(shown(app)).split()))
        sweep.working = False
        await until(pilot, lambda: "◌ UNFINISHED" in shown(app)[1] and "goes on with it" in shown(app)[-2])


async def test_the_end_of_a_sweep_is_said() -> None:
    sweep = FakeSweep()
    async with listing(sweep).run_test() as pilot:
        app = await ready(pilot)
        for place in range(8):
            sweep.change(place, status="finished" if place != 2 else "failed", state="finished")
        sweep.working = False
        await until(pilot, lambda: "✗ FAILED" in shown(app)[1] and "has ended, 1 failed" in shown(app)[-2])


async def test_enter_opens_a_run_that_has_begun_and_says_so_of_one_that_has_not() -> None:
    sweep = FakeSweep()
    app = listing(sweep, Place(order="status"))
    async with app.run_test() as pilot:
        await ready(pilot)
        await pilot.press("end", "up", "up", "enter")
        await pilot.pause()
        assert app.is_running and chosen(app) == 7 and "has not begun yet" in shown(app)[-2]
        await pilot.press("home", "enter")
        await pilot.pause()
    choice = app.return_value
    assert choice is not None and choice.what == "open" and choice.runs[0].path == sweep.state.members[2].path
    assert choice.place == Place(choice.runs[0].name, order="status")


async def test_marked_runs_that_have_begun_are_compared() -> None:
    app = listing(FakeSweep())
    async with app.run_test() as pilot:
        await ready(pilot)
        await pilot.press("end", "c")
        await pilot.pause()
        assert "has not begun yet" in shown(app)[-2]
        await pilot.press("space", "home", "space", "space", "c")
        await pilot.pause()
    choice = app.return_value
    assert choice is not None and choice.what == "compare" and len(choice.runs) == 2 and len(choice.place.marked) == 3


async def test_the_list_comes_back_to_where_it_was() -> None:
    sweep = FakeSweep()
    place = Place(
        sweep.state.members[3].member.name, frozenset({sweep.state.members[1].member.name}), "recall", "ep100"
    )
    async with listing(sweep, place).run_test() as pilot:
        app = await ready(pilot)
        assert chosen(app) == 3 and app.list.place == place
        assert "4 of 8 runs  best ep100 first  /recall" in shown(app)[0]


async def test_orders_filter_and_moving_about() -> None:
    async with listing(FakeSweep()).run_test() as pilot:
        app = await ready(pilot)
        seen = []
        for key in ("o", "o", "o", "j", "k", "end", "pageup", "pagedown"):
            await pilot.press(key)
            seen.append(chosen(app))
        assert seen == [2, 1, 0, 1, 0, 7, 0, 7]
        await pilot.press("slash", *"free s2", "enter")
        await pilot.pause()
        assert [app.list.rows.view.rows.index(run) for run in app.list.rows.runs] == [3, 7]
        await pilot.press("slash", *"x", "enter")
        await pilot.pause()
        assert "no run has 'x'" in shown(app)[3]
        await pilot.press("escape")
        assert len(app.list.rows.runs) == 8


@pytest.mark.parametrize("keys", [("d",), ("ctrl+c", "enter"), ("ctrl+q", "ctrl+q")])
async def test_leaving_a_sweep_that_goes_on_asks_nothing_of_it(keys: tuple[str, ...]) -> None:
    sweep = FakeSweep()
    app = listing(sweep)
    async with app.run_test() as pilot:
        await ready(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
    assert app.return_value is None and app.how == "detached" and sweep.asked == 0


async def test_a_stop_is_asked_for_after_a_question_and_the_list_leaves_when_it_is_done() -> None:
    sweep = FakeSweep()
    app = listing(sweep)
    async with app.run_test() as pilot:
        await ready(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SweepQuitDialog))
        assert sweep.asked == 0
        await pilot.press("c")
        await pilot.pause()
        assert not isinstance(app.screen, SweepQuitDialog) and sweep.asked == 0
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, SweepQuitDialog))
        await pilot.press("s")
        await until(pilot, lambda: sweep.asked == 1 and "○ STOPPING" in shown(app)[1])
        assert "ASKED" in shown(app)[-2]
        sweep.working = False
        await until(pilot, lambda: not app.is_running)
    assert app.how == "stopped" and sweep.asked == 1


async def test_a_stop_that_cannot_be_written_is_refused() -> None:
    sweep = FakeSweep()
    async with listing(sweep).run_test() as pilot:
        app = await ready(pilot)
        app._sweep.rest()
        sweep.error = OSError(28, "No space left on device")
        await pilot.press("s", "s")
        await until(pilot, lambda: "REFUSED the stop cannot be written: No space left on device" in shown(app)[-2])
        assert not app._sweep.stop_asked


async def test_where_nobody_works_on_it_there_is_nothing_to_stop_and_nothing_to_ask() -> None:
    app = listing(FakeSweep(working=False))
    async with app.run_test() as pilot:
        await ready(pilot)
        await pilot.press("s")
        await pilot.pause()
        assert "REFUSED" in shown(app)[-2] and "nothing to stop" in shown(app)[-2]
        await pilot.press("q")
        await pilot.pause()
    assert app.how == "ended" and app.return_value is None


async def test_what_cannot_be_read_is_said_and_the_list_stays() -> None:
    sweep = FakeSweep()
    async with listing(sweep).run_test() as pilot:
        app = await ready(pilot)
        sweep.error = OSError(5, "Input/output error")
        await until(pilot, lambda: "WARNING Input/output error" in shown(app)[-2])
        assert len(app.list.rows.runs) == 8


async def test_the_help_and_the_users_own_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('[keys.runs]\nrun_down = "z"\n[keys.sweep]\nnext_order = "slash"\nstop_sweep = "x"\n')
    keymap = read_keymap(path)
    assert keymap.problems == ("keys.toml: sweep.next_order keeps o: slash is runs.filter_runs",)
    app = SweepApp(SweepFollower(FakeSweep().source, 0.1), interval=0.2, keymap=keymap)
    async with app.run_test() as pilot:
        await ready(pilot)
        await pilot.press("j")
        assert chosen(app) == 0
        await pilot.press("z", "question_mark")
        await pilot.pause()
        assert chosen(app) == 1 and isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "x")
        await until(pilot, lambda: isinstance(app.screen, SweepQuitDialog))


async def test_small_odd_and_empty_windows() -> None:
    async with listing(FakeSweep()).run_test(size=(60, 16)) as pilot:
        app = await ready(pilot)
        assert "task" in shown(app)[3] and " q Leave" in shown(app)[-1] and " ? Help" in shown(app)[-1]
        await pilot.press("down", "down")
        for size in ((1, 1), (59, 15), (300, 90), (61, 16)):
            await pilot.resize_terminal(*size)
            await pilot.press("down", "up", "pagedown", "home")
        assert app.is_running


async def test_foreign_words_and_odd_numbers_do_no_harm() -> None:
    evil = "[red]x[/red] \x1b[2J\u202eabc"
    odd = float("nan")
    state = member_state(
        Path(), "popgym-CountRecallEasy-v0", evil, 2**62, status="failed", state=evil, cause=evil * 90, host=evil,
        verdict=evil, env_steps=-5, episodic_return=odd, eval_return=float("inf"), steps_per_s=0.0,
    )  # fmt: skip
    other = member_state(
        Path(), "popgym-AutoencodeEasy-v0", "b", 1, status="running", state=evil, host="b", steps_per_s=odd
    )
    async with listing(FakeSweep(SweepState((state, other), left_s=odd))).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        for _ in range(2):
            seen = "\n".join(shown(app))
            assert "[red]x[/red]" in seen and not {"\x1b", "\u202e"} & set(seen)
            await pilot.press("down")
            await pilot.pause()


async def test_every_theme_and_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with listing(FakeSweep()).run_test() as pilot:
        app = await ready(pilot)
        for theme in ("gwt-light", "ansi-dark"):
            app.theme = theme
            await pilot.pause()
            assert "✗ failed" in "\n".join(shown(app))


async def test_of_five_hundred_runs_only_those_in_sight_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    members = tuple(member_state(Path(), f"popgym-T{seed % 48}-v0", "budget", seed) for seed in range(500))
    drawn: list[str] = []
    async with listing(FakeSweep(SweepState(members))).run_test() as pilot:
        app = await ready(pilot)
        app._sweep.rest()
        monkeypatch.setattr("gwt_ib_tui.widgets.sweep_rows._status", lambda row, _: (drawn.append(row.name) or "", ""))
        await pilot.press("end")
        await pilot.pause()
        assert chosen(app) == 499 and set(drawn) <= {row.name for row in app.list.rows.view.rows[-20:]}
        assert app.list.query_one(SweepRows).rows_shown <= 20
