"""What all lists of runs have in common: a filter, marks, and a chosen run that stays chosen while the list changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from textual.reactive import reactive

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.text import ABSENT, shortened
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.widgets.panel import Painted
from gwt_ib_tui.widgets.verdict import GATE_CELLS, STATUS_CELLS, gate_status, gate_word, status_word


class Listed(Protocol):
    """What a list has of each of its runs."""

    @property
    def name(self) -> str:
        """By which it is chosen and marked."""

    @property
    def directory(self) -> RunDirectory:
        """Where it is."""


Row = TypeVar("Row", bound=Listed)


class ListRows(Painted, Generic[Row]):
    """The runs that match the filter. Subclasses say which these are, and draw them."""

    words: reactive[str] = reactive("")
    chosen: reactive[str] = reactive("")
    marked: reactive[frozenset[str]] = reactive(frozenset())

    @property
    def runs(self) -> Sequence[Row]:
        """The runs on the list, in its order."""
        raise NotImplementedError

    @property
    def every_run(self) -> Sequence[Row]:
        """Those too that the filter leaves out."""
        raise NotImplementedError

    @property
    def rows_shown(self) -> int:
        """Lines that there are for runs."""
        raise NotImplementedError

    @property
    def run(self) -> Row | None:
        """The chosen run: the first where the one that was chosen is not there."""
        runs = self.runs
        return runs[self.place_in(runs)] if runs else None

    def place_in(self, runs: Sequence[Row]) -> int:
        """The place of the chosen one among the runs on the list."""
        return next((place for place, run in enumerate(runs) if run.name == self.chosen), 0)

    def keep_chosen(self) -> None:
        """The choice stays where it is when runs come before it."""
        if not self.chosen and self.run is not None:
            self.chosen = self.run.name

    def move(self, offset: int) -> None:
        """Choose the run so many lines further down, as far as there are any."""
        runs = self.runs
        if runs:
            self.chosen = runs[min(max(self.place_in(runs) + offset, 0), len(runs) - 1)].name


def seed_cell(seed: int | None, palette: Palette, cells: int = 6) -> tuple[str, str]:
    """The seed in at most so many cells: `s1`."""
    return ABSENT if seed is None else shortened(f"s{seed}", cells), palette.dim


def verdict_cell(verdict: str, palette: Palette, cells: int = STATUS_CELLS) -> tuple[str, str]:
    """The verdict on training as an icon and a word, or with less room as a word."""
    return status_word(verdict, palette).plain[-cells:], palette.of_status(verdict)


def gate_cell(verdict: str, palette: Palette, cells: int = GATE_CELLS) -> tuple[str, str]:
    """The verdict on the gate as an icon and a word, or with less room as a word."""
    return gate_word(verdict, palette).plain[-cells:], palette.of_status(gate_status(verdict))
