"""What all panels have in common: they get the newest view, decide whether it changes them, and draw lines of text.

A line that is as it was before stays the very strip that it was. Textual's own way makes a new object of each styled run
several times over, which is most of what a panel costs.
"""

from __future__ import annotations

import io
import itertools
import math
import time
from collections.abc import Hashable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Span, Text
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from gwt_ib_tui.charts.palette import Palette, palette_of
from gwt_ib_tui.state.run.run_view import RunView

CHART_PERIOD_S = 1.0
MANY_ROWS, LONG_PERIOD_S = 100, 2.0  # a chart of so many rows changes little in that time
CALM = 2.0  # times as seldom where nobody has pressed a key for a while
TURN_S, TURNS = 0.02, 8
REPLAY_PERIOD_S = 0.25  # a replay shows in seconds what took hours, and no training is slowed down by it
_turns = itertools.count()
MEASURE = Console(file=io.StringIO())  # rich wraps and renders for a console; this one prints nothing
Look = tuple[str, Style | str, tuple[Span, ...]]


class StripCache:
    """The strips of one widget as they were painted last."""

    def __init__(self) -> None:
        self._ground: tuple[object, ...] = ()
        self._strips: dict[Look, Strip] = {}

    def strips(self, lines: Sequence[Text], width: int, left: int, base: Style) -> list[Strip]:
        """Each line in `width` cells, `left` of them blank before it, over the style `base`; none is too long."""
        ground = (width, left, base)
        known = self._strips if ground == self._ground else {}
        self._ground, self._strips = ground, {}
        strips = []
        for line in lines:
            look = line.plain, line.style, tuple(line.spans)
            strip = known.get(look) or self._strips.get(look) or strip_of(line, width, left, base)
            self._strips[look] = strip
            strips.append(strip)
        return strips


class Painted(Widget, can_focus=False):
    """A widget of lines of text, which has padding, and no border, opacity or tint. Subclasses give `text_lines`."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cache = StripCache()
        self._painted: list[Strip] = []
        self._painted_size = Size(0, 0)

    def text_lines(self, width: int, height: int) -> list[Text]:
        """What to show in a space of this size; lines beyond it are cut."""
        raise NotImplementedError

    def render(self) -> Text:
        """The lines as one text, cut to the widget."""
        return Text("\n", no_wrap=True, end="").join(self._lines())

    def render_lines(self, crop: Region) -> list[Strip]:
        """What Textual paints, made without its detours."""
        size = self.region.size
        if self._dirty_regions or size != self._painted_size:
            self._paint(*size)
            self._painted_size = size
            self._dirty_regions.clear()
        strips = self._painted[crop.y : crop.bottom]
        return strips if crop.column_span == (0, size.width) else [strip.crop(crop.x, crop.right) for strip in strips]

    def _paint(self, width: int, height: int) -> None:
        gutter = self.gutter
        lines = [*[Text()] * gutter.top, *self._lines()]
        lines += [Text()] * (height - len(lines))
        strips = self._cache.strips(lines[:height], width, gutter.left, self.visual_style.rich_style)
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        self._painted = strips

    def _lines(self) -> list[Text]:
        """The lines, none of them and not more of them than there is room for."""
        width, height = self.content_size
        if not width or not height:
            return []
        lines = self.text_lines(width, height)[:height]
        for line in lines:
            line.truncate(width)
        return lines


class Panel(Painted):
    """A widget that shows a `RunView`. Subclasses give `lines`, and `depends_on` where they change more rarely."""

    DEFAULT_CSS = "Panel { text-wrap: nowrap; text-overflow: clip; }"
    run_view: reactive[RunView | None] = reactive(None, repaint=False)

    period: ClassVar[float] = 0.0
    """Seconds between two redraws for new data: what is expensive to draw is drawn more rarely."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._drawn: Hashable = None
        self._drawn_at = -math.inf
        self._due = False
        # What is expensive is drawn one panel after the other: a key in between, or the screen that came up, does not wait.
        self._turn = (next(_turns) % TURNS + 1) * TURN_S

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """What to show in a space of this size; lines beyond it are cut."""
        raise NotImplementedError

    def depends_on(self, run_view: RunView) -> Hashable:
        """A value that is equal for two views that look the same here."""
        return run_view.version

    @property
    def palette(self) -> Palette:
        """The colours under the present theme."""
        return palette_of(self.app.current_theme)

    def watch_run_view(self, run_view: RunView | None) -> None:
        """Redraw only for what is seen here, and not too often."""
        if self._key() == self._drawn:
            return
        if self._due:
            self.between()
            return
        wait = self._drawn_at + self._period(run_view) - time.monotonic()
        if self.period and self._drawn is not None:
            wait = max(wait, self._turn)
        if wait > 0:
            self._due = True
            self.set_timer(wait, self._redraw)
            self.between()
        else:
            self._redraw()

    def between(self) -> None:
        """There is a newer view, but it is too early to redraw."""

    def _period(self, run_view: RunView | None) -> float:
        if run_view is not None and run_view.replay is not None:
            return min(self.period, REPLAY_PERIOD_S)
        many = run_view is not None and run_view.series.rows >= MANY_ROWS
        period = LONG_PERIOD_S if self.period == CHART_PERIOD_S and many else self.period
        return CALM * period if getattr(self.app, "calm", False) else period

    def _redraw(self) -> None:
        self._due = False
        self._drawn, self._drawn_at = self._key(), time.monotonic()
        self.refresh()

    def _key(self) -> Hashable:
        return None if self.run_view is None else (self.depends_on(self.run_view),)

    def text_lines(self, width: int, height: int) -> list[Text]:
        """The lines of the newest view; none before the first."""
        return [] if self.run_view is None else self.lines(self.run_view, width, height)


