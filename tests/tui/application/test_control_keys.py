"""What the dashboard asks of a run by its keys: evaluations, settings, snapshots with a report; and why it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from driving import both_sizes, dashboard, message, ready, screen_text, until
from recorded_run import RecordedRun
from textual.pilot import Pilot
from textual.widgets import Input, Static

from gwt_ib.runs.control import take_requests
from gwt_ib_tui.screens.dialogs import SettingDialog
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.state.run.requests import Message

ASKING = {"space": "pause", "s": "save", "e": "evaluate", "t": "change"}


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(31)
    return run


def in_inbox(recorded: RecordedRun) -> int:
    return len(list(recorded.directory.control.glob("[!.]*.json")))


async def typed(pilot: Pilot[str], text: str) -> None:
    pilot.app.screen.query_one(Input).value = ""
    await pilot.press(*({".": "full_stop", "-": "minus"}.get(char, char) for char in text))


def problem(pilot: Pilot[str]) -> str:
    return str(pilot.app.screen.query_one("#setting-problem", Static).render())


@both_sizes
async def test_an_evaluation_is_asked_for_once_and_its_mean_return_is_shown(
    recorded: RecordedRun, size: tuple[int, int]
) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("e")
        assert message(app) == Message("asked", "evaluation: waiting for the trainer")
        await until(pilot, lambda: in_inbox(recorded) == 1)
        await pilot.press("e")
        assert message(app) == Message("asked", "evaluation: already asked, waiting for the trainer")
        await pilot.pause(0.05)
        assert in_inbox(recorded) == 1
        recorded.answer_requests()
        await until(pilot, lambda: message(app).status == "done")
        assert message(app).text == "evaluation at update 31: mean return -0.5000 over 2 episodes"
        await pilot.pause()
        assert message(app).text in screen_text(app)
        await pilot.press("e")
        await until(pilot, lambda: in_inbox(recorded) == 1)


@both_sizes
async def test_a_setting_is_chosen_and_changed(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("t")
        await pilot.pause()
        assert isinstance(app.screen, SettingDialog)
        seen = screen_text(app)
        for words in ("▸ lr", "0.00025", ">= 0.0, <= 1.0", "Adam's learning rate.", "ent_coef", "lambda_c", "target_c"):
            assert words in seen, words
        await pilot.press("down", "down", "down", "down", "up")
        await pilot.pause()
        assert "▸ lambda_c" in screen_text(app)
        await typed(pilot, "0.025")
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, LiveScreen)
        assert message(app) == Message("asked", "setting lambda_c 0.05 -> 0.025: waiting for the trainer")
        await until(pilot, lambda: in_inbox(recorded) == 1)
        recorded.answer_requests()
        await until(pilot, lambda: message(app).status == "done")
        assert message(app).text == "setting at update 31: lambda_c 0.05 -> 0.025"
        assert recorded.config.lambda_c == 0.025
        await until(pilot, lambda: app.run_view is not None and app.run_view.config == recorded.config)
        await pilot.press("t", "up")
        await pilot.pause()
        assert "▸ lambda_c  0.025" in screen_text(app)
        told = str(app.screen.query_one("#setting-meaning", Static).render())
        assert told == "Weight of the bottleneck loss after its warm-up. Update 31 learnt with 0.05."


@both_sizes
async def test_what_cannot_be_set_is_said_in_the_dialog_and_not_sent(
    recorded: RecordedRun, size: tuple[int, int]
) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("t")
        for text, sentence in {
            "": "Type a new value for lr.",
            "2": "lr = 2.0 is not possible: input should be less than or equal to 1.",
            "fast": "lr = 'fast' is not possible: input should be a valid number.",
            "nan": "lr = nan is not possible: input should be a finite number.",
            "0.00025": "lr is 0.00025 already.",
        }.items():
            await typed(pilot, text)
            await pilot.press("enter")
            await pilot.pause()
            assert problem(pilot) == sentence
            assert sentence[:50] in " ".join(screen_text(app).split())
        await pilot.press("1")
        assert problem(pilot) == "", "the value is another one by now"
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, LiveScreen)
        await pilot.press("t", "ctrl+c")
        await pilot.pause()
        assert in_inbox(recorded) == 0
        assert message(app).text == ""


async def test_a_setting_that_the_trainer_refuses_is_said(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("t", "1", "enter")
        await until(pilot, lambda: in_inbox(recorded) == 1)
        ((request,), _) = take_requests(recorded.directory.control)
        assert (request.kind, request.field, request.value) == ("set", "lr", 1.0)
        answer = {"request": request.id, "result": "refused", "message": "the disk is full"}
        recorded.event("acknowledged", **answer)
        await until(pilot, lambda: message(app).status == "refused")
        assert message(app).text == "setting lr 0.00025 -> 1.0 at update 31: the disk is full"


async def test_a_run_that_ends_under_the_dialog_is_asked_nothing(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("t", "1")
        recorded.finish()
        await until(pilot, lambda: app.run_view is not None and app.run_view.ended)
        await pilot.press("enter")
        await pilot.pause()
        assert message(app) == Message("refused", "the run has ended (finished): there is nothing to change")
        assert in_inbox(recorded) == 0


@both_sizes
async def test_a_snapshot_gets_a_report_and_its_path_is_copied(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("s")
        await until(pilot, lambda: in_inbox(recorded) == 1)
        recorded.answer_requests()
        await until(pilot, lambda: "clipboard" in message(app).text)
        folder = recorded.directory.snapshots / "000000126976"
        words = f"snapshot at update 31 and report, to clipboard: {folder}"
        assert message(app) == Message("done", words)
        assert app.clipboard == str(folder.resolve())
    report = recorded.directory.path / "reports" / "000000126976"
    assert sorted(path.name for path in report.iterdir()) == [
        "gatecheck.json", "metrics.json", "report.json", "screen.svg",
    ]  # fmt: skip
    assert json.loads((report / "report.json").read_bytes())["snapshot"] == str(folder.resolve())
    assert json.loads((report / "metrics.json").read_bytes())["update"] == 31
    assert json.loads((report / "gatecheck.json").read_bytes()) == recorded.directory.read_gatecheck()
    picture = (report / "screen.svg").read_text()
    assert picture.startswith("<svg") and "td_std" in picture and "font-face" not in picture
    assert "DONE" in picture, "the screen shows that the snapshot is there"


async def test_a_report_that_cannot_be_written_is_said_and_the_snapshot_is_there(recorded: RecordedRun) -> None:
    (recorded.directory.path / "reports").write_text("in the way")
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("s")
        await until(pilot, lambda: in_inbox(recorded) == 1)
        recorded.answer_requests()
        await until(pilot, lambda: message(app).status == "warning")
        assert message(app).text.startswith("no report beside the snapshot (File exists), to clipboard: ")
        assert app.clipboard.endswith("snapshots/000000126976")
        await pilot.press("e")
        assert message(app).status == "asked", "everything else goes on"


@both_sizes
@pytest.mark.parametrize("key", ASKING)
async def test_keys_that_control_say_why_they_cannot_where_the_run_has_ended(
    recorded: RecordedRun, key: str, size: tuple[int, int]
) -> None:
    recorded.finish()
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press(key)
        await pilot.pause()
        words = f"the run has ended (finished): there is nothing to {ASKING[key]}"
        if key == "e":
            words = "for a shell, to clipboard: gwt-ib-tui evaluate "
            assert app.clipboard == f"gwt-ib-tui evaluate {recorded.directory.path}"
            assert message(app).text.startswith(words)
        else:
            assert message(app) == Message("refused", words)
        assert words in screen_text(app)


@both_sizes
async def test_keys_that_control_say_that_a_dashboard_is_read_only_and_are_not_in_its_footer(
    recorded: RecordedRun, size: tuple[int, int]
) -> None:
    async with dashboard(recorded, read_only=True).run_test(size=size) as pilot:
        app = await ready(pilot)
        assert "Pause" not in screen_text(app) and "Snapshot" not in screen_text(app)
        for key in ASKING:
            app.say("notice", "")
            await pilot.press(key)
            assert message(app).status == "refused"
            assert message(app).text.startswith("this dashboard is read-only")
        app.ask("stop")
        await pilot.pause(0.05)
        assert in_inbox(recorded) == 0
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert "Freeze display" in titles and not titles & {"Pause", "Snapshot", "Evaluate", "Change setting"}


async def test_in_a_small_window_the_arrows_still_choose_and_the_value_is_seen(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(60, 16)) as pilot:
        app = await ready(pilot)
        await pilot.press("t", "down", "down", "7", "7")
        await pilot.pause()
        assert isinstance(app.screen, SettingDialog) and app.screen.chosen == 2
        assert "77" in screen_text(app)


@both_sizes
async def test_a_value_belongs_to_the_setting_it_was_typed_for(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("t", "1", "down", "enter")
        await pilot.pause()
        assert isinstance(app.screen, SettingDialog)
        assert problem(pilot) == "Type a new value for ent_coef."
        await pilot.press("up", "enter")
        await pilot.pause()
        assert message(app).text.startswith("setting lr 0.00025 -> 1.0"), "it is still there for its own"


async def test_a_dialog_that_would_be_cut_says_what_it_needs(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("t", "1")
        await pilot.resize_terminal(50, 12)
        await pilot.pause()
        seen = " ".join(screen_text(app).split())
        assert "needs 60x16" in seen and "lambda_c" not in seen
        await pilot.resize_terminal(80, 24)
        await pilot.press("2")
        await pilot.pause()
        assert app.screen.query_one(Input).value == "12", "and takes the keys again"
