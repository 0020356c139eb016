"""The key that writes the chart that is looked at as a figure: where it lies, what is in it, and why there is none."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
from driving import dashboard, message, ready, until
from recorded_run import RecordedRun
from textual.pilot import Pilot

from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.application.preferences import Preferences


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run", eval_every=2)
    run.learn(12)
    return run


async def written(pilot: Pilot[str], app: Dashboard, *keys: str) -> Path:
    """The figure that the last of some keys has written."""
    app.say("notice", "before")
    await pilot.press(*keys)
    await until(pilot, lambda: message(app).status in ("done", "refused", "failed"))
    words, _, path = message(app).text.partition("to clipboard: ")
    assert words == "figure and its data as CSV, ", message(app)
    assert app.clipboard == path
    return Path(path)


def rows_of(figure: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(figure.with_suffix(".csv").read_text().splitlines()))


async def test_each_screen_with_charts_writes_the_one_that_is_looked_at(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        plots = recorded.directory.plots
        every = await written(pilot, app, "P")
        assert every == plots / "td_std_and_4_more.svg" and every.read_bytes().startswith(b"<?xml")
        assert {row["panel"] for row in rows_of(every)} >= {"td_std", "mean_c", "ep100+eval_return"}
        chosen = await written(pilot, app, "down", "x", "P")
        assert chosen == plots / "td_std.svg"
        assert [row["x"] for row in rows_of(chosen)] == [str(update) for update in range(1, 13)]
        assert rows_of(chosen)[0]["x_name"] == "update"
        gate = await written(pilot, app, "2", "left", "P")
        assert gate == plots / "gate.svg"
        assert len({row["series"] for row in rows_of(gate)} - {"prior", "target"}) == 2
        rule = await written(pilot, app, "3", "P")
        assert rule.parent == plots and rows_of(rule)
        await pilot.press("5")
        await until(pilot, lambda: bool(app.run_screens[-1].plotted()))
        assert (await written(pilot, app, "P")) == plots / "ep100.svg"
        await pilot.press("4", "P")
        await until(pilot, lambda: message(app).text == "there is no chart here to draw")


async def test_a_user_may_prefer_another_ending_and_it_is_kept(recorded: RecordedRun) -> None:
    async with dashboard(recorded, preferences=Preferences(figure="pdf")).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        assert (await written(pilot, app, "down", "P")).name == "td_std.pdf"
        assert app.left_as.figure == "pdf"


async def test_what_is_in_the_way_and_what_is_not_installed_are_sentences(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.directory.plots.write_text("in the way")
    async with dashboard(recorded, read_only=True).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("P")
        await until(pilot, lambda: message(app).status == "failed")
        assert message(app).text == f"no figure in {recorded.directory.plots}: File exists"
        recorded.directory.plots.unlink()
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        await pilot.press("P")
        await until(pilot, lambda: message(app).status == "refused")
        assert "pip install 'gwt-ib[figures]'" in message(app).text


async def test_a_page_in_a_browser_writes_no_files(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dashboard(recorded).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        monkeypatch.setattr(Dashboard, "is_web", True)
        await pilot.press("P")
        await until(pilot, lambda: message(app).text == "a page in a browser writes no files")
    assert not recorded.directory.plots.exists()
