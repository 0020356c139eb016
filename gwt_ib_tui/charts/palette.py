"""The colours: two themes of our own and what the charts are painted with in dark and light surroundings.

The hues are those of Okabe and Ito, which stay apart for colour-blind eyes; no meaning hangs on a colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.theme import Theme


@dataclass(frozen=True)
class Palette:
    """Colours by meaning, as `#rrggbb`."""

    text: str
    dim: str
    frame: str
    line: str
    second: str
    target: str
    prior: str
    band: str
    good: str
    warn: str
    bad: str
    wait: str
    on_chip: str
    chip: str
    """Under what is neither good nor bad."""
    heat_low: str
    heat_high: str
    runs: tuple[str, ...]
    """Of runs beside each other: chosen so that the least difference of any two is large for every kind of eyes; of the
    first eight more so than of all twelve, which are for the ninth run and further ones."""

    def of_status(self, status: str) -> str:
        """The colour of a verdict or a finding."""
        return {"pass": self.good, "warn": self.warn, "fail": self.bad}.get(status, self.wait)

    def of_severity(self, severity: str) -> str:
        """The colour of an event's marker."""
        return {"good": self.good, "warn": self.warn, "bad": self.bad}.get(severity, self.dim)


DARK = Palette(
    text="#dbe4ee",
    dim="#8796a8",
    frame="#5c6b7d",
    line="#56b4e9",
    second="#f0e442",
    target="#e69f00",
    prior="#d994bb",
    band="#2c5878",
    good="#27c29a",
    warn="#f0b429",
    bad="#ff7043",
    wait="#8fa3b8",
    on_chip="#0d1219",
    chip="#2b3848",
    heat_low="#17283a",
    heat_high="#f4fbff",
    runs=(
        *("#33ffdd", "#bb6699", "#ffff77", "#8877ee", "#009955", "#eeaaff", "#999900", "#aaee99"),
        *("#eecc00", "#ffaa66", "#66cccc", "#88aa88"),
    ),
)
LIGHT = Palette(
    text="#1b2733",
    dim="#5b6b7b",
    frame="#8595a5",
    line="#0072b2",
    second="#8a6d00",
    target="#b85c00",
    prior="#a8497f",
    band="#a9cbe3",
    good="#00795a",
    warn="#8f6400",
    bad="#c23b00",
    wait="#5b6b7b",
    on_chip="#ffffff",
    chip="#c9d4de",
    heat_low="#dcebf6",
    heat_high="#06233a",
    runs=(
        *("#0088ff", "#cc7700", "#662299", "#990000", "#335566", "#888866", "#330000", "#000033"),
        *("#6600ff", "#aa44aa", "#4400aa", "#662222"),
    ),
)


def _theme(name: str, palette: Palette, background: str, surface: str, panel: str) -> Theme:
    return Theme(
        name=name,
        dark=palette is DARK,
        primary=palette.line,
        secondary=palette.prior,
        accent=palette.target,
        success=palette.good,
        warning=palette.warn,
        error=palette.bad,
        foreground=palette.text,
        background=background,
        surface=surface,
        panel=panel,
    )


THEMES = (
    _theme("gwt-dark", DARK, background="#0d1219", surface="#141b25", panel="#1d2734"),
    _theme("gwt-light", LIGHT, background="#e9eef3", surface="#f8fafc", panel="#dde5ec"),
)
DEFAULT_THEME = "gwt-dark"


def blend(first: str, second: str, share: float) -> str:
    """A colour between two, `#rrggbb`."""
    channels = zip(*([int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in (first, second)), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in channels)


def palette_of(theme: Theme) -> Palette:
    """The palette that fits under a theme, ours or another that the user picked."""
    return DARK if theme.dark else LIGHT
