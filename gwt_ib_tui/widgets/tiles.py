"""The row of numbers: td_std, mean_c, EV, bias, returns and evaluation, each with what it should be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rich.text import Text

from gwt_ib.text import number
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.panel import Panel

TD_STD_HEALTHY = (0.01, 10.0)  # the table of healthy ranges, with EV's and mean_c's distance from its target
EV_HEALTHY = (0.5, 0.95)
MEAN_C_NEAR = 0.10
PINNED = 5.0  # td_std below so many times its floor is pinned


@dataclass(frozen=True)
class Tile:
    """One number; `good` is none where there is nothing to judge yet. `short` is a hint for less room."""

    title: str
    value: str
    hint: str
    good: bool | None = None
    short: str = ""


class Tiles(Panel):
    """As many tiles side by side as there are, each with title, value and, where there is a third line, a hint."""

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """Three lines, or two: then the title and its sign share the first."""
        tiles = [make(run_view) for make in TILES]
        each = max(width // len(tiles), 1)
        rows = [Text(no_wrap=True, end="") for _ in range(3)]
        for tile in tiles:
            for row, part in zip(rows, _tile_rows(tile, self.palette, each - 1), strict=True):
                part.truncate(each - 1)
                part.pad_right(each - part.cell_len)
                row.append_text(part)
        return rows


def _tile_rows(tile: Tile, palette: Palette, room: int) -> tuple[Text, Text, Text]:
    color, sign = {None: (palette.text, " "), True: (palette.good, "✓"), False: (palette.warn, "▲")}[tile.good]
    title = Text(f" {tile.title}", style=palette.dim, no_wrap=True, end="")
    value = Text(no_wrap=True, end="")
    value.append(f" {tile.value}", style=f"bold {palette.text}")
    value.append(f" {sign}", style=f"bold {color}")
    words = tile.hint if len(tile.hint) < room else tile.short or tile.hint
    hint = Text(f" {words}", style=color if tile.good is False else palette.dim, no_wrap=True, end="")
    return title, value, hint


def td_std(run_view: RunView) -> Tile:
    """The scale of the TD errors, against its healthy range and its clamps.

    The range is a rule of thumb and said to be one where it is left: GateCheck's rule, which decides, has other limits.
    """
    value, config = run_view.metric("td_std"), run_view.config
    low, high = TD_STD_HEALTHY
    short = hint = f"{low:g} to {high:g}"
    good = None
    if value is not None:
        good = low <= value <= high
        if config is not None and value <= PINNED * config.td_std_min:
            short = hint = "pinned at its floor"
            good = False
        elif config is not None and value >= 0.999 * config.td_std_max:
            short = hint = "at its ceiling"
            good = False
        elif not good:
            hint = f"healthy {hint}"
    return Tile("td_std", number(value), hint, good, short)


def mean_c(run_view: RunView) -> Tile:
    """The mean gate against its budget."""
    value, target = run_view.metric("mean_c"), target_c(run_view)
    if target is None:
        return Tile("mean_c", number(value), "")
    good = None if value is None else abs(value - target) <= MEAN_C_NEAR
    return Tile("mean_c", number(value), f"target {target:g}", good)


def explained_variance(run_view: RunView) -> Tile:
    """How much of the returns the critic explains."""
    value = run_view.metric("explained_variance")
    low, high = EV_HEALTHY
    good = None if value is None else low <= value
    hint = f"{low:g} to {high:g}" if value is None or good else f"below {low:g}"
    return Tile("EV", number(value), hint, good)


def bias(run_view: RunView) -> Tile:
    """The learnt part of the prior's logit, between its clamps."""
    value, config = run_view.metric("bias"), run_view.config
    if config is None:
        return Tile("bias", number(value), "")
    low, high = config.bias_clamp_min, config.bias_clamp_max
    near = 1e-3 * (high - low)
    good = None if value is None else low + near < value < high - near
    hint = f"{low:g} to {high:g}" if good is not False else "at a clamp"
    return Tile("bias", number(value), hint, good)


def ep100(run_view: RunView) -> Tile:
    """The mean return of the last 100 episodes, and the best so far."""
    best = run_view.metric("mmer")
    return Tile("ep100", number(run_view.metric("ep100")), "" if best is None else f"best {number(best)}")


def evaluation(run_view: RunView) -> Tile:
    """The newest evaluation, and how it moved since the first."""
    values = run_view.series.column("eval_return").mean
    values = values[np.isfinite(values)]
    if not values.size:
        config = run_view.config
        return Tile("eval", number(None), f"every {config.eval_every} upd" if config and config.eval_every else "off")
    newest = float(values[-1])
    return Tile("eval", number(newest), f"first {number(float(values[0]))}" if values.size > 1 else "first one")


def target_c(run_view: RunView) -> float | None:
    """The gate's budget, as the metrics or the configuration say."""
    value = run_view.metric("target_c")
    return run_view.config.target_c if value is None and run_view.config is not None else value


TILES: tuple[Callable[[RunView], Tile], ...] = (td_std, mean_c, explained_variance, bias, ep100, evaluation)
