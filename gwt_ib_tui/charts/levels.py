"""The horizontal lines of charts: what a metric is meant to be near, or must stay away from; pure."""

from __future__ import annotations

from gwt_ib_tui.charts.lines import Level
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.snapshot import Snapshot
from gwt_ib_tui.widgets.tiles import PINNED, target_c


def target(snapshot: Snapshot, palette: Palette) -> list[Level]:
    """The budget of c, which may have been changed while the run trained."""
    value = target_c(snapshot)
    series = snapshot.series.column("target_c")
    return [] if value is None else [Level(value, palette.target, label="target", series=series)]


def clamps(snapshot: Snapshot, palette: Palette) -> list[Level]:
    """Between these the bias is held; they show where it is near."""
    return _clamps(snapshot, palette, stretch=False)


def both_clamps(snapshot: Snapshot, palette: Palette) -> list[Level]:
    """The same, always in sight."""
    return _clamps(snapshot, palette, stretch=True)


def floor(snapshot: Snapshot, palette: Palette) -> list[Level]:
    """Below this td_std is pinned at its floor."""
    config = snapshot.config
    return [] if config is None else [Level(PINNED * config.td_std_min, palette.target, stretch=False)]


def _clamps(snapshot: Snapshot, palette: Palette, *, stretch: bool) -> list[Level]:
    config = snapshot.config
    limits = () if config is None else (config.bias_clamp_min, config.bias_clamp_max)
    label = "clamps" if stretch else ""
    return [Level(limit, palette.target, stretch, label if not place else "") for place, limit in enumerate(limits)]
