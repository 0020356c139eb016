"""The characters that charts are drawn with: braille dots, or quadrants where a font lacks them, or plain ASCII."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from gwt_ib_tui.charts.view import Symbols

Codes = npt.NDArray[np.uint32]
Cells = npt.NDArray[np.int64]

QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"


@dataclass(frozen=True, eq=False)
class Glyphs:
    """One set of characters.

    A cell is `across` times `down` dots. `codes` has the character of each combination of dots, whose bits `weights`
    [down, across] gives; it is empty where a cell has a single dot, which is then its layer's own character. `marker` is
    the same set in plotext's words, or nothing where a line takes its layer's character too.
    """

    across: int
    down: int
    codes: Codes
    weights: npt.NDArray[np.uint8]
    marker: str
    level: str
    point: str
    gap: str
    cursor: str
    above: str
    below: str
    axis: str
    axis_tick: str
    corner: str
    side: str
    side_tick: str
    here: str
    bars: str
    shades: str
    lines: str = "*"
    """What each curve of a chart is drawn with, in turn, where a line has no shape of its own."""
    raw: str = "."
    prior: str = "="
    ghost: str = "o"
    band: str = ":"
    replaced: Mapping[str, str] = field(default_factory=dict)

    def character(self, wanted: str) -> str:
        """A character from outside as this set can draw it, in one cell; that of a point where there is none."""
        first = wanted[:1] or self.point
        return first if not self.replaced or first.isascii() else self.replaced.get(first, "*")

    def bits(self, codes: Codes) -> npt.NDArray[np.uint8]:
        """The dots of characters of this set; 0 for any other."""
        bits: npt.NDArray[np.uint8] = _BITS[self.marker][np.minimum(codes, len(_BITS[self.marker]) - 1)]
        return bits


def _bits_of(codes: Codes) -> npt.NDArray[np.uint8]:
    """The other way about: which combination a character is, by its code point."""
    table = np.zeros(int(codes.max(initial=0)) + 2, dtype=np.uint8)
    table[codes] = np.arange(len(codes))
    return table


def _codes(characters: str) -> Codes:
    return np.array([ord(character) for character in characters], dtype=np.uint32)


_BRAILLE = np.arange(0x2800, 0x2900, dtype=np.uint32)
_BITS: Final = {"braille": _bits_of(_BRAILLE), "hd": _bits_of(_codes(QUADRANTS)), "": np.zeros(1, dtype=np.uint8)}

BRAILLE = Glyphs(
    across=2,
    down=4,
    codes=_BRAILLE,
    weights=np.array([[1, 8], [2, 16], [4, 32], [64, 128]], dtype=np.uint8),
    marker="braille",
    level="┈",
    point="•",
    gap="×",
    cursor="┊",
    above="▴",
    below="▾",
    axis="─",
    axis_tick="┬",
    corner="└",
    side="│",
    side_tick="┤",
    here="▸",
    bars=" ▁▂▃▄▅▆▇█",
    shades=" ·░▒▓█",
)
BLOCK = replace(
    BRAILLE, down=2, codes=_codes(QUADRANTS), weights=np.array([[1, 2], [4, 8]], dtype=np.uint8), marker="hd"
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
    here=">",
    bars=" .:-=+*%#",
    shades=" .:+%#",
    lines="*+#@%&$",
    replaced={"▲": "^", "△": "o", "▼": "v", "●": "o", "○": "o", "×": "x", "✗": "x", "◆": "o", "▸": ">", "┈": "-"},
)
GLYPHS: Final[Mapping[Symbols, Glyphs]] = {"braille": BRAILLE, "block": BLOCK, "ascii": ASCII}
