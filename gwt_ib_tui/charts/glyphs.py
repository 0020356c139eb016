"""The characters that charts are drawn with: braille dots, or quadrants where a font lacks them, or plain ASCII."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from gwt_ib_tui.charts.view import Symbols
from gwt_ib_tui.fallbacks import in_ascii

Codes = npt.NDArray[np.uint32]
Cells = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint8]

QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"


@dataclass(frozen=True, eq=False)
class Glyphs:
    """One set of characters; a cell is `across` times `down` dots. The defaults are those of sets that have dots.

    `codes` has the character of each combination of dots, whose bits `weights` [down, across] gives; it is empty where
    a cell has a single dot, which is then its layer's own character.
    """

    across: int
    down: int
    codes: Codes
    weights: Bits
    marker: str  # the same set in plotext's words, or nothing where a line takes its layer's character too
    level: str = "┈"
    point: str = "•"
    gap: str = "×"
    cursor: str = "┊"
    above: str = "▴"
    below: str = "▾"
    axis: str = "─"
    axis_tick: str = "┬"
    corner: str = "└"
    side: str = "│"
    side_tick: str = "┤"
    cross: str = "┼"
    left_end: str = "├"
    right_end: str = "┤"
    here: str = "▸"
    bars: str = " ▁▂▃▄▅▆▇█"
    shades: str = " ·░▒▓█"
    lines: str = "*"  # what each curve of a chart is drawn with, in turn, where a line has no shape of its own
    raw: str = "."
    prior: str = "="
    ghost: str = "o"
    band: str = ":"

    def character(self, wanted: str) -> str:
        """A character from outside as this set can draw it, in one cell; that of a point where there is none."""
        first = wanted[:1] or self.point
        return first if self.codes.size else in_ascii(first)

    def bits(self, codes: Codes) -> Bits:
        """The dots of characters of this set; 0 for any other."""
        bits: Bits = self._bits_of[np.minimum(codes, len(self._bits_of) - 1)]
        return bits

    @cached_property
    def _bits_of(self) -> Bits:
        table = np.zeros(int(self.codes.max(initial=0)) + 2, dtype=np.uint8)
        table[self.codes] = np.arange(len(self.codes))
        return table


BRAILLE = Glyphs(
    across=2,
    down=4,
    codes=np.arange(0x2800, 0x2900, dtype=np.uint32),
    weights=np.array([[1, 8], [2, 16], [4, 32], [64, 128]], dtype=np.uint8),
    marker="braille",
)
BLOCK = Glyphs(
    across=2,
    down=2,
    codes=np.array([ord(character) for character in QUADRANTS], dtype=np.uint32),
    weights=np.array([[1, 2], [4, 8]], dtype=np.uint8),
    marker="hd",
)
ASCII = Glyphs(
    across=1,
    down=1,
    codes=np.empty(0, dtype=np.uint32),
    weights=np.ones((1, 1), dtype=np.uint8),
    marker="",
    level="-",
    point="o",
    gap="x",
    cursor="|",
    above="^",
    below="v",
    axis="-",
    axis_tick="+",
    corner="+",
    side="|",
    side_tick="+",
    cross="+",
    left_end="[",
    right_end="]",
    here=">",
    bars=" .:-=+*%#",
    shades=" .:+%#",
    lines="*+#@%&$",
)
GLYPHS: Final[Mapping[Symbols, Glyphs]] = {"braille": BRAILLE, "block": BLOCK, "ascii": ASCII}
