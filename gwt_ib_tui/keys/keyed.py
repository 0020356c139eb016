"""A screen whose keys come from the table of actions, with the user's own laid over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from gwt_ib_tui.keys.action import Scope

if TYPE_CHECKING:
    from textual.dom import DOMNode as Node

    from gwt_ib_tui.keys.keymap import Keymap
else:
    Node = object  # Textual takes styles from the first base that is a node, which is then the screen's own


class Keyed(Node):
    """Beside `Screen` or `ModalScreen`: give `SCOPES`, and `BINDINGS` made from them for where there is no dashboard."""

    SCOPES: ClassVar[tuple[Scope, ...]]

    def on_mount(self) -> None:
        """The user's keys are known to the application, so they come when the screen is shown."""
        keymap: Keymap | None = getattr(self.app, "keymap", None)
        if keymap is not None:
            keymap.rebind(self, *self.SCOPES)
