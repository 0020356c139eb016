"""What an action is, and how the one table of them becomes bindings of keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding

Scope = Literal[
    "app", "charts", "live", "gate", "check", "log", "compare", "replay", "quit", "help", "setting", "filter", "runs"
]


Needs = Literal["", "control", "pages", "news"]
"""What an action can do nothing without: a run that can be asked, a window that has pages, a run that goes on."""
ON_APP = frozenset({"app", "replay"})


@dataclass(frozen=True)
class Action:
    """One action, and how it is called: `call` is a method with its arguments, as in `zoom(2.0)`; by default the name.

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
        return " ".join(_KEY_NAMES.get(key, key) for key in self.keys)


_KEY_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "ctrl+c": "^c",
    "escape": "esc",
    "enter": "⏎",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "shift+left": "⇧←",
    "shift+right": "⇧→",
    "shift+tab": "⇧tab",
    "pageup": "pgup",
    "pagedown": "pgdn",
}


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
