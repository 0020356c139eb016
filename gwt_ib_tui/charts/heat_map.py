"""The distribution of the gate value c over a training, as a heat map; pure: moments and a size in, lines out.

Time runs across, c from 0 to 1 upwards, and the shade of a cell is the share of steps that have their c there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rich.style import Style
from rich.text import Span, Text

from gwt_ib.text import short_count
from gwt_ib_tui.charts.axes import LARGEST, Range, nice_ticks, position, positions, tick_labels, widened
from gwt_ib_tui.charts.figure import Frame, blank_chart
from gwt_ib_tui.charts.glyphs import GLYPHS, Cells, Glyphs
from gwt_ib_tui.charts.palette import Palette, blend
from gwt_ib_tui.charts.traces import Flags, in_force
from gwt_ib_tui.charts.view import Symbols
from gwt_ib_tui.state.history.gate_history import GateCurve, GateHistory
from gwt_ib_tui.state.history.series import Doubles

Letters = npt.NDArray[np.str_]

TONES = 64  # colours of the ramp
SEEN_EVERY = 4  # cells, where the target's line lies over shades
FULL_TONE = 0.8  # a share that has the last of them
SHARES = (0.005, 0.02, 0.08, 0.2, 0.4)  # from these shares of a moment's steps on: the shades after the first
SMALLEST_STD, LARGEST_STD = 1e-6, 10.0
MARGIN = 5  # cells of the labels of c and the axis
LEAST_CANVAS = 8

_CDF_AT = np.linspace(-8.0, 8.0, 4001)
_CDF = np.array([0.5 * (1.0 + math.erf(x / math.sqrt(2.0))) for x in _CDF_AT.tolist()])


@dataclass(frozen=True)
class HeatMarks:
    """What the map is marked with: the target of c, and the environment steps of the moment on show and of its ghost.

    `targets`, environment steps [rows] and the target at each [rows], are for one that was changed during the run.
    """

    target: float | None = None
    shown: float | None = None
    ghost: float | None = None
    targets: tuple[Doubles, Doubles] | None = None


def gate_mass(curve: GateCurve, rows: int, *, centred: bool = False) -> Doubles:
    """How many steps have their c in each of `rows` equal parts of [0, 1], lowest first; shape [rows].

    `centred`, the first has 0 in its middle and the last 1, so that these two are half as long as the others.

    The metrics have no histogram of c, only its mean and spread in each bin of |td_norm|. Each bin is taken as a normal
    distribution of that mean and spread, truncated to [0, 1], with as many steps as the bin counts. What is summed up
    this way has the right number of steps, and the right modes where bins differ; two modes inside one bin look like
    one broad one. The sum is the count of all bins that have a mean.
    """
    known = np.isfinite(curve.c) & (curve.count > 0)
    mean = np.clip(curve.c[known], 0.0, 1.0)[:, None]
    std = np.clip(np.nan_to_num(curve.c_std[known]), SMALLEST_STD, LARGEST_STD)[:, None]
    edges = np.linspace(0.0, 1.0, rows + 1)[None, :]
    if centred and rows > 1:
        edges = np.clip((np.arange(rows + 1) - 0.5) / (rows - 1), 0.0, 1.0)[None, :]
    below = np.interp((edges - mean) / std, _CDF_AT, _CDF)
    mass = np.diff(below, axis=1) / (below[:, -1:] - below[:, :1])
    result: Doubles = curve.count[known] @ mass
    return result


@lru_cache(maxsize=2)
def mass_over_time(history: GateHistory, columns: int, rows: int, *, centred: bool = False) -> Doubles:
    """The share of steps by c and time, shape [rows, columns], lowest c first; a column of NaN comes before any moment.

    A column is the mean of the moments that fall into it by environment steps; where none does, the last one before
    goes on. The last results are kept, as moving the marks does not change them; they are read-only.
    """
    place = column_of(history.env_steps, history, columns)
    sums = np.zeros((columns, rows))
    moments = np.zeros(columns)
    for column, moment in zip(place.tolist(), history.moments, strict=True):
        mass = gate_mass(moment.curve, rows, centred=centred)
        total = float(mass.sum())
        if total > 0:
            sums[column] += mass / total
            moments[column] += 1
    last = np.maximum.accumulate(np.where(moments > 0, np.arange(columns), -1))
    shares = sums[last] / np.maximum(moments[last], 1.0)[:, None]
    shares[last < 0] = np.nan
    shares.flags.writeable = False
    return shares.T


def column_of(env_steps: Doubles, history: GateHistory, columns: int) -> Cells:
    """The column in which each number of steps lies, the first moment in the first and the newest in the last."""
    return np.clip((positions(env_steps, _limits(history)) * columns).astype(np.int64), 0, columns - 1)


def heat_map(
    history: GateHistory, marks: HeatMarks, width: int, height: int, palette: Palette, symbols: Symbols = "braille"
) -> list[Text]:
    """The map as exactly `height` lines of `width` cells; a map that is too small for labels has none."""
    if width < 1 or height < 1:
        return []
    if not len(history):
        return blank_chart("waiting for data", width, height, palette.frame)
    framed = _framed(width, height)
    rows, step = _parts(height - 2) if framed else (height, 1.0)
    frame = _frame(history, width, height, rows, step, symbols)
    columns = frame.canvas_width
    shares = mass_over_time(history, columns, rows, centred=framed)
    places = _target_places(history, marks, columns)
    places = places * (rows - 1) + 0.5 if framed else places * rows
    targets = np.where(np.isfinite(places), np.minimum(np.nan_to_num(places), rows - 1), -1).astype(np.int64)
    lines = []
    for row, left in zip(reversed(range(frame.canvas_height)), frame.left(), strict=True):
        line = Text(left, style=palette.frame, no_wrap=True, end="")
        if row >= rows:  # above the map
            lines.append(line.append(" " * columns))
            continue
        if frame.framed and row == targets[-1] and not len(frame.glyphs.codes):  # dots say it more exactly
            line = Text(left[:-1], style=palette.frame, no_wrap=True, end="").append(frame.glyphs.here, palette.target)
        dots = _dots(places - row, frame.glyphs)
        lines.append(line.append_text(_cells(shares[row], targets == row, palette, frame.glyphs, dots)))
    above = {}
    for steps, marker, color in ((marks.ghost, "△", palette.second), (marks.shown, "▲", palette.line)):
        if steps is not None:
            above[int(column_of(np.array([steps]), history, columns)[0])] = marker, color
    return lines + frame.below(palette.frame, above)


def shade_legend(palette: Palette, symbols: Symbols = "braille") -> Text:
    """Each shade with the share from which it is used."""
    text = Text(no_wrap=True, end="")
    for share in SHARES[1:]:
        text.append_text(_cells(np.array([share]), np.array([False]), palette, GLYPHS[symbols]))
        text.append(f"{share:.0%} ", style=palette.frame)
    text.rstrip()
    return text


def _cells(shares: Doubles, target: Flags, palette: Palette, glyphs: Glyphs, dots: Letters | None = None) -> Text:
    """Cells side by side: the shade of each as a character and as a colour, which say the same.

    `target` marks those on the target's line: it is dotted where no steps are, and elsewhere every `SEEN_EVERY` cells.
    `dots` are the characters of that line, one a cell.
    """
    known = np.nan_to_num(shares)
    shades = np.searchsorted(SHARES, known, side="right")
    tones = np.rint(np.sqrt(np.minimum(known / FULL_TONE, 1.0)) * (TONES - 1)).astype(np.int64)
    dotted = target & ((shades == 0) | (np.arange(len(known)) % SEEN_EVERY == 0))
    looks = np.where(shades > 0, tones + TONES * dotted, np.where(dotted, -1, -2))
    plain = "".join(
        np.where(dotted, glyphs.level if dots is None else dots, np.array(list(glyphs.shades))[shades]).tolist()
    )
    edges = np.flatnonzero(np.diff(looks, prepend=-3, append=-3)).tolist()
    spans = [
        Span(start, end, _look(look, palette) if look >= 0 else palette.target)
        for start, end, look in zip(edges, edges[1:], looks[edges[:-1]].tolist(), strict=False)
        if look > -2
    ]
    return Text(plain, end="", spans=spans)


@lru_cache(maxsize=8 * TONES)
def _look(look: int, palette: Palette) -> Style:
    """The colours of one step of the ramp; from `TONES` on, those of the target's line over it."""
    depth = look % TONES / (TONES - 1)
    under, over = (palette.heat_low, palette.line) if depth < 0.5 else (palette.line, palette.heat_high)
    color = blend(under, over, (2 * depth) % 1.0 if depth < 1.0 else 1.0)
    return Style(color=color if look < TONES else palette.target, bgcolor=blend(palette.heat_low, color, 0.75))


