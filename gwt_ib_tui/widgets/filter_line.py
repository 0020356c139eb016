"""The filter line: the words that choose metrics, typed below the panels in the place of the message bar."""

from __future__ import annotations

from dataclasses import dataclass

import textual.message
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from gwt_ib_tui.charts.palette import palette_of
from gwt_ib_tui.keys.keymap import Keyed

HOW = "all words must match: rho tail, *loss, ev|kl"  # 44 cells: seen in the smallest window


class FilterInput(Keyed, Input):
    """The words. Every key that writes something stays here; the two of the scope `filter` end it."""

    SCOPES = ("filter",)

    @dataclass
    class Ended(textual.message.Message):
        """The line is left; what it chose is kept or not."""

        kept: bool

    def action_leave_filter(self, kept: bool) -> None:
        """Leave the line; what was on show before comes back where what the words found is not kept."""
        self.screen.set_focus(None)  # at once: the next key is not ours any more
        self.post_message(self.Ended(kept))


class FilterLine(Horizontal):
    """The words, and beside them how many they match; `how` stands in their place before any is typed."""

    def __init__(self, how: str = HOW, id: str | None = None) -> None:
        super().__init__(id=id)
        self._how = how

    def compose(self) -> ComposeResult:
        """A sign, the words, the count."""
        yield Static("/", id="filter-sign")
        yield FilterInput(id="filter-words", placeholder=self._how, compact=True)
        yield Static(id="filter-count")

    def open(self, words: str) -> None:
        """Take the keys, at the end of the words there are."""
        self.display = True
        line = self.query_one(FilterInput)
        with line.prevent(Input.Changed):
            line.value = words
        line.cursor_position = len(words)
        # `focus` would wait for the next refresh, and keys typed before it would be the dashboard's.
        self.screen.set_focus(line)

    def close(self) -> None:
        """Nothing more is typed."""
        self.display = False

    def note(self, words: str, *, wrong: bool = False) -> None:
        """Say what came of the words."""
        palette = palette_of(self.app.current_theme)
        style = f"bold {palette.warn}" if wrong else palette.dim
        self.query_one("#filter-count", Static).update(Text(words, style=style))
