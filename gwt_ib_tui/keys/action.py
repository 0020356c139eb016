"""What an action is: its keys, its words and what it calls, as a row of the table in `actions`; Textual's bindings of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding
from textual.keys import format_key

Scope = Literal[
    "app",
    "charts",
    "live",
    "gate",
    "check",
    "log",
    "compare",
    "settings",
    "replay",
    "quit",
    "help",
    "setting",
    "filter",
    "runs",
    "folder",
    "label",
    "delete",
    "sweep",
    "sweep_quit",
    "watch",
]
Needs = Literal["", "control", "pages", "news", "shell", "ended"]
"""What an action can do nothing without: a run that trains and can be asked, a window that has pages, a run that goes on,
one that is asked or has a command for a shell, one that has ended."""
ON_APP = frozenset({"app", "replay"})
_KEY_NAMES = {"ctrl+c": "^c", "shift+left": "⇧←", "shift+right": "⇧→", "shift+tab": "⇧tab"}


@dataclass(frozen=True)
class Action:
    """One action, and how it is called: `call` is a method with arguments, as in `turn_page(1)`; by default the name.

    The method is `action_<method>` of the screen that lists `scope`; of those of the scopes `app` and `replay`, and of a
    call that begins with `app.`, it is the app's. Those with `in_footer` stand in the footer, and those of one
    `footer_group` together under its word. One that decides whose the next keys are has `priority`: it is done before
    these, however fast they follow.
    """

    name: str
    keys: tuple[str, ...]
    title: str
    description: str
    group: str = ""
    scope: Scope = "app"
    call: str = ""
    in_footer: bool = False
    needs: Needs = ""
    footer_group: str = ""
    priority: bool = False

    @property
    def id(self) -> str:
        """`<scope>.<name>`: by this name the user's file of keys and the docs know it."""
        return f"{self.scope}.{self.name}"

    @property
    def command(self) -> str:
        """The call as Textual runs it from a screen."""
        call = self.call or self.name
        return f"app.{call}" if self.scope in ON_APP else call

    @property
    def keys_shown(self) -> str:
        """The keys as the help writes them."""
        return " ".join(_KEY_NAMES.get(key) or format_key(key) for key in self.keys)


def bindings(actions: tuple[Action, ...]) -> list[Binding]:
    """Textual's bindings of some actions, each with the action's id.

    They are bound on screens and not on the app: there they go before Textual's own, and no dialog inherits them.
    """
    return [
        Binding(
            key,
            action.command,
            action.title,
            show=bool(action.in_footer or action.footer_group) and key == action.keys[0],
            tooltip=action.description,
            priority=action.priority,
            id=action.id,
            group=Binding.Group(action.footer_group, compact=True) if action.footer_group else None,
        )
        for action in actions
        for key in action.keys
    ]
