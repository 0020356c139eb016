"""A screen or widget whose keys come from the table of actions, with the user's own laid over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from gwt_ib_tui.keys.action import Scope, bindings
from gwt_ib_tui.keys.action_table import actions_of
from gwt_ib_tui.keys.keymap import Keymap

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.dom import DOMNode as Node
else:
    Node = object  # Textual takes styles from the first base that is a node, which is then the screen's own


class Keyed(Node):
    """Beside `Screen`, `ModalScreen` or a widget: give `SCOPES`. `BINDINGS` are those that have no action in the table."""

    SCOPES: ClassVar[tuple[Scope, ...]]

    def __init_subclass__(cls, **options: Any) -> None:
        """The keys of the table, which hold until the user's are known; Textual collects them right after this."""
        if "SCOPES" in cls.__dict__:
            own: list[BindingType] = cls.__dict__.get("BINDINGS", [])
            cls.BINDINGS = [*bindings(actions_of(*cls.SCOPES)), *own]
        super().__init_subclass__(**options)

    @property
    def keymap(self) -> Keymap:
        """The user's keys, which the application knows."""
        return getattr(self.app, "keymap", Keymap())

    def on_mount(self) -> None:
        """The user's keys come when the screen is shown."""
        self.keymap.rebind(self, *self.SCOPES)
