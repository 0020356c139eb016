"""The row of numbers: a tile for each metric that has one, with its status and what it should be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.text import Text

from gwt_ib.runs.metrics import METRICS, Metric
from gwt_ib.text import number
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.compare.comparison import newest
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.panel import Panel
from gwt_ib_tui.widgets.verdict import STATUS_ICONS, metric_status

TILES = tuple(metric for metric in METRICS if metric.tile)


@dataclass(frozen=True)
class Tile:
    """One number; `status` is empty where nothing judges it. `short` is a hint for less room."""

    title: str
    value: str
    status: str
    hint: str
    short: str


class Tiles(Panel):
    """As many tiles side by side as there are, each with title, value and, where there is a third line, a hint."""

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """Three lines: title, value with the icon of its status, hint."""
        each = max(width // len(TILES), 1)
        rows = [Text() for _ in range(3)]
        for metric in TILES:
            for row, part in zip(rows, _tile_rows(tile_of(metric, run_view), self.palette, each - 1), strict=True):
                part.truncate(each - 1)
                part.pad_right(each - part.cell_len)
                row.append_text(part)
        return rows


def tile_of(metric: Metric, run_view: RunView) -> Tile:
    """The tile of a metric: it judges nothing itself, its status is the verdict's."""
    value = run_view.metric(metric.name)
    if metric.sparse and (last := newest(run_view.series.column(metric.name))) is not None:
        value = last
    status, hint = metric_status(metric, run_view)
    short = hint
    if status == "pass" and value is not None and metric.typical and not metric.typical.contains(value):
        hint, short = f"typically {metric.typical}", f"typ. {metric.typical}"
    if metric.name == "ep100":  # the healthy range of returns depends on the task
        best = run_view.metric("mmer")
        hint = short = "" if best is None else f"best {number(best)}"
    elif metric.name == "eval_return":
        hint = short = _first_evaluation(run_view)
    return Tile(metric.tile, number(value), status, hint, short)


def _tile_rows(tile: Tile, palette: Palette, room: int) -> tuple[Text, Text, Text]:
    color = palette.of_status(tile.status)
    icon = f" {STATUS_ICONS.get(tile.status, ' ')}", f"bold {color}"
    value = Text.assemble((f" {tile.value}", f"bold {palette.text}"), icon)
    words = tile.hint if len(tile.hint) < room else tile.short
    hint = Text(f" {words}", style=color if tile.status in ("fail", "warn") else palette.dim)
    return Text(f" {tile.title}", style=palette.dim), value, hint


def _first_evaluation(run_view: RunView) -> str:
    values, config = run_view.series.column("eval_return").mean, run_view.config
    values = values[np.isfinite(values)]
    if len(values):
        return f"first {number(float(values[0]))}" if len(values) > 1 else "first one"
    return f"every {config.eval_every} upd" if config and config.eval_every else "off"
