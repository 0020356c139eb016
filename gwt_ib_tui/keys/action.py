"""What an action is, and how the one table of them becomes bindings of keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding

Scope = Literal[
    "app", "charts", "live", "gate", "check", "log", "compare", "replay", "quit", "help", "setting", "filter", "runs"
]


@dataclass(frozen=True)
class Action:
    """One action. `name` is also the method: `action_<name>` of the app, or of the screen that `scope` says.

    Those of the scopes `app` and `replay` belong to the app and work on every screen of a run; the others belong to
    the screens that list their scope. Those of one `footer_group` share a word in the footer. One that decides whose
    the next keys are has `priority`: it is done before these, however fast they follow.
    """

    name: str
    keys: tuple[str, ...]
    title: str
    description: str
    group: str
    scope: Scope = "app"
    in_footer: bool = False
    steers: bool = False
    footer_group: str = ""
    priority: bool = False

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
    """Textual's bindings of some actions. The identifier of each is `<scope>.<name>`, which a keymap can rebind.

    They are bound on screens and not on the app: there they go before Textual's own, and no dialog inherits them.
    """
    return [
        Binding(
            key,
            f"app.{action.name}" if action.scope in ("app", "replay") else action.name,
            action.title,
            show=action.in_footer and key == action.keys[0],
            tooltip=action.description,
            priority=action.priority,
            id=f"{action.scope}.{action.name}",
            group=Binding.Group(action.footer_group, compact=True) if action.footer_group else None,
        )
        for action in actions
        for key in action.keys
    ]
