"""A chart of the dashboard written as a figure, with its data beside it, into the run's `plots/`; for a thread."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gwt_ib.machine import own_folder
from gwt_ib.runs.directory import RunDirectory

if TYPE_CHECKING:
    from gwt_ib.figures.plot import Plot


def write_chart(run: RunDirectory, plot: Plot, ending: str) -> Path:
    """Draw it, and return the path of the figure. Raises `UserError` and `OSError`.

    Another figure of its name is left there; one that is equal byte by byte is this one.
    """
    _use_matplotlib_of_ours()
    from gwt_ib.figures.files import write_numbered
    from gwt_ib.figures.plot import make_figure
    from gwt_ib.figures.styles import STYLES

    figure = make_figure(plot)
    run.plots.mkdir(mode=0o700, exist_ok=True)
    return write_numbered(figure, run.plots, plot.name, ending, STYLES["light"])


def _use_matplotlib_of_ours() -> None:
    """Let matplotlib look for no fonts of the machine, for which it would start a process beside a running dashboard.

    What it keeps of that is in a folder of ours: a user's own matplotlib goes on with all fonts.
    """
    os.environ.setdefault("MPL_IGNORE_SYSTEM_FONTS", "1")
    folder = own_folder("state")
    if folder is not None:
        os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))
