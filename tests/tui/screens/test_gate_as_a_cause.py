"""What the gate is worth against each replacement, beside its verdict: live, of an ended run, and in a replay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from driving import SIZES, both_sizes, dashboard, ready, screen_text
from judged_run import checked, judged, opened, seen
from recorded_run import RecordedRun

from gwt_ib.durable import write_json
from gwt_ib.gatecheck.findings import GATE_VERDICTS, Effect, GateVerdict
from gwt_ib_tui.state.replay.replay import Replay
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.playback import Playback
from gwt_ib_tui.widgets.effects_panel import NO_EFFECTS, EffectsPanel

WORTH = {"open": 0.2, "shut": 0.4, "constant": 0.1, "shuffled": 0.3, "prior": 0.1, "no-td": -0.01}
UPDATES = 70


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run", eval_every=5)
    run.worth = WORTH
    run.learn(UPDATES)
    judged(run)
    return run


@both_sizes
async def test_all_that_check_json_says_of_the_gate_is_shown(recorded: RecordedRun, size: tuple[int, int]) -> None:
    recorded.finish()
    gate = checked(recorded)["gate"]
    assert [effect["gate"] for effect in gate["effects"]] and gate["verdict"] == "works"
    async with dashboard(recorded).run_test(size=size) as pilot:
        app, screen = await opened(pilot)
        if screen.paged:
            await pilot.press("n", "n")
            await pilot.pause()
        text, panel = screen_text(app), seen(screen, EffectsPanel)
        assert "gate ✓ WORKS" in text and f"since update {gate['since']}" in text
        assert " ".join(gate["summary"].split()) in panel and gate["next_step"] in panel
        for effect in gate["effects"]:
            row = next(line for line in text.splitlines() if f" {effect['gate']} " in line and "[" in line)
            assert f"{effect['difference']:+.2f} [{effect['low']:+.2f}, {effect['high']:+.2f}]" in row
            assert f"{effect['episodes']} ep" in row and "●" in row
        assert "0" in panel and "│" in panel, "zero is marked"


async def test_without_an_evaluation_of_it_that_is_said(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(2)
    async with dashboard(run).run_test(size=SIZES[1]) as pilot:
        _, screen = await opened(pilot)
        assert NO_EFFECTS in seen(screen, EffectsPanel)


async def test_every_word_is_whole_in_the_status_of_a_small_window(recorded: RecordedRun) -> None:
    app, run_view = dashboard(recorded, following=False), Feed(recorded.directory).read_everything()
    assert run_view.verdict is not None
    async with app.run_test(size=SIZES[0]) as pilot:
        for number, word in enumerate(GATE_VERDICTS):
            verdict = replace(run_view.verdict, gate=GateVerdict(word))
            app.run_view = replace(run_view, verdict=verdict, version=run_view.version + number)
            await pilot.pause()
            status = screen_text(app).splitlines()[0]
            assert " training  ✓ PASS   gate " in status and f" {word.upper()} " in status


def test_a_replay_has_the_verdict_and_the_effects_of_its_moment(recorded: RecordedRun) -> None:
    recorded.finish()
    replay = Replay(recorded.directory, clock=lambda: 0.0)
    while replay.read():
        pass
    replay.play(Playback.toggled)
    replay.judge(10.0)
    whole = Feed(recorded.directory).read_everything().verdict
    found = []
    for share in (0.03, 0.6, 1.0):
        replay.play(lambda playback, share=share: playback.moved(share - playback.share))  # type: ignore[misc]
        replay.show()
        assert replay.run_view.verdict is not None
        found.append(replay.run_view.verdict.gate)
    assert [gate.status for gate in found] == ["wait", "works", "works"]
    assert found[1].since == found[2].since == whole.gate.since if whole else None
    assert [effect.episodes for effect in found[1].effects] < [effect.episodes for effect in found[2].effects]


async def test_effects_of_a_damaged_file_do_no_harm(recorded: RecordedRun) -> None:
    record = recorded.directory.read_gatecheck()
    evil = {"gate": "[red]x\x1b[2J", "difference": "a", "low": 1e300, "high": None, "episodes": -1}
    record["gate"] = {"verdict": "\x1b[2Jodd", "effects": [evil, {}, 7, Effect("open", 1e300, -1e300, 1e308).__dict__]}
    write_json(recorded.directory.gatecheck, record, durable=False)
    for size in (*SIZES, (60, 16)):
        async with dashboard(recorded).run_test(size=size) as pilot:
            app = await ready(pilot)
            await pilot.press("3", "n", "n")
            await pilot.pause()
            assert "\x1b" not in screen_text(app) and "[red]x" in seen(app.screen, EffectsPanel)  # type: ignore[arg-type]
