"""A picture of the dashboard without a terminal: for documentation, and for snapshots of the screen."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot

from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.state.run.feed import Feed

LIVE = "live"
SCREENS = (LIVE, *Dashboard.RUN_SCREENS)


def save_picture(run: RunDirectory, path: Path, size: tuple[int, int] = (120, 40), screen: str = LIVE) -> None:
    """Write what one of the `SCREENS` shows of a run, at `size` columns and rows, as SVG. Raises `OSError`."""
    app = Dashboard(run, following=False)
    run_view = Feed(run).read_everything()
    if screen == "compare":
        app.run_set.read_everything()
    picture: list[str] = []

    async def take(pilot: Pilot[object]) -> None:
        app.run_view = run_view
        await pilot.pause()
        if screen != LIVE:
            await app.action_show(screen)
            await pilot.pause()
        picture.append(app.export_screenshot(title=f"gwt-ib-tui · {run.name}"))
        app.exit()

    app.run(headless=True, size=size, auto_pilot=take)
    path.write_text(picture[0], encoding="utf-8")