def _target_places(history: GateHistory, marks: HeatMarks, columns: int) -> Doubles:
    """The target in each column, from 0 to 1; NaN where there is none."""
    targets = np.full(columns, np.nan if marks.target is None else marks.target)
    if marks.targets is not None:
        first, last = _limits(history)
        # As for the moments, the last row of a column is what it shows; one on its right edge is in the next.
        ends = first + (np.arange(1, columns + 1) - 1e-9) / columns * (last - first)
        known = in_force(*marks.targets, ends)
        targets = np.where(np.isfinite(known), known, targets)
    places: Doubles = np.clip(targets, 0.0, 1.0)
    return places


def _dots(inside: Doubles, glyphs: Glyphs) -> Letters | None:
    """A dot in each cell, as high as the target lies in it (`inside`, from 0 to 1); none where a cell has no dots."""
    if not len(glyphs.codes):
        return None
    down = np.clip(np.floor((1.0 - np.nan_to_num(inside)) * glyphs.down), 0, glyphs.down - 1).astype(np.int64)
    found: Letters = glyphs.codes[glyphs.weights[down, 0]].astype("<u4").view("<U1")
    return found


def _framed(width: int, height: int) -> bool:
    return width >= MARGIN + LEAST_CANVAS and height >= 5


def _parts(cells: int) -> tuple[int, float]:
    """How many of these cells c takes, from the middle of the first to that of the last, and how far its ticks are apart."""
    for rows in range(cells, max(cells - 3, 2), -1):
        for ticks in (5, 4):
            if rows > 2 * ticks and (rows - 1) % ticks == 0:
                return rows, 1.0 / ticks
    rows = cells - (cells - 1) % 2
    return (rows, 0.5) if rows >= 5 else (cells, 1.0)


def _frame(history: GateHistory, width: int, height: int, parts: int, step: float, symbols: Symbols) -> Frame:
    """Axes of c, in so many `parts`, and of environment steps; none around a map that is too small for them."""
    framed = _framed(width, height)
    columns, rows = (width - MARGIN, height - 2) if framed else (width, height)
    first, last = limits = _limits(history)
    steps = nice_ticks(first, last, max(columns // 9, 1))
    x_ticks = tuple((position(tick, limits), short_count(tick)) for tick in steps)
    c_ticks = np.arange(round(1.0 / step) + 1) * step if framed else np.empty(0)
    places = ((np.rint(c_ticks * (parts - 1)) + 0.5) / rows).tolist()
    y_ticks = tuple(zip(places, tick_labels(c_ticks.tolist()), strict=True))
    return Frame(width, height, columns, rows, x_ticks, y_ticks, framed, GLYPHS[symbols])


def _limits(history: GateHistory) -> Range:
    steps = np.clip(history.env_steps, -LARGEST, LARGEST)
    return widened(float(steps.min()), float(steps.max()), 0.0)
