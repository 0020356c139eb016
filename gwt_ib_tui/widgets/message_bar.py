"""The message bar: the line below the panels that says what was asked of the run and what became of it."""

from __future__ import annotations

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from gwt_ib.text import cut_at_end, shortened
from gwt_ib_tui.charts.palette import palette_of
from gwt_ib_tui.state.run.requests import Message

LEAST_PATH = 12  # cells; less of a path says nothing


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
            "trouble": palette.bad,
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
