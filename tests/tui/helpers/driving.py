"""What the pilot tests of all screens share: sizes, waiting, and looking at what is on the screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from recorded_run import RecordedRun
from support import PATIENCE_S
from textual.pilot import Pilot

from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.widgets.message_bar import MessageBar
from gwt_ib_tui.widgets.panel import Panel

SIZES = [(80, 24), (120, 40)]
both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])


def dashboard(recorded: RecordedRun, **options: Any) -> Dashboard:
    return Dashboard(recorded.directory, interval=0.1, **options)


async def until(pilot: Pilot[str], condition: Callable[[], bool]) -> None:
    """Wait for what comes about in a moment; a busy machine may take its time, so only a hang ends this."""
    given_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < given_up, "it did not come about"
        await pilot.pause(0.01)


async def ready(pilot: Pilot[str]) -> Dashboard:
    app = pilot.app
    assert isinstance(app, Dashboard)
    await until(pilot, lambda: app.run_view is not None)
    await pilot.pause()
    return app


def panel(app: Dashboard, selector: str) -> str:
    found = app.live.query_one(selector, Panel)
    return found.render().plain


def screen_text(app: Dashboard) -> str:
    """All that is on the screen, line by line."""
    width, height = app.size
    lines = app.screen._compositor.render_strips(app.size)
    assert len(lines) == height
    return "\n".join(strip.text[:width] for strip in lines)


def message(app: Dashboard) -> Message:
    return app.live.query_one(MessageBar).message
