"""A run that has ended offers what can be done with it, and one that failed says why, its cause first and in full."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import SIZES, both_sizes, dashboard, message, ready, screen_text, until
from recorded_run import RecordedRun

from gwt_ib_tui.application.app import LIST, Dashboard
from gwt_ib_tui.charts.log_lines import in_brief
from gwt_ib_tui.keys.keymap import Keymap
from gwt_ib_tui.screens.log_screen import LogScreen

CAUSE = "RuntimeError: simulator exploded: the physics engine lost contact with body 17 after a collision of two joints"
ENDING = f"ended with exit code 1: X-v0: environment 0 failed in episode 17 (seed 3): {CAUSE}"
MESSAGE = f"Actor 0 died 6 times within 10 minutes; at last it {ENDING}."
USELESS = {"Pause", "Snapshot", "Change setting", "Freeze display"}


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(31)
    return run


def offered(app: Dashboard) -> set[str]:
    return {command.title for command in app.get_system_commands(app.screen)}


def words_on(app: Dashboard) -> str:
    return " ".join(screen_text(app).split())


@both_sizes
async def test_what_is_offered_changes_with_the_end(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        assert offered(app) >= USELESS and not {"Resume", "Runs"} & offered(app)
        await until(pilot, lambda: "Pause" in screen_text(app))
        recorded.finish()
        await until(pilot, lambda: app.has_ended)
        await until(pilot, lambda: "Resume" in screen_text(app).splitlines()[-1])
        bar = screen_text(app).splitlines()[-1]
        assert not any(title in bar for title in USELESS), bar
        assert "Evaluate" in bar or size == SIZES[0]
        assert not USELESS & offered(app) and {"Resume", "Runs", "Evaluate", "Compare"} <= offered(app)
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Change lr, ent_coef" not in screen_text(app)


@pytest.mark.parametrize(
    ("state", "code", "command"),
    [("finished", 0, "resume {} --total-timesteps 999424"), ("failed", 69, "resume {}"), ("failed", 65, "verify {}")],
)
async def test_the_command_that_takes_it_up_again_is_shown(
    recorded: RecordedRun, state: str, code: int, command: str
) -> None:
    recorded.finish(state)
    recorded.beat(exit_code=code)
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("r")
        assert app.clipboard == f"gwt-ib-tui {command.format(recorded.directory.path)}"
        assert message(app).text == f"for a shell, to clipboard: {app.clipboard}"


async def test_the_list_of_runs_is_opened_from_an_ended_run_only(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("L", "r")
        assert message(app).status == "refused"
        recorded.finish()
        await until(pilot, lambda: app.has_ended)
        await pilot.press("L")
        await until(pilot, lambda: app.return_value == LIST)


@both_sizes
async def test_a_failure_says_its_cause_in_full(recorded: RecordedRun, size: tuple[int, int]) -> None:
    recorded.finish("failed", MESSAGE)
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await until(pilot, lambda: message(app).status == "failed")
        await until(pilot, lambda: "body 17 after a collision of two joints" in words_on(app))
        assert f"FAILED {CAUSE} (environment 0 in episode 17, seed 3; actor 0 died 6 times" in words_on(app)
        assert "RuntimeError: simulator" in screen_text(app).splitlines()[1], "beside the progress, too"


async def test_the_log_leaves_out_what_nobody_asked_for_until_a_key_does(recorded: RecordedRun) -> None:
    path = recorded.save_snapshot()
    recorded.log("trainer", "asked to pause (request 0001795700-ab12cd34)")
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("4")
        await until(pilot, lambda: isinstance(app.screen, LogScreen) and "asked to pause" in screen_text(app))
        assert "(request" not in screen_text(app) and f": snapshots/{Path(path).name}" in screen_text(app)
        await pilot.press("f")
        await until(pilot, lambda: "(request 0001795700-ab12cd34)" in screen_text(app))
        assert "in full" in screen_text(app)


@pytest.mark.parametrize(
    ("text", "brief"),
    [
        ("asked to pause (request 0001-ab)", "asked to pause"),
        ("update 14: snapshot /tmp/a/run/snapshots/000057344", "update 14: snapshot snapshots/000057344"),
        ("snapshot: runs/run/snapshots/0", "snapshot: snapshots/0"),
        ("begins /tmp/a/run", "begins /tmp/a/run"),
        ("it failed (/tmp/run/logs/learner.log)", "it failed (logs/learner.log)"),
        ('  File "/usr/lib/python3/common.py", line 4', '  File "/usr/lib/python3/common.py", line 4'),
        ("see /very/long/path/with/many/parts/that/is/long/file.txt, please", "see …/long/file.txt, please"),
        ("a/b of c", "a/b of c"),
    ],
)
def test_a_line_in_brief(text: str, brief: str) -> None:
    assert in_brief(text, "run") == brief


def test_the_keys_for_an_ended_run_are_in_the_table() -> None:
    needs = {action.id: action.needs for action in Keymap().actions}
    assert needs["app.show_resume"] == needs["app.open_list"] == "ended" and needs["app.pause_or_go_on"] == "control"
