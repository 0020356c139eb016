"""Asked after `q`: leave the run going, stop it, or stay."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from gwt_ib_tui.keys.keymap import Keyed


class QuitDialog(Keyed, ModalScreen[str]):
    """Answers with the name of an action: `detach`, `stop` or `cancel`."""

    SCOPES = ("quit",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def compose(self) -> ComposeResult:
        """A button for each action of the table; the first has the focus."""
        with Vertical(id="dialog"):
            yield Static("Leave the dashboard?", id="question")
            for action in self.keymap.of("quit"):
                yield Static(f"{action.title:<7} {action.description}", classes="choice", markup=False)
            with Horizontal(id="buttons"):
                for action in self.keymap.of("quit"):
                    key = action.keys[0]
                    yield Button(f"{action.title} ({key})", id=action.name)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button is its action."""
        self.dismiss(event.button.id)
