"""What the numbers of an observation's row are: its parts by name, each choices, flags or numbers, to be shown to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from gwt_ib.text import plain

if TYPE_CHECKING:
    from gymnasium import spaces

Kind = Literal["choices", "flags", "numbers"]
KINDS = get_args(Kind)
ADDED = ("previous action", "first step")
"""What `prev_action` adds behind an observation."""
MOST_PARTS = 1000
MOST_NUMBERS = 2**24


@dataclass(frozen=True)
class Part:
    """One part of an observation: `size` numbers of its row, after those of the parts before it."""

    name: str
    kind: Kind
    shape: tuple[int, ...]
    """Of its values: one each for choices and flags too."""
    choices: tuple[int, ...] = ()
    """How many each value of `choices` may be; its numbers are as many, one of which is 1."""
    first: tuple[int, ...] = ()
    """The least of them."""

    @property
    def size(self) -> int:
        """Numbers of the row."""
        return sum(self.choices) if self.kind == "choices" else prod(self.shape)

    def values(self, row: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """What its numbers [size] say: choices as whole numbers, in the part's own shape."""
        if self.kind != "choices":
            return row.reshape(self.shape)
        ends = np.cumsum(self.choices)[:-1]
        chosen = [int(part.argmax()) + first for part, first in zip(np.split(row, ends), self.first, strict=True)]
        return np.array(chosen, np.int64).reshape(self.shape)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Part:
        """Read what `as_dict` gave. Raises `ValueError` for anything else."""
        try:
            shape, choices, first = (tuple(map(int, record[name])) for name in ("shape", "choices", "first"))
            part = cls(plain(record["name"], 80), record["kind"], shape, choices, first)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"no part of an observation ({error})") from None
        counts = prod(shape) if part.kind == "choices" else 0
        if part.kind not in KINDS or min((*shape, *choices), default=1) < 1 or len(shape) > 32:
            raise ValueError("no part of an observation")
        if len(choices) != counts or len(first) != counts or part.size > MOST_NUMBERS:
            raise ValueError("no part of an observation")
        return part

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return dict(vars(self))


def parts_of(space: spaces.Space[Any], *, prev_action: bool = False) -> tuple[Part, ...]:
    """The parts of a space's row, in their order. With `prev_action` the last two are what that setting has added."""
    from gymnasium import spaces  # only where an environment is: a dashboard draws parts, too

    parts = [part for part in _parts(space, "") if part.size]
    if prev_action and isinstance(space, spaces.Tuple) and len(parts) > 2:
        for place, name in zip((-2, -1), ADDED, strict=True):
            parts[place] = Part(
                name, *(getattr(parts[place], field) for field in ("kind", "shape", "choices", "first"))
            )
        if len(parts) == 3:
            own = parts[0]
            parts[0] = Part("observation", own.kind, own.shape, own.choices, own.first)
    return tuple(parts)


def split(parts: Sequence[Part], row: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """The values of each part of a row [O]; whatever it is made of where the parts do not fit it."""
    if sum(part.size for part in parts) != len(row):
        return [row]
    ends = np.cumsum([part.size for part in parts])[:-1]
    return [part.values(numbers) for part, numbers in zip(parts, np.split(row, ends), strict=True)]


def _parts(space: spaces.Space[Any], name: str) -> Iterator[Part]:
    from gymnasium import spaces

    if isinstance(space, spaces.Dict | spaces.Tuple):
        pairs = space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces)
        for key, part in pairs:
            yield from _parts(part, f"{name}.{key}" if name else str(key))
        return
    name = plain(name, 80) or "observation"
    if isinstance(space, spaces.Discrete):
        yield Part(name, "choices", (1,), (int(space.n),), (int(space.start),))
    elif isinstance(space, spaces.MultiDiscrete):
        counts, starts = (tuple(map(int, np.ravel(values))) for values in (space.nvec, space.start))
        yield Part(name, "choices", space.shape, counts, starts)
    else:
        kind: Kind = "flags" if isinstance(space, spaces.MultiBinary) else "numbers"
        yield Part(name, kind, tuple(space.shape or ()) or (1,))
