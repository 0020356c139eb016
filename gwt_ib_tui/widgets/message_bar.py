"""One line: what was asked of the run and what became of it, or else the last thing that happened."""

from __future__ import annotations

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from gwt_ib_tui.charts.palette import palette_of
from gwt_ib_tui.state.requests import Message
from gwt_ib_tui.text import shortened


class MessageBar(Widget, can_focus=False):
    """Shows a `Message`; a long path loses its middle, not its end."""

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
            line.append(shortened(message.text, self.content_size.width - line.cell_len), style=palette.text)
        return line
