"""An evaluation with the gate replaced: asked for by a key, shown with its step and age, and where memory is used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from driving import SIZES, both_sizes, dashboard, message, ready, screen_text, until
from recorded_run import RecordedRun
from textual.pilot import Pilot

from gwt_ib.gatecheck.gate_evaluation import read_gate_evaluation
from gwt_ib.runs.jsonl import read_records
from gwt_ib_tui.screens.gate_screen import GateScreen
from gwt_ib_tui.state.replay.recording import Recording
from gwt_ib_tui.state.replay.replay import as_of
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.widgets.effects_panel import NOT_ASKED, AskedPanel, asked_words
from gwt_ib_tui.widgets.panel import Panel
from gwt_ib_tui.widgets.steps_panels import NO_STEPS


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.worth = {"open": 0.2, "constant": -0.1, "no-td": 0.0}
    run.learn(12)
    return run


async def worth(pilot: Pilot[str]) -> GateScreen:
    await ready(pilot)
    await pilot.press("2", "N")
    await pilot.pause()
    screen = cast(GateScreen, pilot.app.screen)
    assert screen.page == "worth"
    return screen


def said(screen: GateScreen, name: str) -> str:
    panel = screen.query_one(f"#{name}", Panel)
    return " ".join(panel.render().plain.split()) if panel.display else ""


@both_sizes
async def test_a_key_asks_for_it_and_the_result_is_shown_with_step_and_age(
    recorded: RecordedRun, size: tuple[int, int]
) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        screen = await worth(pilot)
        app = await ready(pilot)
        assert f"{NOT_ASKED} E asks" in said(screen, "asked") and f"{NO_STEPS} E asks" in said(screen, "steps-shut")
        await pilot.press("E")
        await until(pilot, lambda: message(app).status == "asked")
        assert "gate evaluation" in message(app).text
        await pilot.press("E")
        await until(pilot, lambda: "already asked" in message(app).text)
        await until(pilot, lambda: len(list(recorded.directory.control.iterdir())) == 1)
        recorded.answer_requests()
        await until(pilot, lambda: message(app).status == "done")
        assert "gate evaluation at update 12: in place of the learned gate costs: open +0.2" in message(app).text
        asked = said(screen, "asked")
        assert "at 49,152 env steps, now" in asked and "20 episodes, mean return -0.700, mean c 0.350" in asked
        assert "+0.20 [+0.19, +0.21]" in asked and "-0.10 [-0.11, -0.09]" in asked
        shut = said(screen, "steps-shut")
        assert "0-5 │" in shut and "+0.30 [+0.29, +0.31] c 0.900" in shut and "42-51" in shut and "c 0.200" in shut
        assert all(line in screen_text(app) for line in screen.query_one("#asked").render().plain.split("\n"))
        large = size == SIZES[1]
        assert ("open in these steps alone" in said(screen, "steps-open")) == large
        assert ("mean c by step of the episode" in said(screen, "step-gate")) == large
        recorded.learn()
        await pilot.press("3")
        await until(pilot, lambda: "asked for: at 49,152 env steps, now" in screen_text(app) or not large)


async def test_of_a_run_that_has_ended_the_command_is_said_and_nothing_is_asked(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.finish()
    async with dashboard(recorded).run_test(size=SIZES[1]) as pilot:
        app = await ready(pilot)
        copied: list[str] = []
        monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
        await pilot.press("E")
        await until(pilot, lambda: "gwt-ib-tui evaluate" in message(app).text)
        assert copied == [f"gwt-ib-tui evaluate {recorded.directory.path} --gate all --steps"]
        assert not list(recorded.directory.control.iterdir())
        assert "The command evaluate RUN --gate all --steps does" in said(await worth(pilot), "asked")


async def test_a_page_more_in_both_windows(recorded: RecordedRun) -> None:
    recorded.evaluate_gate()
    async with dashboard(recorded).run_test(size=SIZES[0]) as pilot:
        app = await ready(pilot)
        await pilot.press("2")
        for page in ("budget", "worth", "moment"):
            await pilot.press("n")
            await pilot.pause()
            assert cast(GateScreen, app.screen).page == page
        await pilot.resize_terminal(*SIZES[1])
        for page, panels in (("worth", 4), ("moment", 7)):
            await pilot.press("n")
            await pilot.pause()
            assert cast(GateScreen, app.screen).page == page
            assert sum(child.display for child in app.screen.query_one("#gate-panels").children) == panels
        await pilot.press("n")
        for size in ((60, 16), (61, 17), (104, 34), (200, 60), (30, 5)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert app.is_running


def test_a_replay_knows_of_it_from_its_step_on(recorded: RecordedRun) -> None:
    recorded.evaluate_gate()
    recorded.learn(8)
    whole = Feed(recorded.directory).read_everything()
    assert whole.gate_evaluation == read_gate_evaluation(recorded.directory) is not None
    recording, known = Recording(), []
    for row in read_records(recorded.directory.metrics):
        recording.take(row)
        known.append(as_of(whole, recording.newest, None).gate_evaluation is not None)
    assert known == [False] * 11 + [True] * 9
    later = replace(whole, now=whole.now + 7200.0)
    assert asked_words(later) == "at 49,152 env steps, 2 h ago"


ODD = '{"format": 1, "returns": {"learned": [1]}, "steps": {"edges": [3, 1]}}'


@pytest.mark.parametrize("content", ["{", '{"format": 1, "returns": {}}', ODD], ids=["cut", "empty", "odd"])
async def test_a_file_that_nothing_can_be_made_of_is_none(recorded: RecordedRun, content: str) -> None:
    recorded.directory.gate_evaluation.write_text(content)
    async with dashboard(recorded).run_test(size=SIZES[1]) as pilot:
        screen = await worth(pilot)
        assert screen.query_one(AskedPanel).display and NO_STEPS in said(screen, "steps-shut")
