"""Which charts a screen shows: those that the words of a filter mean, and which of them are in its slots; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from gwt_ib.runs.metrics import METRICS

_MEANING_WORDS = {
    metric.name: tuple(re.findall(r"[a-z0-9]+", f"{metric.meaning} {metric.unit}".lower())) for metric in METRICS
}
_GLOB = frozenset("*?[")


def matching(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those of `names` that every word of `text` matches, in their order, the ones matched by name alone first.

    A word is a part of the name, or a pattern for the whole of it where it has `*`, `?` or `[`; or it is the beginning
    of a word of the metric's meaning, or a pattern for one. Of `one|other` either will do. Capital letters make no
    difference; no words match nothing.
    """
    words = [either for word in text.lower().split() if (either := [part for part in word.split("|") if part])]
    if not words:
        return ()
    by_name, by_meaning = [], []
    for name in names:
        if all(any(_fits(part, name) for part in either) for either in words):
            by_name.append(name)
        elif all(any(_fits(part, name, *_MEANING_WORDS.get(name, ())) for part in either) for either in words):
            by_meaning.append(name)
    return (*by_name, *by_meaning)


def _fits(word: str, name: str, *meaning: str) -> bool:
    in_name, begins = (word, word) if _GLOB & set(word) else (f"*{word}*", f"{word}*")
    return fnmatchcase(name.lower(), in_name) or any(fnmatchcase(each, begins) for each in meaning)


@dataclass(frozen=True)
class Selection:
    """`charts` are names; `slots` of them are on show, from a place `first` that is a multiple of `slots`.

    `chosen` is a place among `charts`, or none while no chart is chosen; `alone` shows it without the others.
    """

    charts: tuple[str, ...]
    slots: int
    first: int = 0
    chosen: int | None = None
    alone: bool = False

    @property
    def on_show(self) -> tuple[str, ...]:
        """The charts in the slots."""
        return self.charts[self.first : self.first + self.slots]

    @property
    def chosen_slot(self) -> int | None:
        """The slot of the chosen chart."""
        return None if self.chosen is None else self.chosen - self.first

    @property
    def paged(self) -> bool:
        """Whether there are more charts than slots."""
        return len(self.charts) > self.slots

    @property
    def words(self) -> str:
        """`charts 1-5 of 12`, or nothing while all are on show."""
        if self.alone and self.chosen is not None:
            return f"chart {self.chosen + 1} of {len(self.charts)}"
        if not self.paged:
            return ""
        first, last = self.first + 1, self.first + len(self.on_show)
        return f"chart{f's {first}-{last}' if last > first else f' {last}'} of {len(self.charts)}"

    def of(self, charts: tuple[str, ...]) -> Selection:
        """Other charts, from the first on."""
        return self if charts == self.charts else Selection(charts, self.slots)

    def moved(self, by: int) -> Selection:
        """Choose the chart `by` places further, round from the last to the first; at first, the first or last on show."""
        if not self.charts:
            return self
        if self.chosen is None:
            place = self.first if by > 0 else self.first + len(self.on_show) - 1
        else:
            place = (self.chosen + by) % len(self.charts)
        return self._chosen(place)

    def turned(self, by: int) -> Selection:
        """The next slots' charts, round from the last to the first; alone, the next chart."""
        if self.alone:
            return self.moved(by)
        pages = -(-len(self.charts) // self.slots)
        if pages < 2:
            return self
        return replace(self, first=(self.first // self.slots + by) % pages * self.slots, chosen=None)

    def toggled(self) -> Selection:
        """The chosen chart alone, or again all; with none chosen it is the first on show."""
        if self.alone or not self.charts:
            return self.together()
        return replace(self._chosen(self.first if self.chosen is None else self.chosen), alone=True)

    def together(self) -> Selection:
        """Not alone."""
        return replace(self, alone=False)

    def _chosen(self, place: int) -> Selection:
        return replace(self, chosen=place, first=place // self.slots * self.slots)
