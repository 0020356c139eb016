"""One table of everything that can be done. Key bindings, footer, command palette and help are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding

Scope = Literal["app", "gate", "quit", "help"]


@dataclass(frozen=True)
class Action:
    """One action. `name` is also the method: `action_<name>` of the app, or of the screen that `scope` says.

    Those of the app belong to its main screen; those that are `shared`, to every screen of a run.
    """

    name: str
    keys: tuple[str, ...]
    title: str
    description: str
    group: str
    scope: Scope = "app"
    in_footer: bool = False
    steers: bool = False
    shared: bool = False

    @property
    def keys_shown(self) -> str:
        """The keys as the help writes them."""
        return " ".join(_KEY_NAMES.get(key, key) for key in self.keys)


_KEY_NAMES = {
    "question_mark": "?",
    "ctrl+c": "^c",
    "escape": "esc",
    "enter": "⏎",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "shift+left": "⇧←",
    "shift+right": "⇧→",
    "pageup": "pgup",
    "pagedown": "pgdn",
}

ACTIONS: tuple[Action, ...] = (
    Action(
        "pause_or_go_on",
        ("space",),
        "Pause/go on",
        "Pause the training after the update it is in, or let it go on; the display stays live",
        "Training",
        in_footer=True,
        steers=True,
        shared=True,
    ),
    Action(
        "snapshot",
        ("s",),
        "Snapshot",
        "Save a snapshot now; its path is shown when it is complete",
        "Training",
        in_footer=True,
        steers=True,
        shared=True,
    ),
    Action(
        "next_page",
        ("n", "tab"),
        "Next page",
        "In a small window: turn to the next page",
        "View",
        in_footer=True,
        shared=True,
    ),
    Action("previous_page", ("N", "shift+tab"), "Previous page", "Turn back a page", "View", shared=True),
    Action(
        "next_finding", ("down", "j"), "Next rule", "Choose the next rule of GateCheck; its next step is shown", "View"
    ),
    Action("previous_finding", ("up", "k"), "Previous rule", "Choose the rule before", "View"),
    Action(
        "show_gate",
        ("g",),
        "Gate",
        "The gate through the whole training: curve, ghost, distribution, budget, correlations",
        "View",
        in_footer=True,
    ),
    Action(
        "show_help",
        ("question_mark", "f1"),
        "Help",
        "Keys, and what each metric means",
        "Dashboard",
        in_footer=True,
        shared=True,
    ),
    Action(
        "ask_to_quit",
        ("q", "ctrl+c"),
        "Quit",
        "Leave: detach from the run, stop it, or cancel; leaves at once when the run has ended",
        "Dashboard",
        in_footer=True,
        shared=True,
    ),
    Action("earlier", ("left",), "Earlier", "Show the recorded moment before", "In Gate", scope="gate", in_footer=True),
    Action("later", ("right",), "Later", "Show the next recorded moment", "In Gate", scope="gate", in_footer=True),
    Action("much_earlier", ("shift+left",), "10 earlier", "Go ten recorded moments back", "In Gate", scope="gate"),
    Action("much_later", ("shift+right",), "10 later", "Go ten recorded moments on", "In Gate", scope="gate"),
    Action("first", ("home",), "First", "Show the first moment", "In Gate", scope="gate"),
    Action(
        "newest",
        ("end",),
        "Newest",
        "Show the newest moment, and follow it when newer ones come",
        "In Gate",
        scope="gate",
    ),
    Action(
        "pin_ghost",
        ("p",),
        "Pin ghost",
        "Make the moment on show the ghost beside the others; once more: the first is it again",
        "In Gate",
        scope="gate",
        in_footer=True,
    ),
    Action("back", ("g", "escape"), "Live", "Go back to the overview", "In Gate", scope="gate", in_footer=True),
    Action(
        "detach",
        ("d", "enter", "ctrl+c"),
        "Detach",
        "Leave the run going; `gwt-ib-tui attach` shows it again",
        "Asked after q",
        scope="quit",
    ),
    Action("stop", ("s",), "Stop", "End the run after a final snapshot, then leave", "Asked after q", scope="quit"),
    Action("cancel", ("c", "escape", "q"), "Cancel", "Go back to the dashboard", "Asked after q", scope="quit"),
    Action(
        "close",
        ("escape", "q", "question_mark", "f1", "ctrl+c"),
        "Close",
        "Close the help",
        "In the help",
        scope="help",
    ),
    Action("scroll_help_down", ("down", "j", "pagedown", "space"), "Down", "Scroll down", "In the help", scope="help"),
    Action("scroll_help_up", ("up", "k", "pageup"), "Up", "Scroll up", "In the help", scope="help"),
)  # fmt: skip


def actions_of(scope: Scope) -> tuple[Action, ...]:
    """The actions of the app or of one dialog, in the table's order."""
    return tuple(action for action in ACTIONS if action.scope == scope)


def bindings(scope: Scope) -> list[Binding]:
    """Textual's bindings of a scope. The identifier of each is `<scope>.<name>`, which a keymap can rebind.

    Those of the app are for its main screen: there they go before Textual's own, and no dialog inherits them.
    """
    return [binding for action in actions_of(scope) for binding in _bindings_of(action, action.in_footer)]


def shared_bindings() -> list[Binding]:
    """The bindings of the app's actions that every screen of a run has; its footer needs the room for its own."""
    shared = [action for action in actions_of("app") if action.shared]
    return [binding for action in shared for binding in _bindings_of(action, action.in_footer and not action.steers)]


def _bindings_of(action: Action, in_footer: bool) -> list[Binding]:
    return [
        Binding(
            key,
            f"app.{action.name}" if action.scope == "app" else action.name,
            action.title,
            show=in_footer and key == action.keys[0],
            tooltip=action.description,
            id=f"{action.scope}.{action.name}",
        )
        for key in action.keys
    ]