def title_line(palette: Palette, title: str, *parts: Text | str, space: str = "  ", chosen: bool = False) -> Text:
    """The first line of a panel, which may be the chosen one of several: its name, then what belongs beside it."""
    mark = ("▶", f"bold {palette.target}") if chosen else ("▍", palette.line)
    line = Text.assemble(mark, (title, f"bold {'underline ' if chosen else ''}{palette.text}"))
    for part in parts:
        line.append(space).append_text(part if isinstance(part, Text) else Text(part, style=palette.dim))
    return line


def indented(text: Text, width: int, cells: int = 1) -> list[Text]:
    """A text in lines of at most `width` cells; so many `cells` at the left and one at the right stay empty."""
    room = width - cells - 1
    return [Text(" " * cells).append_text(line) for line in text.wrap(MEASURE, room)] if room > 0 and text else []


def strip_of(line: Text, width: int, left: int, base: Style) -> Strip:
    """One line with blanks around it."""
    segments = [Segment(" " * left, base)] if left else []
    segments += _segments(line, base)
    right = width - left - cell_len(line.plain)
    if right > 0:
        segments.append(Segment(" " * right, base))
    return Strip(segments, width)


def _segments(line: Text, base: Style) -> list[Segment]:
    plain, ground = line.plain, _over(base, line.style)
    segments, done = [], 0
    spans = [span for span in line.spans if span.end > span.start and span.start < len(plain)]
    if any(after.start < before.end for before, after in pairwise(spans)):
        return [
            Segment(text, _over(base, style) if style else ground)
            for text, style, _ in line.render(MEASURE, end="")
            if text
        ]
    for start, end, style in spans:
        if start > done:
            segments.append(Segment(plain[done:start], ground))
        segments.append(Segment(plain[start:end], _over(ground, style)))
        done = end
    if done < len(plain):
        segments.append(Segment(plain[done:], ground))
    return segments


@lru_cache(maxsize=4096)
def _over(base: Style, style: Style | str) -> Style:
    return base + (Style.parse(style) if isinstance(style, str) else style)
