"""The line below the panels: what was asked of the run and what became of it, or in its place the filter."""

from __future__ import annotations

from dataclasses import dataclass

import textual.message
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from gwt_ib.text import cut_at_end, shortened
from gwt_ib_tui.charts.palette import palette_of
from gwt_ib_tui.keys.keymap import Keyed
from gwt_ib_tui.state.run.requests import Message

LEAST_PATH = 12  # cells; less of a path says nothing
HOW = "all words must match: rho tail, *loss, ev|kl"  # 44 cells: seen in the smallest window


class MessageBar(Widget, can_focus=False):
    """Shows a `Message`, as much of it as there is room for."""

    message: reactive[Message] = reactive(Message("", ""))

    def render(self) -> Text:
        """The status as a word, then the text."""
        palette, message = palette_of(self.app.current_theme), self.message
        color = {
            "asked": palette.target,
            "accepted": palette.target,
            "done": palette.good,
            "refused": palette.bad,
            "failed": palette.bad,
            "warning": palette.warn,
        }.get(message.status, palette.dim)
        line = Text(no_wrap=True, overflow="crop", end="")
        if message.text:
            line.append(f" {message.status.upper()} ", style=f"bold {color}")
            line.append(fitted(message.text, self.content_size.width - line.cell_len), style=palette.text)
        return line


def fitted(text: str, width: int) -> str:
    """A message in at most `width` cells: a path at its end loses its beginning, and what is said before it its end."""
    if len(text) <= width:
        return text
    words, _, path = text.rpartition(" ")
    if not words:
        return shortened(text, width)
    if "/" not in path:
        return cut_at_end(text, width)
    room = width - len(words) - 1
    if room < LEAST_PATH:
        return fitted(words.rstrip(":"), width)
    return f"{words} …{path[1 - room :]}"


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
    """The words, and beside them how many metrics they match."""

    def compose(self) -> ComposeResult:
        """A sign, the words, the count."""
        yield Static("/", id="filter-sign")
        yield FilterInput(id="filter-words", placeholder=HOW, compact=True)
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
