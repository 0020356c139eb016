"""The message bar: the line below the panels that says what was asked of the run and what became of it."""

from __future__ import annotations

import textwrap

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from gwt_ib.text import cut_at_end, shortened
from gwt_ib_tui.charts.palette import palette_of
from gwt_ib_tui.state.run.requests import Message

LEAST_PATH = 12  # cells; less of a path says nothing
MOST_LINES = 3
TALL_ENOUGH = 20  # rows of a window that spares further lines
WRAPPED = frozenset({"failed", "trouble"})


class MessageBar(Widget, can_focus=False):
    """Shows a `Message`; what went wrong in as many lines as it needs, up to `MOST_LINES`."""

    message: reactive[Message] = reactive(Message("", ""))

    def watch_message(self) -> None:
        """Make room for a long reason, and give it back after it."""
        self._make_room()

    def on_resize(self) -> None:
        """Another width wraps otherwise."""
        self._make_room()

    def _make_room(self) -> None:
        width = self.app.size.width
        lines = 1 if self.message.status not in WRAPPED else min(len(self._wrapped(width)), MOST_LINES)
        self.styles.height = lines if self.app.size.height >= TALL_ENOUGH else 1

    def _wrapped(self, width: int) -> list[str]:
        """The text in lines beside its status."""
        room = width - len(self.message.status) - 3
        return textwrap.wrap(self.message.text, room, break_on_hyphens=False) if room > LEAST_PATH else []

    def render(self) -> Text:
        """The status as a word, then the text."""
        palette, message = palette_of(self.app.current_theme), self.message
        color = {
            "asked": palette.target,
            "accepted": palette.target,
            "done": palette.good,
            "refused": palette.bad,
            "failed": palette.bad,
            "trouble": palette.bad,
            "warning": palette.warn,
        }.get(message.status, palette.dim)
        line = Text(no_wrap=True, overflow="crop", end="")
        if message.text:
            line.append(f" {message.status.upper()} ", style=f"bold {color}")
            width, height = self.content_size
            lines = self._wrapped(width) if height > 1 else []
            room = width - line.cell_len
            shown = [*lines[: height - 1], fitted(" ".join(lines[height - 1 :]), room)] if lines else []
            words = ("\n" + " " * line.cell_len).join(shown) if lines else fitted(message.text, room)
            line.append(words, style=palette.text)
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
