"""The line in which a run's name, tags or notes are typed, below the list of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import textual.message
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from gwt_ib.runs.labels import LONGEST_NOTES
from gwt_ib.text import shortened
from gwt_ib_tui.charts.palette import palette_of
from gwt_ib_tui.keys.keymap import Keyed

Part = Literal["name", "tags", "notes"]
HINTS: dict[Part, str] = {
    "name": "by which commands find it; nothing: no name",
    "tags": "words with blanks between them",
    "notes": "a sentence",
}
MOST_NAME = 24  # cells of the run's name before the line


class LabelInput(Keyed, Input):
    """What is typed. Every key that writes something stays here; the two of the scope `label` end it."""

    SCOPES = ("label",)

    @dataclass
    class Ended(textual.message.Message):
        """The line is left; what was typed is to be kept or not."""

        kept: bool

    def action_leave_label(self, kept: bool) -> None:
        """Leave the line, or ask for what was typed to be kept."""
        self.post_message(self.Ended(kept))


class LabelLine(Horizontal):
    """Whose label it is, and the line."""

    def compose(self) -> ComposeResult:
        """The question and the answer."""
        yield Static(id="label-sign")
        yield LabelInput(id="label-words", max_length=LONGEST_NOTES + 1, compact=True, select_on_focus=False)

    def open(self, part: Part, run: str, words: str) -> None:
        """Take the keys, at the end of the words there are."""
        palette = palette_of(self.app.current_theme)
        sign = Text.assemble((f"{part} of {shortened(run, MOST_NAME)}: ", f"bold {palette.target}"))
        self.query_one("#label-sign", Static).update(sign)
        line = self.query_one(LabelInput)
        line.placeholder = HINTS[part]
        line.value = words
        line.cursor_position = len(words)
        self.display = True
        # `focus` would wait for the next refresh, and keys typed before it would be the list's.
        self.screen.set_focus(line)

    def close(self) -> None:
        """Nothing more is typed."""
        self.screen.set_focus(None)
        self.display = False
