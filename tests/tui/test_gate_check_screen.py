"""The GateCheck screen driven by keys: it shows what `check --json` says, at both sizes and below them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driving import SIZES, both_sizes, dashboard, ready, screen_text, until
from recorded_run import RecordedRun
from textual.pilot import Pilot
from typer.testing import CliRunner

from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.rules import evaluate
from gwt_ib.gatecheck.since import with_since
from gwt_ib.runs.durable import write_json
from gwt_ib.runs.records import read_records
from gwt_ib_tui.action_table import actions_of
from gwt_ib_tui.app import Dashboard
from gwt_ib_tui.cli import app as command_line
from gwt_ib_tui.picture import save_picture
from gwt_ib_tui.screens.gate_check import GateCheckScreen
from gwt_ib_tui.screens.live import LiveScreen
from gwt_ib_tui.state.feed import Feed
from gwt_ib_tui.state.rule_trends import trend_of
from gwt_ib_tui.text import count
from gwt_ib_tui.widgets.check_panels import RulePanel, RulesPanel, TrendPanel, VerdictPanel
from gwt_ib_tui.widgets.panel import Panel

UPDATES = 70
HEALTHY: dict[str, Any] = {"eval_every": 5}
PINNED: dict[str, Any] = {"eval_every": 5, "td_std_min": 0.01, "target_c": 0.6, "max_policy_lag": 1}
both_runs = pytest.mark.parametrize("settings", [HEALTHY, PINNED], ids=["healthy", "pinned"])


def judged(run: RecordedRun) -> dict[str, Any]:
    """Write the verdicts that the learner would have written, one after the other; the last of them."""
    history, record = History(), {}
    for row in read_records(run.directory.metrics):
        history.add(row)
        record = with_since(evaluate(history, run.config), record).as_dict()
    write_json(run.directory.gatecheck, record, durable=False)
    return record


def run_of(path: Path, updates: int = UPDATES, **settings: Any) -> RecordedRun:
    run = RecordedRun(path / "a-run", **settings)
    run.learn(updates)
    judged(run)
    return run


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    return run_of(tmp_path, **HEALTHY)


def checked(run: RecordedRun) -> dict[str, Any]:
    """What `gwt-ib-tui check RUN --json` prints."""
    result = CliRunner().invoke(command_line, ["check", str(run.directory.path), "--json"])
    assert result.exit_code == 0
    record: dict[str, Any] = json.loads(result.stdout)
    return record


async def opened(pilot: Pilot[str]) -> tuple[Dashboard, GateCheckScreen]:
    app = await ready(pilot)
    await pilot.press("3")
    await pilot.pause()
    assert isinstance(app.screen, GateCheckScreen)
    return app, app.screen


def seen(screen: GateCheckScreen, kind: type[Panel]) -> str:
    """What a panel shows, as one line."""
    return " ".join(screen.query_one(kind).render().plain.split())


def row_of(screen: GateCheckScreen, kind: str) -> str:
    """The row of one rule."""
    name = kind.replace("_", " ").replace("explained variance", "EV")
    (line,) = [line for line in screen.query_one(RulesPanel).render().plain.split("\n") if f" {name} " in line]
    return line.rstrip()


def title(screen: GateCheckScreen, kind: type[Panel]) -> str:
    return screen.query_one(kind).render().plain.partition("\n")[0]


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
        assert f"since update {count(record['since'])}, judged at update 70" in seen(screen, VerdictPanel)
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
            assert found["kind"].replace("_", " ") in on_screen


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
            assert line in screen_text(app) and found["threshold"] in line
            await pilot.press("enter")
            await pilot.pause()
            shown = seen(screen, RulePanel)
            assert found["summary"] in shown and found["next_step"] in shown
            assert f"since update {count(found['since'])}" in shown


@both_sizes
async def test_the_verdict_is_large_and_as_a_word(tmp_path: Path, size: tuple[int, int]) -> None:
    run = run_of(tmp_path, **PINNED)
    async with dashboard(run).run_test(size=size) as pilot:
        app, screen = await opened(pilot)
        assert screen.query_one(VerdictPanel).size.height == 3
        text = screen_text(app)
        assert "█▀▀" in text, "the F of FAIL"
        assert "decided by td std ✗ FAIL, eval improves" in seen(screen, VerdictPanel)
        assert "✗ 1 fail" in text and "▲" in text


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
        assert "Next: If rewards are rare" in seen(screen, RulePanel)


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
            "bias_at_clamp": "bias",
            "eval_improves": "eval_return",
            "gate_constant": "spread of c",
            "gate_follows_prior": "c from its prior",
            "explained_variance_falling": "explained_variance",
        }
        for kind, name in follows.items():
            screen.selected = kind
            await pilot.pause()
            chart = screen.query_one(TrendPanel).render().plain
            assert name in title(screen, TrendPanel)
            assert "•" in chart or any("\u2800" < sign <= "\u28ff" for sign in chart)
            limits = {"td_std": "┈ > 0.005, < 49.5", "bias_at_clamp": "to pass: > -4, < 2"}
            assert limits.get(kind, "") in title(screen, TrendPanel)
            if kind in ("eval_improves", "explained_variance_falling"):
                assert "<=" not in title(screen, TrendPanel), "what is held against it is not what is drawn"
            assert (kind == "td_std") == ("┈┈" in chart), "the limits of the others are out of sight"
            assert app.is_running


def test_the_trends_of_the_gate_curve_end_at_the_rules_own_numbers(recorded: RecordedRun) -> None:
    snapshot = Feed(recorded.directory).read_everything()
    assert snapshot.report is not None
    for finding in snapshot.report.findings:
        trend = trend_of(snapshot, finding)
        assert trend is not None, finding.kind
        assert len(trend.x.mean) == UPDATES
        if finding.kind in ("gate_constant", "gate_follows_prior"):
            assert trend.y.mean[-1] == pytest.approx(finding.value, rel=1e-9)
            assert np.isfinite(trend.y.mean).all() and trend.limits == (0.01,)


async def test_at_80x24_details_are_a_page_of_their_own(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=SIZES[0]) as pilot:
        _, screen = await opened(pilot)
        for key, page in (("enter", "rule"), ("n", "rules"), ("tab", "rule"), ("enter", "rules")):
            await pilot.press(key)
            await pilot.pause()
            assert screen.page == page
            assert screen.query_one(TrendPanel).display == (page == "rule")
            assert screen.query_one(RulesPanel).display == (page == "rules")
            assert screen.query_one(RulePanel).display
        await pilot.resize_terminal(*SIZES[1])
        await pilot.pause()
        assert all(screen.query_one(kind).display for kind in (VerdictPanel, RulesPanel, RulePanel, TrendPanel))
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
        shown = {action.title for action in actions_of("check") if action.name != "show_rule" or size == SIZES[0]}
        assert shown <= titles and ("Details" in titles) == (size == SIZES[0])


@both_sizes
async def test_a_new_verdict_is_shown(tmp_path: Path, size: tuple[int, int]) -> None:
    run = run_of(tmp_path, 12, **HEALTHY)
    async with dashboard(run).run_test(size=size) as pilot:
        _, screen = await opened(pilot)
        assert "eval improves … WAIT" in seen(screen, VerdictPanel)
        run.learn(UPDATES - 12)
        since = judged(run)["since"]
        assert 12 < since <= UPDATES
        await until(pilot, lambda: f"since update {since}, judged at update 70" in seen(screen, VerdictPanel))
        await until(pilot, lambda: "eval improves ✓ PASS" in seen(screen, VerdictPanel))


async def test_a_file_of_an_older_version_is_shown_without_what_it_lacks(recorded: RecordedRun) -> None:
    record = recorded.directory.read_gatecheck()
    del record["since"]
    for found in record["findings"]:
        for name in ("since", "threshold", "limits", "decides"):
            del found[name]
    write_json(recorded.directory.gatecheck, record, durable=False)
    async with dashboard(recorded).run_test(size=SIZES[1]) as pilot:
        app, screen = await opened(pilot)
        assert "update 70" in seen(screen, VerdictPanel)
        assert "since update" not in screen_text(app) and "decides" not in screen_text(app)
        assert "✓ PASS td std 0.0" in " ".join(screen_text(app).split())


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
            assert screen.has_class("-tiny") == (size[0] < 60 or size[1] < 16)
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
def test_a_picture_of_gatecheck(recorded: RecordedRun, tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "check.svg"
    save_picture(recorded.directory, path, size, "check")
    assert "threshold" in path.read_text()
