"""The GateCheck screen in every window and of every file: older ones, foreign words, other colours."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from driving import SIZES, dashboard, screen_text, until
from judged_run import HEALTHY, PINNED, checked, opened, row_of, run_of, seen
from recorded_run import RecordedRun

from gwt_ib.durable import write_json
from gwt_ib.text import count
from gwt_ib_tui.application.pictures import run_picture
from gwt_ib_tui.widgets.check_panels import RulePanel, RulesPanel, TrendPanel, VerdictPanel


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    return run_of(tmp_path, **HEALTHY)


@pytest.mark.parametrize("size", [(60, 20), (60, 16)])
async def test_a_reduced_window_still_tells_each_rule_and_what_to_do(tmp_path: Path, size: tuple[int, int]) -> None:
    run = run_of(tmp_path, **PINNED)
    async with dashboard(run).run_test(size=size) as pilot:
        app, screen = await opened(pilot)
        for found in checked(run)["findings"]:
            screen.selected = found["kind"]
            screen.page = "rules"
            await pilot.pause()
            assert "✗ FAIL" in seen(screen, VerdictPanel)
            line = row_of(screen, found["kind"])
            assert line in screen_text(app)
            await pilot.press("enter")
            await pilot.pause()
            shown = seen(screen, RulePanel)
            assert found["summary"] in shown and found["next_step"] in shown and found["threshold"] in shown
            assert f"since update {count(found['since'])}" in shown


async def test_a_file_of_an_older_version_is_shown_without_what_it_lacks(recorded: RecordedRun) -> None:
    record = recorded.directory.read_gatecheck()
    del record["since"], record["gate"]
    for found in record["findings"]:
        for name in ("since", "threshold", "limits", "decides"):
            del found[name]
    write_json(recorded.directory.gatecheck, record, durable=False)
    async with dashboard(recorded).run_test(size=SIZES[1]) as pilot:
        app, screen = await opened(pilot)
        assert "update 70" in seen(screen, VerdictPanel)
        assert "since update" not in screen_text(app) and "decides" not in screen_text(app)
        assert "✓ PASS td_std 0.0" in " ".join(screen_text(app).split())


async def test_before_the_first_verdict_it_waits(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "new")
    async with dashboard(run).run_test(size=SIZES[1]) as pilot:
        app, _ = await opened(pilot)
        assert "the first verdict comes with the first updates" in screen_text(app)
        await pilot.press("j", "k", "enter")
        assert app.is_running


async def test_foreign_words_do_no_harm(recorded: RecordedRun) -> None:
    evil = "[red]x[/red] \x1b]52;c;aGk=\x07 \x1b[2J \u202eabc"
    found = {
        "kind": "[k" + evil,
        "status": evil,
        "summary": evil,
        "next_step": evil,
        "threshold": evil,
        "limits": [evil],
    }
    found["evidence"] = [{"metric": evil, "value": evil, "step": evil}]
    record = {"verdict": evil, "since": evil, "update": evil, "findings": [found, found | {"limits": [1, None, 2]}]}
    recorded.directory.gatecheck.write_text(json.dumps(record))
    for size in (*SIZES, (60, 16)):
        async with dashboard(recorded).run_test(size=size) as pilot:
            app, screen = await opened(pilot)
            for _ in range(2):
                text = screen_text(app)
                assert not any(sign in text for sign in "\x1b\u202e\x07")
                assert "[red]x[/red]" in seen(screen, RulePanel)
                await pilot.press("j", "n")
                await pilot.pause()


async def test_resizing_never_breaks_it(recorded: RecordedRun) -> None:
    numbers = random.Random(3)
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app, screen = await opened(pilot)
        sizes = [(1, 1), (60, 16), (80, 24), (104, 34), (300, 90)]
        sizes += [(numbers.randint(1, 200), numbers.randint(1, 60)) for _ in range(7)]
        for size in sizes:
            screen.turn(1)
            await pilot.press("down")
            await pilot.resize_terminal(*size)
            tiny = size[0] < 60 or size[1] < 16
            await until(pilot, lambda tiny=tiny: screen.has_class("-tiny") == tiny)  # type: ignore[misc]
        assert app.is_running


async def test_other_colours_none_and_other_symbols(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run = run_of(tmp_path, **PINNED)
    async with dashboard(run).run_test(size=SIZES[1]) as pilot:
        app, screen = await opened(pilot)
        for theme in ("gwt-light", "nord", "gwt-dark"):
            app.theme = theme
            await pilot.pause()
            assert all(words in screen_text(app) for words in ("✗ FAIL", "▲ WARN", "✓ PASS", "◆"))
        for symbols in ("block", "ascii"):
            app.view = type(app.view)(symbols=symbols)
            await pilot.pause()
            text = screen.query_one(RulesPanel).render().plain + screen.query_one(TrendPanel).render().plain
            assert not any("\u2800" < sign <= "\u28ff" for sign in text)


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_of_gatecheck(recorded: RecordedRun, size: tuple[int, int]) -> None:
    assert "threshold" in run_picture(recorded.directory, size, "check")
