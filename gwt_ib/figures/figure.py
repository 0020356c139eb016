"""What a figure shows, apart from how it is drawn: panels of series with their bands and labels; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gwt_ib.text import plain

Doubles = NDArray[np.float64]
Form = Literal["line", "band", "level", "bar", "mark"]
Scale = Literal["linear", "log", "surprise"]
CSV_COLUMNS = ("panel", "series", "x_name", "y_name", "x", "mean", "low", "high", "n", "interval")
"""The columns of the data beside a figure: they are only ever added to, at the end."""


@dataclass(frozen=True, eq=False)
class Series:
    """One line, band, level or row of bars. All arrays of shape [points]; NaN stands where there is nothing.

    `n` is how many runs a point is of. `look` numbers colour, dash and marker: series of one look in several panels are
    one entry of the legend. `interval` says what `low` and `high` are, and is empty where there are none.
    """

    label: str
    x: Doubles
    mean: Doubles
    low: Doubles
    high: Doubles
    n: Doubles
    look: int = 0
    form: Form = "line"
    interval: str = ""

    @property
    def shown(self) -> str:
        """As `counted`, of this one alone."""
        return counted([self])


@dataclass(frozen=True)
class Axis:
    """What is along an axis: `name` as the data call it, `label` as readers do; drawn numbers are values over `divisor`.

    The scale `surprise` is linear up to 1 and logarithmic beyond, as the bins of a gate curve are.
    """

    name: str
    label: str
    scale: Scale = "linear"
    divisor: float = 1.0
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes. With `categories` the x of a series are places among them, and bars lie side by side at each."""

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Figure:
    """Panels side by side, and a caption that says what lines and bands are."""

    panels: tuple[Panel, ...]
    caption: str = ""
    title: str = ""
    notes: tuple[str, ...] = ()
    """What whoever draws it has to know, and a reader has not."""
    across: int = 0
    """How many panels stand in a row, where that means something."""


def counted(series: Sequence[Series]) -> str:
    """The label of some series of one label, with the number of runs where lines or bars are of several: `td (n = 3)`."""
    first, n = series[0], np.concatenate([each.n[each.n > 0] for each in series])
    if first.form not in ("line", "bar") or not n.max(initial=0.0) > 1:
        return first.label
    least, most = int(n.min()), int(n.max())
    return f"{first.label} (n = {most})" if least == most else f"{first.label} (n = {least} to {most})"


def as_csv(figure: Figure) -> str:
    """The data of a figure, a row for each point of each series, every digit; what is not there is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for panel in figure.panels:
        for series in panel.series:
            names = plain(panel.title), plain(series.label), panel.x.name, panel.y.name
            for x, *numbers in zip(series.x, series.mean, series.low, series.high, series.n, strict=True):
                at = plain(panel.categories[int(x)]) if panel.categories else _digits(x)
                writer.writerow([*names, at, *map(_digits, numbers), series.interval])
    return text.getvalue()


def _digits(value: np.float64) -> str:
    """As few digits as give the same number back."""
    if not np.isfinite(value):
        return ""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
