"""What applications show as pictures in SVG, without a terminal: a run's screens, a sweep's list, an episode's step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from gwt_ib.rollout.recorded_episode import RecordedEpisode
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.sweeps.directory import SweepDirectory
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.application.preferences import Preferences
from gwt_ib_tui.application.sweep_app import SweepApp, source_of
from gwt_ib_tui.application.watch_app import WatchApp
from gwt_ib_tui.charts.palette import DEFAULT_THEME
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.sweep.sweep_follower import SweepFollower
from gwt_ib_tui.state.sweep.sweep_view import SweepView

SCREENS = ("live", *Dashboard.RUN_SCREENS)


def run_picture(
    run: RunDirectory, size: tuple[int, int] = (120, 40), screen: str = "live", theme: str = DEFAULT_THEME
) -> str:
    """What one of the `SCREENS` shows of a run, at `size` columns and rows."""
    app = Dashboard(run, following=False, preferences=Preferences(theme=theme))
    run_view = Feed(run).read_everything()
    if run_view.ended:  # what the machine does now says nothing of it
        run_view = replace(run_view, machine=None)
    if screen == "compare":
        app.run_set.read_everything()

    async def show(pilot: Pilot[object]) -> None:
        app.run_view = run_view
        if screen != "live":
            await pilot.pause()
            await app.action_show(screen)

    return _picture(app, size, run.name, show)


def sweep_picture(sweep: SweepDirectory, size: tuple[int, int], theme: str = DEFAULT_THEME) -> str:
    """What the list of a sweep shows, at `size` columns and rows. Raises `OSError` and `UserError`."""
    source = source_of(sweep)
    state = source.read()
    app = SweepApp(SweepFollower(source), theme=theme, following=False)

    async def show(pilot: Pilot[object]) -> None:
        await pilot.pause()  # until the list is there
        app.list.rows.view = SweepView(1, source.name, state, source.working())

    return _picture(app, size, sweep.name, show)


def save_watch_picture(
    recorded: RecordedEpisode, path: Path, size: tuple[int, int] = (120, 40), step: int = 0, theme: str = DEFAULT_THEME
) -> None:
    """Write the screen of an episode at a step, at `size` columns and rows. Raises `OSError`."""
    app = WatchApp(None, preferences=Preferences(theme=theme))
    app.many_colours = True  # the file has them, whatever the terminal

    async def show(pilot: Pilot[object]) -> None:
        await pilot.pause()
        app.show(recorded, playing=False)
        assert app.watching.episode is not None
        app.watching.episode = app.watching.episode.at(step)

    path.write_text(_picture(app, size, recorded.origin.env_id, show), encoding="utf-8")


def _picture(app: App[Any], size: tuple[int, int], of: str, show: Callable[[Pilot[object]], Awaitable[None]]) -> str:
    """Run an application in memory until what `show` puts on its screen is painted."""
    picture: list[str] = []

    async def take(pilot: Pilot[object]) -> None:
        await show(pilot)
        await pilot.pause()
        picture.append(app.export_screenshot(title=f"gwt-ib-tui · {of}"))
        app.exit()

    app.run(headless=True, size=size, auto_pilot=take)
    return picture[0]
