"""What all panels have in common: they get a snapshot, decide whether it changes them, and draw lines of text."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Hashable
from typing import ClassVar

from rich.console import Console
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from gwt_ib_tui.charts.palette import Palette, palette_of
from gwt_ib_tui.state.snapshot import Snapshot

CHART_PERIOD_S = 1.0
_MEASURE = Console(file=io.StringIO())  # rich wraps for a console; this one prints nothing


class Panel(Widget, can_focus=False):
    """A widget that shows a `Snapshot`. Subclasses give `lines`, and `depends_on` where they change more rarely."""

    ALLOW_SELECT: ClassVar[bool] = False
    DEFAULT_CSS = "Panel { text-wrap: nowrap; text-overflow: clip; }"
    snapshot: reactive[Snapshot | None] = reactive(None, repaint=False)

    period: ClassVar[float] = 0.0
    """Seconds between two redraws for new data: what is dear to draw is drawn more rarely."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._drawn: Hashable = None
        self._drawn_at = -math.inf
        self._due = False

    def lines(self, snapshot: Snapshot, width: int, height: int) -> list[Text]:
        """What to show in a space of this size; lines beyond it are cut."""
        raise NotImplementedError

    def depends_on(self, snapshot: Snapshot) -> Hashable:
        """A value that is equal for two snapshots that look the same here."""
        return snapshot.version

    @property
    def palette(self) -> Palette:
        """The colours under the present theme."""
        return palette_of(self.app.current_theme)

    def watch_snapshot(self, snapshot: Snapshot | None) -> None:
        """Redraw only for what is seen here, and not too often."""
        if self._due or self._key() == self._drawn:
            return
        wait = self._drawn_at + self.period - time.monotonic()
        if wait > 0:
            self._due = True
            self.set_timer(wait, self._redraw)
        else:
            self._redraw()

    def _redraw(self) -> None:
        self._due = False
        self._drawn, self._drawn_at = self._key(), time.monotonic()
        self.refresh()

    def _key(self) -> Hashable:
        return None if self.snapshot is None else (self.depends_on(self.snapshot),)

    def render(self) -> Text:
        """The lines as one text, cut to the panel."""
        width, height = self.content_size
        if self.snapshot is None or not width or not height:
            return Text("")
        lines = self.lines(self.snapshot, width, height)[:height]
        for line in lines:
            line.truncate(width)
        return Text("\n", no_wrap=True, end="").join(lines)


def title_line(palette: Palette, title: str, *parts: Text | str) -> Text:
    """A panel's first line: its name, then what belongs beside it."""
    line = Text(no_wrap=True, end="")
    line.append("▍", style=palette.line)
    line.append(title, style=f"bold {palette.text}")
    for part in parts:
        line.append("  ")
        if isinstance(part, Text):
            line.append_text(part)
        else:
            line.append(part, style=palette.dim)
    return line


def wrapped(text: Text, width: int) -> list[Text]:
    """A text in lines of at most `width` cells."""
    return list(text.wrap(_MEASURE, width)) if width > 0 and text else []
