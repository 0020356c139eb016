"""The GateCheck screen driven by keys: it shows what `check --json` says, at both sizes and below them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driving import SIZES, both_sizes, dashboard, ready, screen_text, until
from judged_run import HEALTHY, PINNED, UPDATES, checked, judged, opened, row_of, run_of, seen, title
from recorded_run import RecordedRun

from gwt_ib.gatecheck.findings import rule_name
from gwt_ib.text import count
from gwt_ib_tui.charts.trends import trend_of
from gwt_ib_tui.keys.keymap import Keymap
from gwt_ib_tui.screens.gate_check_screen import GateCheckScreen
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.widgets.check_panels import RulePanel, RulesPanel, TrendPanel, VerdictPanel
from gwt_ib_tui.widgets.effects_panel import EffectsPanel

both_runs = pytest.mark.parametrize("settings", [HEALTHY, PINNED], ids=["healthy", "pinned"])


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    return run_of(tmp_path, **HEALTHY)


@both_runs
@both_sizes
async def test_everything_that_check_json_says_of_every_rule_is_shown(
    tmp_path: Path, size: tuple[int, int], settings: dict[str, Any]
) -> None:
    run = run_of(tmp_path, **settings)
    record = checked(run)
    assert record == run.directory.read_gatecheck()
    assert {found["status"] for found in record["findings"]} >= ({"pass"} if settings is HEALTHY else {"fail", "warn"})
    async with dashboard(run).run_test(size=size) as pilot:
        app, screen = await opened(pilot)
        assert f"since update {count(record['since'])} " in seen(screen, VerdictPanel)
        for found in record["findings"]:
            line = row_of(screen, found["kind"])
            assert line in screen_text(app)
            cells = line.split()
            assert found["status"].upper() in cells
            assert found["threshold"] in line
            assert count(found["since"]) in cells
            assert ("◆" in cells) == found["decides"]
        if screen.paged:
            await pilot.press("enter")
        for found in record["findings"]:
            screen.selected = found["kind"]
            await pilot.pause()
            shown, on_screen = seen(screen, RulePanel), " ".join(screen_text(app).split())
            assert " ".join(found["summary"].split()) in shown
            assert found["next_step"] in shown
            assert f"to pass: {found['threshold']}" in shown
            assert f"since update {count(found['since'])}" in shown
            assert found["status"].upper() in shown
            assert all(f"{item['metric']} " in shown for item in found["evidence"])
            assert "env steps" in shown or not found["evidence"]
            assert rule_name(found["kind"]) in on_screen


@both_sizes
async def test_both_verdicts_are_words_and_badges(tmp_path: Path, size: tuple[int, int]) -> None:
    run = run_of(tmp_path, **PINNED)
    async with dashboard(run).run_test(size=size) as pilot:
        app, screen = await opened(pilot)
        text, shown = screen_text(app), seen(screen, VerdictPanel)
        assert "training ✗ FAIL since" in shown and "gate … WAIT" in shown
        assert " training  ✗ FAIL   gate  … WAIT " in text.splitlines()[0]
        assert "decided by td_std ✗ FAIL, evaluations improve" in shown
        assert "✗ FAIL" in text and "▲" in text


@both_sizes
async def test_rules_are_chosen_up_and_down(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app, screen = await opened(pilot)
        kinds = [found["kind"] for found in checked(recorded)["findings"]]
        screen.selected = kinds[0]
        for key, place in (("down", 1), ("j", 2), ("up", 1), ("k", 0), ("k", len(kinds) - 1), ("j", 0), ("down", 1)):
            await pilot.press(key)
            await pilot.pause()
            assert screen.selected == kinds[place]
            assert row_of(screen, kinds[place]).startswith("›")
            assert row_of(screen, kinds[place]) in screen_text(app)
        assert "Returns rise" in seen(screen, RulePanel)


@both_sizes
async def test_at_first_the_most_serious_rule_is_chosen(tmp_path: Path, size: tuple[int, int]) -> None:
    run = run_of(tmp_path, **PINNED)
    async with dashboard(run).run_test(size=size) as pilot:
        _, screen = await opened(pilot)
        assert "is pinned at its floor: not above 5 * td_std_min = 0.05" in seen(screen, RulePanel)
        assert "if rewards are rare" in seen(screen, RulePanel)


@both_sizes
async def test_each_rule_has_a_small_trend_and_the_chosen_one_a_large(
    recorded: RecordedRun, size: tuple[int, int]
) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app, screen = await opened(pilot)
        rows = screen.query_one(RulesPanel).render().plain.split("\n")
        assert rows[0].endswith("trend") or "trend " in rows[0]
        assert all(any("\u2800" < sign <= "\u28ff" for sign in row) for row in rows[1:]), rows
        if screen.paged:
            await pilot.press("enter")
        follows = {
            "td_std": "td_std",
            "bias_inside_clamps": "bias",
            "eval_improves": "eval_return",
            "gate_moves": "spread of c",
            "router_adds_to_prior": "c from its prior",
            "critic_keeps_up": "explained_variance",
        }
        for kind, name in follows.items():
            screen.selected = kind
            await pilot.pause()
            chart = screen.query_one(TrendPanel).render().plain
            assert name in title(screen, TrendPanel)
            assert "•" in chart or any("\u2800" < sign <= "\u28ff" for sign in chart)
            limits = {"td_std": "┈ > 0.005, < 49.5", "bias_inside_clamps": "to pass: > -4, < 2"}
            assert limits.get(kind, "") in title(screen, TrendPanel)
            if kind in ("eval_improves", "critic_keeps_up"):
                assert "<=" not in title(screen, TrendPanel), "what is held against it is not what is drawn"
            dotted = re.search(r"([⠁⠂⠄⡀])\1{5}", chart)
            assert (kind == "td_std") == (dotted is not None), "the limits of the others are out of sight"
            assert app.is_running


def test_the_trends_of_the_gate_curve_end_at_the_rules_own_numbers(recorded: RecordedRun) -> None:
    run_view = Feed(recorded.directory).read_everything()
    assert run_view.verdict is not None
    for finding in run_view.verdict.findings:
        trend = trend_of(run_view, finding)
        assert trend is not None, finding.kind
        assert len(trend.x.mean) == UPDATES
        if finding.kind == "router_adds_to_prior":
            assert trend.y.mean[-1] == pytest.approx(finding.value, rel=1e-9)
        if finding.kind == "gate_moves":  # over the last ten updates
            assert np.sqrt(np.mean(trend.y.mean[-10:] ** 2)) == pytest.approx(finding.value, rel=1e-9)
            assert np.isfinite(trend.y.mean).all() and trend.limits == (0.01,)


async def test_at_80x24_details_are_a_page_of_their_own(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=SIZES[0]) as pilot:
        _, screen = await opened(pilot)
        for key, page in (("enter", "rule"), ("n", "cause"), ("tab", "rules"), ("N", "cause"), ("enter", "rules")):
            await pilot.press(key)
            await pilot.pause()
            assert screen.page == page
            assert screen.query_one(TrendPanel).display == (page == "rule")
            assert screen.query_one(RulesPanel).display == (page == "rules")
            assert screen.query_one(RulePanel).display == (page != "cause")
            assert screen.query_one(EffectsPanel).display == (page == "cause")
        await pilot.resize_terminal(*SIZES[1])
        await pilot.pause()
        panels = (VerdictPanel, RulesPanel, RulePanel, TrendPanel, EffectsPanel)
        assert all(screen.query_one(kind).display for kind in panels)
        await pilot.press("enter")
        assert screen.page == "rules", "where all is in sight, there is nothing to open"


@both_sizes
async def test_keys_and_palette_lead_there_and_back(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        for there, back in (("3", "1"), ("v", "escape"), ("3", "v")):
            await pilot.press(there)
            await pilot.pause()
            assert isinstance(app.screen, GateCheckScreen)
            await pilot.press(back)
            await pilot.pause()
            assert isinstance(app.screen, LiveScreen)
        await pilot.press("3")
        await pilot.pause()
        titles = {command.title for command in app.get_system_commands(app.screen)}
        shown = {action.title for action in Keymap().of("check") if action.name != "show_rule" or size == SIZES[0]}
        assert shown <= titles and ("Details" in titles) == (size == SIZES[0])


@both_sizes
async def test_a_new_verdict_is_shown(tmp_path: Path, size: tuple[int, int]) -> None:
    run = run_of(tmp_path, 12, **HEALTHY)
    async with dashboard(run).run_test(size=size) as pilot:
        _, screen = await opened(pilot)
        assert "evaluations improve … WAIT" in seen(screen, VerdictPanel)
        run.learn(UPDATES - 12)
        since = judged(run)["since"]
        assert 12 < since <= UPDATES
        await until(pilot, lambda: f"since update {since} " in seen(screen, VerdictPanel))
        await until(pilot, lambda: "evaluations improve ✓ PASS" in seen(screen, VerdictPanel))


@both_sizes
async def test_a_click_chooses_a_rule(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        _, screen = await opened(pilot)
        kinds = [found["kind"] for found in checked(recorded)["findings"]]
        screen.selected = kinds[0]
        await pilot.pause()
        row = screen.query_one(RulesPanel).render().plain.splitlines().index(row_of(screen, kinds[3]))
        await pilot.click(RulesPanel, offset=(5, row))
        await pilot.pause()
        assert screen.selected == kinds[3] and row_of(screen, kinds[3]).startswith("›")
        await pilot.click(RulesPanel, offset=(5, 0))
        await pilot.pause()
        assert screen.selected == kinds[3], "the header is no rule"
