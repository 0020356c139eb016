"""What the screens look like: pictures of a real run (see record_a_run.py), compared letter by letter and colour by colour.

pytest -m "not pictures"                              leaves them out: another version of Textual may draw differently
UPDATE_PICTURES=1 pytest -m pictures                  makes them anew; look at the difference before it is committed
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from an_episode import episode
from driving import until
from recorded_run import RecordedRun
from sweeping import FakeSweep

from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.application.preferences import Preferences
from gwt_ib_tui.application.sweep_app import SweepApp
from gwt_ib_tui.application.watch_app import WatchApp
from gwt_ib_tui.screens.compare_screen import CompareScreen
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.sweep.sweep_follower import SweepFollower

HERE = Path(__file__).parent
RUN = RunDirectory(Path("recorded_run_dir"))  # a path that is the same on every machine
PICTURES = HERE / "pictures"
CASES = {
    "live-120x40-dark": ((120, 40), "gwt-dark", ()),
    "live-120x40-light": ((120, 40), "gwt-light", ()),
    "live-120x40-no-color": ((120, 40), "NO_COLOR", ()),
    "live-80x24-dark": ((80, 24), "gwt-dark", ()),
    "live-80x24-light": ((80, 24), "gwt-light", ()),
    "live-60x20-dark": ((60, 20), "gwt-dark", ()),
    "live-40x10": ((40, 10), "gwt-dark", ()),
    "live-cursor-120x40-dark": ((120, 40), "gwt-dark", ("m", "left", "left", "left")),
    "live-ascii-80x24-no-color": ((80, 24), "NO_COLOR", ("b", "b")),
    "gate-120x40-dark": ((120, 40), "gwt-dark", ("2", "home")),
    "gate-120x40-light": ((120, 40), "gwt-light", ("2",)),
    "gate-80x24-dark": ((80, 24), "gwt-dark", ("2", "home")),
    "gate-80x24-light": ((80, 24), "gwt-light", ("2",)),
    "gate-60x20-dark": ((60, 20), "gwt-dark", ("2",)),
    "check-120x40-dark": ((120, 40), "gwt-dark", ("3",)),
    "check-120x40-light": ((120, 40), "gwt-light", ("3", "down", "down")),
    "check-80x24-dark": ((80, 24), "gwt-dark", ("3",)),
    "check-80x24-light": ((80, 24), "gwt-light", ("3", "enter")),
    "check-80x24-no-color": ((80, 24), "NO_COLOR", ("3",)),
    "check-60x20-dark": ((60, 20), "gwt-dark", ("3",)),
    "settings-120x40-dark": ((120, 40), "gwt-dark", ("6", "down", "down", "down")),
    "settings-80x24-light": ((80, 24), "gwt-light", ("6",)),
    "log-120x40-light": ((120, 40), "gwt-light", ("4",)),
    "log-80x24-dark": ((80, 24), "gwt-dark", ("4",)),
    "help-80x24-dark": ((80, 24), "gwt-dark", ("question_mark",)),
}
SWEEPS = {
    "sweep-80x24-dark": ((80, 24), "gwt-dark", ("down", "down")),
    "sweep-160x48-light": ((160, 48), "gwt-light", ("o", "o", "down")),
}
WATCHED = {
    "watch-120x40-dark": ((120, 40), "gwt-dark", {}),
    "watch-120x40-light": ((120, 40), "gwt-light", {}),
    "watch-80x24-dark": ((80, 24), "gwt-dark", {}),
    "watch-80x24-light": ((80, 24), "gwt-light", {}),
    "watch-rgb-120x40-light": ((120, 40), "gwt-light", {"drawn": "pixels"}),
    "watch-ansi-80x24-dark": ((80, 24), "gwt-dark", {"drawn": "text", "gate": "open"}),
}
COMPARED = {
    "compare-120x40-dark": ((120, 40), "gwt-dark", ()),
    "compare-groups-120x40-light": ((120, 40), "gwt-light", ("G", "down")),
    "compare-120x40-light": ((120, 40), "gwt-light", ("down", "j")),
    "compare-80x24-dark": ((80, 24), "gwt-dark", ("down",)),
    "compare-groups-80x24-light": ((80, 24), "gwt-light", ("G", "down")),
    "compare-apart-80x24-dark": ((80, 24), "gwt-dark", ("A", "down")),
}

pytestmark = pytest.mark.pictures


@pytest.mark.parametrize("name", CASES)
async def test_the_screen_looks_as_it_did(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE.parents[0] / "helpers")
    size, theme, keys = CASES[name]
    if theme == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
    app = Dashboard(RUN, following=False)
    async with app.run_test(size=size) as pilot:
        if theme != "NO_COLOR":
            app.theme = theme
        app.run_view = replace(Feed(RUN).read_everything(), machine=None)  # it is another one tomorrow
        await pilot.pause()
        await pilot.press(*keys)
        await until(pilot, lambda: not app.animator._animations)
        await pilot.pause()
        picture = app.export_screenshot(title=name, simplify=True)
    compare(name, picture)


@pytest.fixture(scope="module")
def nine_runs(tmp_path_factory: pytest.TempPathFactory) -> list[RunDirectory]:
    """Three seeds of each of three settings."""
    folder, made = tmp_path_factory.mktemp("nine"), []
    for number in range(9):
        gate, seed = ("td", "open", "router")[number // 3], 1 + number % 3
        run = RecordedRun(folder / f"{gate}__s{seed}", seed=seed, gate=gate, eval_every=8, total_timesteps=40 * 4096)
        run._random = np.random.default_rng(number)
        run.learn(40)
        run.finish()
        made.append(run.directory)
    return made


@pytest.mark.parametrize("name", COMPARED)
async def test_nine_runs_look_as_they_did(name: str, nine_runs: list[RunDirectory]) -> None:
    size, theme, keys = COMPARED[name]
    app = Dashboard(nine_runs[0], following=False, compared=nine_runs)
    app.run_set.read_everything()
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        app.run_view = Feed(nine_runs[0]).read_everything()
        await pilot.press("5")
        await until(
            pilot, lambda: isinstance(app.screen, CompareScreen) and len(app.screen.comparison.runs.entries) == 9
        )
        await pilot.press(*keys)
        await until(pilot, lambda: not app.animator._animations)
        await pilot.pause()
        picture = app.export_screenshot(title=name, simplify=True)
    compare(name, picture)


@pytest.mark.parametrize("name", WATCHED)
async def test_an_episode_looks_as_it_did(name: str) -> None:
    size, theme, options = WATCHED[name]
    app = WatchApp(None, preferences=Preferences(theme=theme))
    app.many_colours = True
    async with app.run_test(size=size) as pilot:
        app.show(episode(**options), playing=False)
        await pilot.press("shift+right", "right", "right")
        await until(pilot, lambda: app.watching.episode is not None and app.watching.episode.step == 12)
        await pilot.pause()
        picture = app.export_screenshot(title=name, simplify=True)
    compare(name, picture)


@pytest.mark.parametrize("name", SWEEPS)
async def test_the_list_of_a_sweep_looks_as_it_did(name: str) -> None:
    size, theme, keys = SWEEPS[name]
    follower = SweepFollower(FakeSweep().source)
    follower.poll()
    app = SweepApp(follower, theme=theme, following=False)
    async with app.run_test(size=size) as pilot:
        app.list.rows.view = follower.view
        await pilot.press(*keys)
        await until(pilot, lambda: not app.animator._animations)
        await pilot.pause()
        picture = app.export_screenshot(title=name, simplify=True)
    compare(name, picture)


def compare(name: str, picture: str) -> None:
    golden = PICTURES / f"{name}.svg"
    if os.environ.get("UPDATE_PICTURES"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(picture, encoding="utf-8")
    assert golden.exists(), "make it with UPDATE_PICTURES=1, and look at it"
    assert picture == golden.read_text(encoding="utf-8"), (
        "make it anew with UPDATE_PICTURES=1, and look at the difference"
    )


def test_there_are_at_most_40() -> None:
    assert len(CASES) + len(SWEEPS) + len(WATCHED) + len(COMPARED) <= 40
    assert {path.stem for path in PICTURES.iterdir()} == {*CASES, *SWEEPS, *WATCHED, *COMPARED}
