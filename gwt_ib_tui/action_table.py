"""The one table of everything that can be done. Bindings, footer, command palette, help and docs are made from it."""

from __future__ import annotations

from gwt_ib_tui.actions import Action, Scope

# fmt: off
PAGES = (
    Action("next_page", ("n", "tab"), "Next page", "In a small window: turn to the next page", "View", in_footer=True),
    Action("previous_page", ("N", "shift+tab"), "Previous page", "Turn back a page", "View"),
)
TRAINING = (
    Action("pause_or_go_on", ("space",), "Pause", "Pause the training after the update it is in, or let it go on; the "
           "display stays live", "Training", in_footer=True, steers=True),
    Action("snapshot", ("s",), "Snapshot", "Save a snapshot now; its path is shown when it is complete", "Training",
           in_footer=True, steers=True),
)
SCREENS = (
    Action("show_live", ("1", "escape"), "Live", "The overview of the run", "Screens", in_footer=True,
           footer_group="Screens"),
    Action("show_gate", ("2", "g"), "Gate", "The gate through the whole training: curve, ghost, distribution, budget, "
           "correlations", "Screens", in_footer=True, footer_group="Screens"),
)
VIEW = (
    Action("show_help", ("question_mark", "f1"), "Help", "Keys, and what each metric means", "View", in_footer=True),
    Action("ask_to_quit", ("q", "ctrl+c"), "Quit", "Leave: detach from the run, stop it, or cancel; leaves at once when "
           "the run has ended", "View", in_footer=True),
)
LIVE = (
    Action("next_finding", ("j",), "Next rule", "Choose the next rule of GateCheck; its next step is shown", "On Live",
           "live"),
    Action("previous_finding", ("k",), "Previous rule", "Choose the rule before", "On Live", "live"),
)
GATE = (
    Action("earlier", ("left",), "Earlier", "Show the recorded moment before", "On Gate", "gate", in_footer=True),
    Action("later", ("right",), "Later", "Show the next recorded moment", "On Gate", "gate", in_footer=True),
    Action("much_earlier", ("shift+left",), "10 earlier", "Go ten recorded moments back", "On Gate", "gate"),
    Action("much_later", ("shift+right",), "10 later", "Go ten recorded moments on", "On Gate", "gate"),
    Action("first", ("home",), "First", "Show the first moment", "On Gate", "gate"),
    Action("newest", ("end",), "Newest", "Show the newest moment, and follow it when newer ones come", "On Gate", "gate"),
    Action("pin_ghost", ("p",), "Pin ghost", "Make the moment on show the ghost beside the others; once more: the first "
           "is it again", "On Gate", "gate", in_footer=True),
)
DIALOGS = (
    Action("detach", ("d", "enter", "ctrl+c"), "Detach", "Leave the run going; `gwt-ib-tui attach` shows it again",
           "Asked after q", "quit"),
    Action("stop", ("s",), "Stop", "End the run after a final snapshot, then leave", "Asked after q", "quit"),
    Action("cancel", ("c", "escape", "q"), "Cancel", "Go back to the dashboard", "Asked after q", "quit"),
    Action("close", ("escape", "q", "question_mark", "f1", "ctrl+c"), "Close", "Close the help", "In the help", "help"),
    Action("scroll_help_down", ("down", "j", "pagedown", "space"), "Down", "Scroll down", "In the help", "help"),
    Action("scroll_help_up", ("up", "k", "pageup"), "Up", "Scroll up", "In the help", "help"),
)
# fmt: on
ACTIONS: tuple[Action, ...] = (*PAGES, *TRAINING, *SCREENS, *VIEW, *LIVE, *GATE, *DIALOGS)


def actions_of(*scopes: Scope) -> tuple[Action, ...]:
    """The actions of some scopes, scope by scope, each in the table's order."""
    return tuple(action for scope in scopes for action in ACTIONS if action.scope == scope)
