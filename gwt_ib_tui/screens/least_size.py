"""A window that is too small for a screen says so in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.events import Resize
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.dom import DOMNode as Node
else:
    Node = object  # as in `Keyed`

LEAST_WIDTH, LEAST_HEIGHT = 60, 16


class LeastSize(Node):
    """Beside a screen: give `TOO_SMALL`, and compose a `Static` of the class `too-small`; `-tiny` shows it alone."""

    TOO_SMALL: ClassVar[str]
    """What needs `{least}` columns and rows."""

    def on_resize(self, event: Resize) -> None:
        """Say how large the window is and has to be, where it is too small."""
        width, height = event.size
        tiny = width < LEAST_WIDTH or height < LEAST_HEIGHT
        self.set_class(tiny, "-tiny")
        needed = self.TOO_SMALL.format(least=f"{LEAST_WIDTH}x{LEAST_HEIGHT}")
        self.query_one(".too-small", Static).update(Text(f"This window is {width}x{height}; {needed}"))
        self.resized(tiny)

    def resized(self, tiny: bool) -> None:
        """What else a new size changes."""
