"""How far a display that is held stands behind the run; pure."""

from __future__ import annotations

from gwt_ib.text import count, plain
from gwt_ib_tui.state.run.run_view import RunView

HELD = "HELD"


def hold_notice(run_view: RunView) -> str:
    """What is said when the display is held: whether anything goes on under it, and how it comes back."""
    going = "while the training goes on" if run_view.state == "running" else f"(the run is {plain(run_view.state, 12)})"
    return f"display held {going}; once more shows the newest"


def held_words(shown: RunView, newest: RunView) -> str:
    """`HELD, 14 updates behind`; where the run's state is another one by now, that too."""
    words = HELD
    then, now = shown.metric("update"), newest.metric("update")
    behind = (now or 0.0) - (then or 0.0)
    if behind < 0:  # the run was resumed from an earlier update
        words += f", run at update {count(now)}"
    elif behind:
        words += f", {count(behind)} update{'s' if behind > 1 else ''} behind"
    return words if newest.state == shown.state else f"{words}, now {plain(newest.state, 12)}"
