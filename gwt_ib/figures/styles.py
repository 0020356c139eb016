"""How figures look: three styles, each with colours, dashes and markers that tell lines apart without the colours.

The hues are those of Okabe and Ito. Colours and dashes go round after different numbers of lines, so that thirty-five lines
differ in one of them. `print` is grey throughout: what is on the screen is what a printer makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

StyleName = Literal["light", "dark", "print"]
Dash = tuple[float, ...] | None

DASHES: tuple[Dash, ...] = (None, (5.0, 1.8), (1.2, 1.4), (6.0, 1.5, 1.2, 1.5), (9.0, 2.5))
"""Lengths on and off, in widths of the line; none is a solid line."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "++++")
COLUMN_IN, TEXT_IN = 3.3, 6.75
"""Widths of a column and of the text of a page with two columns, in inches."""
SIZES: Mapping[str, float] = {"column": COLUMN_IN, "text": TEXT_IN}


@dataclass(frozen=True)
class Style:
    """Colours as `#rrggbb`, sizes in points. `levels` are the colours of targets and the like, `hatched` says of bars."""

    name: StyleName
    ground: str
    text: str
    frame: str
    grid: str
    colors: tuple[str, ...]
    levels: tuple[str, ...]
    bands: float
    """How much of a band's colour covers what is below it, from 0 to 1."""
    size: float
    line: float
    hatched: bool = False

    def toned(self, look: int, share: float) -> str:
        """A share of a line's colour on the ground, for what covers what is below it."""
        pairs = zip(
            *([int(hue[at : at + 2], 16) for at in (1, 3, 5)] for hue in (self.ground, self.color(look))), strict=True
        )
        return "#" + "".join(f"{round(ground + (hue - ground) * share):02x}" for ground, hue in pairs)

    def color(self, look: int) -> str:
        """Of a line or bar."""
        return self.colors[look % len(self.colors)]

    def dash(self, look: int) -> Dash:
        """Of a line."""
        return DASHES[look % len(DASHES)]

    def marker(self, look: int) -> str:
        """Of a line."""
        return MARKERS[look % len(MARKERS)]

    def hatch(self, look: int) -> str:
        """Of a bar."""
        return HATCHES[look % len(HATCHES)] if self.hatched else ""


_OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES: Mapping[str, Style] = {
    "light": Style(
        "light", "#ffffff", "#1b2733", "#5b6b7b", "#e3e8ed", _OKABE_ITO, ("#5b6b7b", "#1b2733"), 0.18, 9.0, 1.5
    ),
    "dark": Style(
        "dark", "#0d1219", "#dbe4ee", "#8796a8", "#26313e",
        ("#56B4E9", "#E69F00", "#2CC79A", "#E49AC4", "#F0E442", "#F47C3C", "#ffffff"), ("#8796a8", "#dbe4ee"),
        0.24, 9.0, 1.5,
    ),
    "print": Style(
        "print", "#ffffff", "#000000", "#000000", "#e6e6e6",
        ("#000000", "#6e6e6e", "#3a3a3a", "#9a9a9a", "#1c1c1c", "#838383", "#545454"), ("#6e6e6e", "#000000"),
        0.2, 8.0, 1.1, hatched=True,
    ),
}  # fmt: skip


def settings_of(style: Style) -> dict[str, Any]:
    """matplotlib's settings: nothing in them depends on a user's own, on the clock or on the fonts of a machine."""
    size = style.size
    return {
        "figure.facecolor": style.ground,
        "savefig.facecolor": style.ground,
        "axes.facecolor": style.ground,
        "axes.edgecolor": style.frame,
        "axes.labelcolor": style.text,
        "axes.titlecolor": style.text,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.titlesize": size,
        "axes.labelsize": size,
        "axes.formatter.useoffset": False,
        "axes.formatter.limits": (-4, 5),
        "grid.color": style.grid,
        "grid.linewidth": 0.5,
        "text.color": style.text,
        "text.parse_math": False,  # a label may come from a file of somebody else's
        "xtick.color": style.frame,
        "ytick.color": style.frame,
        "xtick.labelcolor": style.text,
        "ytick.labelcolor": style.text,
        "xtick.labelsize": size - 1,
        "ytick.labelsize": size - 1,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "xtick.minor.size": 1.5,
        "ytick.minor.size": 1.5,
        "legend.fontsize": size - 1,
        "legend.frameon": False,
        "legend.handlelength": 2.8,
        "legend.columnspacing": 1.4,
        "lines.linewidth": style.line,
        "lines.scale_dashes": True,
        "hatch.linewidth": 0.5,
        "font.size": size,
        "font.family": "DejaVu Sans",  # which comes with matplotlib
        "figure.dpi": 100,
        "savefig.dpi": 300,
        "pdf.fonttype": 42,
        "ps.fonttype": 42,
        "svg.fonttype": "path",  # looks the same where the font is not
        "svg.hashsalt": "gwt-ib",
    }
