"""What is wrong with a run, for the message bar: each problem once, what is over, and what there still is; pure."""

from __future__ import annotations

import re

from gwt_ib.runs.record import UNKNOWN
from gwt_ib.text import plain
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.state.run.run_view import RunView

BROKEN = "the reader of the run directory has stopped; leave and attach again"


class Problems:
    """Compares each view of the run with what was said of those before it.

    Where the source of the views is not `live`, what the run itself was in trouble with is no news.
    """

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._problem = ""
        self._of_files: frozenset[str] = frozenset()

    def take(self, run_view: RunView, shown: Message) -> list[Message]:
        """What is to be said of a view; that a problem is over only while `shown`, the message that is up, is of one."""
        news = []
        problem = run_view.problem or (run_view.trouble if self._live else "")
        if problem and _without_numbers(problem) != _without_numbers(self._problem):  # seconds that pass are no news
            news.append(Message(_status(run_view), plain(problem)))
        elif self._problem and not problem and shown.status == "trouble":
            news.append(Message("notice", f"over: {plain(self._problem)}"))
        self._problem = problem
        if new := [sentence for sentence in run_view.file_problems if sentence not in self._of_files]:
            self._of_files |= frozenset(new)
            news.append(Message("warning", "; ".join(new)))
        return news

    def still(self, run_view: RunView) -> Message | None:
        """The problem that there still is, for when the message of it has been taken down."""
        return Message(_status(run_view), plain(self._problem)) if self._problem else None

    def reader_stopped(self) -> Message | None:
        """That nothing new will come any more; nothing where that was said."""
        if self._problem == BROKEN:
            return None
        self._problem = BROKEN
        return Message("failed", BROKEN)


def _status(run_view: RunView) -> str:
    """The word before a problem: only a run that has ended has failed."""
    if run_view.problem:
        return "warning"
    return "failed" if run_view.ended or run_view.state == UNKNOWN else "trouble"


def _without_numbers(sentence: str) -> str:
    return re.sub(r"\d+", "", sentence)
