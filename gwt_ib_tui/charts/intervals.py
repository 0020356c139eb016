"""Differences with their intervals, a row each over one axis on which zero is marked; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from gwt_ib_tui.charts.glyphs import GLYPHS, Glyphs
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.charts.view import Symbols

LEAST_CHART, ROOMY_CHART = 9, 24  # cells; with less room the numbers stand alone, or their words are the short ones
MARGIN = 0.06  # of the axis, on both sides of the data


@dataclass(frozen=True)
class Interval:
    """A difference between two ends, under a name; `words`, or the `short` ones, stand behind it. None is not known."""

    name: str
    low: float | None
    middle: float | None
    high: float | None
    words: str = ""
    short: str = ""

    @property
    def side(self) -> int:
        """1 where all of it is above zero, -1 where all is below, 0 where zero is in it or an end is not known."""
        if self.low is None or self.high is None:
            return 0
        return 1 if self.low > 0.0 else -1 if self.high < 0.0 else 0


def interval_chart(intervals: Sequence[Interval], width: int, palette: Palette, symbols: Symbols) -> list[Text]:
    """`open  ├──●──┤  +0.12 [+0.05, +0.19]  20 episodes` for each, all to one scale, and a last line with its numbers.

    Words go before the chart where there is little room, and the chart before the numbers.
    """
    if not intervals:
        return []
    glyphs, ends = GLYPHS[symbols], _ends(intervals)
    digits = _digits(max(map(abs, ends)))
    name_cells = max(len(each.name) for each in intervals)
    numbers = [_numbers(each, digits) for each in intervals]
    number_cells = max(map(len, numbers))
    room = width - name_cells - number_cells - 5
    words, room = _fitting(intervals, room)
    word_cells = max(map(len, words))
    lines = []
    for each, number, behind in zip(intervals, numbers, words, strict=True):
        line = Text(f" {each.name:<{name_cells}} ", style=palette.text)
        if room >= LEAST_CHART:
            line.append_text(_drawn(each, ends, room, palette, glyphs)).append("  ")
        line.append(f"{number:<{number_cells}}", style=f"bold {_color(each, palette)}")
        line.append(f"  {behind:>{word_cells}}" if word_cells else "", style=palette.dim)
        lines.append(line)
    if room >= LEAST_CHART:
        lines.append(Text(" " * (name_cells + 2) + _axis(ends, room, digits), style=palette.dim))
    return lines


def _fitting(intervals: Sequence[Interval], room: int) -> tuple[list[str], int]:
    """The words that leave room for the chart, the long ones where it is roomy, and how much they leave."""
    for words, least in (
        ([each.words for each in intervals], ROOMY_CHART),
        ([each.short for each in intervals], LEAST_CHART),
    ):
        left = room - max(map(len, words)) - 2
        if any(words) and left >= least:
            return words, left
    return [""] * len(intervals), room


def _ends(intervals: Sequence[Interval]) -> tuple[float, float]:
    """The axis: all of the intervals, and zero."""
    found = [end for each in intervals for end in (each.low, each.middle, each.high) if end is not None]
    low, high = min([0.0, *found]), max([0.0, *found])
    margin = (high - low or 1.0) * MARGIN
    return low - margin, high + margin


def _place(value: float, ends: tuple[float, float], cells: int) -> int:
    return min(max(round((value - ends[0]) / (ends[1] - ends[0]) * (cells - 1)), 0), cells - 1)


def _drawn(each: Interval, ends: tuple[float, float], cells: int, palette: Palette, glyphs: Glyphs) -> Text:
    """One interval with the line of zero."""
    zero, color = _place(0.0, ends, cells), f"bold {_color(each, palette)}"
    signs = [(" ", "")] * cells
    signs[zero] = glyphs.side, palette.frame
    if each.low is not None and each.high is not None:
        low, high = _place(each.low, ends, cells), _place(each.high, ends, cells)
        for place in range(low, high + 1):
            signs[place] = glyphs.cross if place == zero else glyphs.axis, color
        if low != zero:
            signs[low] = glyphs.left_end, color
        if high != zero:
            signs[high] = glyphs.right_end, color
    if each.middle is not None:
        signs[_place(each.middle, ends, cells)] = glyphs.character("●"), color
    return Text.assemble(*signs)


def _axis(ends: tuple[float, float], cells: int, digits: int) -> str:
    """The numbers below: zero below its line, the two ends where they do not touch it."""
    zero = _place(0.0, ends, cells)
    low, high = (_signed(end, digits) for end in ends)
    words = [" "] * cells
    words[zero] = "0"
    if zero - len(low) >= 1:
        words[: len(low)] = low
    if cells - len(high) - zero >= 2:
        words[cells - len(high) :] = high
    return "".join(words)


def _color(each: Interval, palette: Palette) -> str:
    return {1: palette.good, -1: palette.bad, 0: palette.text}[each.side]


def _digits(largest: float) -> int:
    """Digits behind the point: two of numbers about 1, more of smaller ones and fewer of larger ones."""
    if not 0.0 < largest < math.inf:
        return 2
    power = math.floor(math.log10(largest))
    return min(1 - power, 4) if power < 0 else max(2 - power, 0)


def _numbers(each: Interval, digits: int) -> str:
    if each.middle is None:
        return "not known"
    words = _signed(each.middle, digits)
    if each.low is None or each.high is None:
        return words
    return f"{words} [{_signed(each.low, digits)}, {_signed(each.high, digits)}]"


def _signed(value: float, digits: int) -> str:
    """A number with its sign, which what is rounded to zero keeps; zero itself is not below zero."""
    return f"{value + 0.0:+.{digits}f}"
