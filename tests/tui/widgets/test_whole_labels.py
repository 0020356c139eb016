"""No label is cut in any width: a title is made of whole parts, and what has no room is not there at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from recorded_run import RecordedRun

from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.check_panels import RulePanel, TrendPanel, VerdictPanel
from gwt_ib_tui.widgets.gate_check_panel import GateCheckPanel
from gwt_ib_tui.widgets.gate_panels import GateCurvePanel, HeatPanel, MomentPanel, TimeBar
from gwt_ib_tui.widgets.line_chart import LineChart
from gwt_ib_tui.widgets.panel import Panel
from gwt_ib_tui.widgets.rho import RhoChart
from gwt_ib_tui.widgets.settings_panels import SettingPanel, SettingsPanel

OWN = (LineChart, GateCurvePanel, MomentPanel, HeatPanel, TimeBar, RhoChart, GateCheckPanel)
OWN += (VerdictPanel, RulePanel, TrendPanel, SettingsPanel, SettingPanel)
SHORTER = {"since", "update", "training", "gate", "steps"}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> RunView:
    run = RecordedRun(tmp_path_factory.mktemp("run") / "a-run", td_std_min=0.01, total_timesteps=260_000)
    run.learn(60)
    return Feed(run.directory).read_everything()


def words(title: str) -> set[str]:
    """The words, without the signs before them; numbers and shortened names have forms of their own."""
    found = {re.sub(r"^\W+|\W+$", "", word) for word in title.split() if "…" not in word}
    return {word for word in found if word[:1].isalpha()} - SHORTER


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
async def test_titles_are_made_of_whole_words(known: RunView, width: int) -> None:
    app, seen = Dashboard(RunDirectory(Path("nowhere")), following=False), set()
    async with app.run_test(size=(width, 40 if width >= 104 else 24)) as pilot:
        app.run_view = known
        await pilot.pause()
        for name in ("live", "gate", "check", "settings"):
            if name != "live":
                await app.action_show(name)
            screen = app.run_screens[-1]
            for page in screen.PAGES:
                screen.page = page
                await pilot.pause()
                for panel in [panel for panel in screen.query(Panel) if isinstance(panel, OWN) and panel.size.width]:
                    title = panel.render().plain.split("\n")[0]
                    if not title.startswith(("▍", "▶", " ●")):  # in little room a panel has no title
                        continue
                    every = words(panel.lines(known, 300, 40)[0].plain)
                    assert words(title) <= every, (panel, panel.size.width, title)
                    seen.add(type(panel))
    assert len(seen) >= 11


@pytest.mark.parametrize("width", [46, 60, 79, 100, 118, 160, 200])
async def test_a_rule_on_live_has_its_whole_sentence_or_none(known: RunView, width: int) -> None:
    assert known.verdict is not None
    failing = next(found for found in known.verdict.findings if found.kind == "td_std")
    assert "is pinned at its floor" in failing.summary
    app = Dashboard(RunDirectory(Path("nowhere")), following=False)
    async with app.run_test(size=(width, 40)) as pilot:
        app.run_view = known
        await pilot.pause()
        panel = app.live.query_one(GateCheckPanel)
        row = next(line.plain for line in panel.lines(known, width, 30) if "FAIL td_std" in line.plain)
    after = row.partition(failing.threshold)[2].strip()
    assert after in ("", failing.summary) and len(row) <= width
    assert failing.threshold in row
