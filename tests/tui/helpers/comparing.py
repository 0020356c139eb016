"""What the tests of the Compare screen share: three runs, the screen in front, a line of its table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from driving import ready, screen_text, until
from recorded_run import RecordedRun
from textual.pilot import Pilot

from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.screens.compare_screen import CompareScreen

REPEAT = "popgym-RepeatPreviousEasy-v0"


def three_runs(folder: Path) -> list[RecordedRun]:
    """A run, an older seed of its setting, and an older run of another setting."""
    made = [
        RecordedRun(folder / "first", env_id=REPEAT, seed=1),
        RecordedRun(folder / "second", env_id=REPEAT, seed=2),
        RecordedRun(folder / "third", env_id=REPEAT, seed=1, lr=1e-3),
    ]
    for number, run in enumerate(made):
        run._random = np.random.default_rng(number)
        run.learn(30 + 10 * number)
        run.beat(created=1e9 - number)
    return made


def opened(runs: list[RecordedRun], **options: bool) -> Dashboard:
    return Dashboard(runs[0].directory, interval=0.05, first_screen="compare", **options)


async def compared(pilot: Pilot[str], count: int = 3) -> CompareScreen:
    app = await ready(pilot)
    await until(pilot, lambda: isinstance(app.screen, CompareScreen))
    screen = app.screen
    assert isinstance(screen, CompareScreen)
    await until(pilot, lambda: len(screen.comparison.runs.entries) == count and not screen.comparison.runs.loading)
    await until(pilot, lambda: all(entry.run_view.version for entry in screen.comparison.runs.entries))
    await pilot.pause()
    return screen


def row(app: Dashboard, sign: str) -> str:
    """A run's line in the table."""
    return next(line for line in screen_text(app).splitlines() if f"━{sign} " in line)
