"""Evenly spaced items of a sequence that never ends, in bounded memory."""

from __future__ import annotations

from typing import Generic, TypeVar

Item = TypeVar("Item")


class Thinned(Generic[Item]):
    """Keeps every k-th of the items that come, the first one among them; k doubles whenever `most` are kept."""

    def __init__(self, most: int) -> None:
        self.items: list[Item] = []
        """Those that are kept, oldest first."""
        self.seen = 0
        """How many came."""
        self._most = max(most, 1)
        self._stride = 1
        self._numbers: list[int] = []

    @property
    def keeps_next(self) -> bool:
        """Whether the next item is to be kept; one that is not need not be made."""
        return self.seen % self._stride == 0

    def add(self, item: Item | None) -> None:
        """Take the next item; none is counted and not kept."""
        number = self.seen
        self.seen += 1
        if item is None or number % self._stride:
            return
        if len(self.items) >= self._most:
            self._stride *= 2
            kept = [place for place, number in enumerate(self._numbers) if number % self._stride == 0]
            self.items = [self.items[place] for place in kept]
            self._numbers = [self._numbers[place] for place in kept]
        if number % self._stride == 0:
            self.items.append(item)
            self._numbers.append(number)
