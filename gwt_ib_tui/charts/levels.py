"""The horizontal lines of charts: what a metric is meant to be near, or must stay away from; pure."""

from __future__ import annotations

from gwt_ib_tui.charts.lines import Level
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.tiles import PINNED, target_c


def target(run_view: RunView, palette: Palette) -> list[Level]:
    """The budget of c, which may have been changed while the run trained."""
    value = target_c(run_view)
    series = run_view.series.column("target_c")
    return [] if value is None else [Level(value, palette.target, label="target", series=series)]


def clamps(run_view: RunView, palette: Palette) -> list[Level]:
    """Between these the bias is held; they show where it is near."""
    return _clamps(run_view, palette, stretch=False)


def both_clamps(run_view: RunView, palette: Palette) -> list[Level]:
    """The same, always in sight."""
    return _clamps(run_view, palette, stretch=True)


def floor(run_view: RunView, palette: Palette) -> list[Level]:
    """Below this td_std is pinned at its floor."""
    config = run_view.config
    return [] if config is None else [Level(PINNED * config.td_std_min, palette.target, stretch=False)]


def _clamps(run_view: RunView, palette: Palette, *, stretch: bool) -> list[Level]:
    config = run_view.config
    limits = () if config is None else (config.bias_clamp_min, config.bias_clamp_max)
    label = "clamps" if stretch else ""
    return [Level(limit, palette.target, stretch, label if not place else "") for place, limit in enumerate(limits)]
