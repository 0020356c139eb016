"""A picture of the dashboard without a terminal: for documentation, and for snapshots of the screen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from textual.pilot import Pilot

from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.app import Dashboard
from gwt_ib_tui.state.feed import Feed

ScreenName = Literal["live", "gate"]
WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def save_picture(run: RunDirectory, path: Path, size: tuple[int, int] = (120, 40), screen: ScreenName = "live") -> None:
    """Write what one screen of the dashboard shows of a run, at `size` columns and rows, as SVG. Raises `OSError`.

    The picture loads nothing from the network: it uses the viewer's own monospaced font.
    """
    app = Dashboard(run, following=False)
    snapshot = Feed(run).read_everything()
    picture: list[str] = []

    async def take(pilot: Pilot[object]) -> None:
        app.snapshot = snapshot
        await pilot.pause()
        if screen == "gate":
            await app.action_show_gate()
            await pilot.pause()
        picture.append(app.export_screenshot(title=f"gwt-ib-tui · {run.name}"))
        app.exit()

    app.run(headless=True, size=size, auto_pilot=take)
    path.write_text(WEB_FONT.sub("", picture[0]), encoding="utf-8")
