"""A figure drawn by matplotlib, as the bytes of a PDF, PNG or SVG file: the same figure gives the same bytes.

No window, no state that is left behind: the canvas is Agg's, and settings hold inside `rendered` only. It is called by one
thread at a time, as settings are matplotlib's own.
"""

from __future__ import annotations

import io
import logging
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.figures.figure import Axis, Doubles, Figure, Panel, Series, counted
from gwt_ib.figures.labels import place_labels
from gwt_ib.figures.styles import COLUMN_IN, TEXT_IN, Style, settings_of

ENDINGS = ("pdf", "png", "svg")
NEEDED = "Figures need the package matplotlib: pip install 'gwt-ib[figures]'."
METADATA: Mapping[str, Mapping[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}
"""What matplotlib would write of the time and of itself."""
MOST_BESIDE = 3  # panels in a row
MARKED = 7  # points of a line that have a marker
FEW = 16  # a line of so many points has one at each
GOLDEN = 0.64
LEGEND_ROW_EM = 1.6
BAR_IN, BARS_AROUND_IN = 0.13, 1.0
_lock = threading.Lock()


def rendered(figure: Figure, ending: str, style: Style, size: tuple[float, float] | None = None) -> bytes:
    """A file's content. `size` is in inches, by default as the figure needs. Raises `UserError` (78) without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Sheet
    except ImportError:
        raise UserError(NEEDED, ExitCode.BAD_CONFIGURATION) from None
    with _settings(style):
        width, height = size or size_of(figure, style)
        sheet = Sheet(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(sheet)
        _draw(sheet, figure, style, width)
        data = io.BytesIO()
        sheet.savefig(data, format=ending, metadata=dict(METADATA[ending]))
    return data.getvalue()


def size_of(figure: Figure, style: Style, width: float | None = None) -> tuple[float, float]:
    """Width and height in inches that suit a figure, or the height for a width."""
    count = len(figure.panels)
    if width is None:
        bars = any(panel.categories for panel in figure.panels)
        single = COLUMN_IN if style.name == "print" else 5.0
        width = TEXT_IN if count > 1 and not bars else single
    panel = figure.panels[0]
    if panel.categories:
        rows = sum(1 for series in panel.series if series.form == "bar")
        return width, BARS_AROUND_IN + len(panel.categories) * (rows + 1) * BAR_IN
    columns = columns_of(count, width, figure.across)
    rows = -(-count // columns)
    labels = list(map(counted, _by_label(figure).values()))
    below = -(-len(labels) // legend_columns(labels, width, style)) * LEGEND_ROW_EM * style.size / 72
    return width, width / columns * (GOLDEN if columns == 1 else 0.92) * rows + below


def columns_of(panels: int, width: float, across: int = 0) -> int:
    """How many panels stand beside each other, `across` where that is possible; in a column of a page, one."""
    if 0 < across <= MOST_BESIDE and width >= 1.3 * COLUMN_IN:
        return across
    return 1 if width < 1.3 * COLUMN_IN else 2 if panels in (2, 4) else min(panels, MOST_BESIDE)


@contextmanager
def _settings(style: Style) -> Iterator[None]:
    """Our settings alone; warnings about letters that a font lacks are nobody's business here."""
    import matplotlib

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with _lock, matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings_of(style))  # type: ignore[arg-type]
        yield


def _draw(sheet: Any, figure: Figure, style: Style, width: float) -> None:
    count = len(figure.panels)
    columns = columns_of(count, width, figure.across)
    grid = sheet.subplots(-(-count // columns), columns, squeeze=False)
    panes = list(grid.flat)
    for pane in panes[count:]:
        pane.set_axis_off()
    for panel, pane in zip(figure.panels, panes, strict=False):
        draw_bars(pane, panel, style) if panel.categories else draw_lines(pane, panel, style)
        if count > 1 and panel.title != panel.y.name:
            pane.set_title(panel.title)
    if count > 1:
        _label_panels(sheet, figure, panes[:count], style)
    if figure.title:
        sheet.suptitle(figure.title, fontsize=style.size + 1)
    _legend(sheet, figure, panes[:count], style, width)


def _legend(sheet: Any, figure: Figure, panes: Sequence[Any], style: Style, width: float) -> None:
    """At the lines' ends where there is room, else below; in each panel where they do not all show the same."""
    found = [dict.fromkeys(series.label for series in panel.series) for panel in figure.panels]
    handles = [dict(zip(*reversed(pane.get_legend_handles_labels()), strict=True)) for pane in panes]
    if len({tuple(labels) for labels in found}) > 1:
        for pane, panel, drawn in zip(panes, figure.panels, handles, strict=True):
            if len(drawn) > 1:
                words = {series.label: series.shown for series in panel.series}
                pane.legend([drawn[label] for label in words], list(words.values()), fontsize=style.size - 2)
        return
    panel = figure.panels[0]
    beside = place_labels(sheet, panes[0], panel, style) if len(panes) == 1 and not panel.categories else frozenset()
    entries = {counted(series): handles[0][label] for label, series in _by_label(figure).items() if label not in beside}
    if len(entries) > 1 or any(
        label not in found[0] for label in entries
    ):  # one alone says only how many runs it is of
        across = legend_columns(list(entries), width, style)
        sheet.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=across)


def _by_label(figure: Figure) -> dict[str, list[Series]]:
    series: dict[str, list[Series]] = {}
    for each in (each for panel in figure.panels for each in panel.series):
        series.setdefault(each.label, []).append(each)
    return series


def _label_panels(sheet: Any, figure: Figure, panes: Sequence[Any], style: Style) -> None:
    """Smaller labels where panels are several, and once what all of them have upwards."""
    for pane in panes:
        pane.xaxis.label.set_size(style.size - 1)
        pane.yaxis.label.set_size(style.size - 1)
    words = {panel.y.label for panel in figure.panels}
    if len(words) == 1:
        sheet.supylabel(words.pop(), fontsize=style.size - 1)
        for pane in panes:
            pane.set_ylabel("")


def legend_columns(labels: Sequence[str], width: float, style: Style) -> int:
    """How many entries fit beside each other: a letter is about 0.55 of its size wide."""
    widest = (max(map(len, labels)) * 0.55 + 5.3) * (style.size - 1) / 72
    return max(1, min(len(labels), int(width / widest), 4))


def draw_lines(pane: Any, panel: Panel, style: Style) -> None:
    """Bands, then levels, then lines, each over what came before."""
    order = {"band": 0, "level": 1, "line": 2}
    for series in sorted(panel.series, key=lambda each: order.get(each.form, 2)):
        x = series.x / panel.x.divisor
        if series.form == "band":
            tone = style.toned(0, style.bands + 0.22 * series.look)  # a legend shows it as it lies over a wider one
            pane.fill_between(x, series.low, series.high, color=tone, lw=0, label=series.label)
        elif series.form == "level":
            dash = (0, (1.0, 1.8)) if series.look else (0, (4.0, 2.0))
            color = style.levels[series.look % len(style.levels)]
            pane.plot(x, series.mean, color=color, lw=style.line * 0.75, ls=dash, label=series.label)
        else:
            _line(pane, x, series, style)
    _axis(pane, "x", panel.x)
    _axis(pane, "y", panel.y)


def _line(pane: Any, x: Doubles, series: Series, style: Style) -> None:
    """A line on its band, with a few markers, at other places than those of the lines beside it."""
    look, color = series.look, style.color(series.look)
    dash = style.dash(look)
    if np.isfinite(series.low).any():
        pane.fill_between(x, series.low, series.high, color=color, alpha=style.bands, lw=0)
        if style.hatched:  # greys over each other need their edges
            for edge in (series.low, series.high):
                pane.plot(x, edge, color=color, lw=0.35, ls="-" if dash is None else (0, dash))
    step = max(len(x) // MARKED, 1)
    every = 1 if len(x) <= FEW else ((look * step // 3) % step, step)
    pane.plot(
        x, series.mean, color=color, lw=style.line, ls="-" if dash is None else (0, dash), dash_capstyle="butt",
        marker=style.marker(look), ms=style.size * 0.42, mew=0.4, mec=style.ground, markevery=every, label=series.label,
    )  # fmt: skip


def draw_bars(pane: Any, panel: Panel, style: Style) -> None:
    """Rows of bars from the top down, with whiskers; published numbers as marks over each row of bars."""
    bars = [series for series in panel.series if series.form == "bar"]
    marks = [series for series in panel.series if series.form == "mark"]
    thick = 1.0 / (len(bars) + 1)
    for place, series in enumerate(bars):
        y = series.x + (place - (len(bars) - 1) / 2) * thick
        pane.barh(
            y, series.mean, thick * 0.86, color=style.color(series.look) if not style.hatched else style.ground,
            edgecolor=style.ground if not style.hatched else style.text, linewidth=0.5,
            hatch=style.hatch(series.look), label=series.label,
        )  # fmt: skip
        _whiskers(pane, series.mean, y, series, style.text)
    for series in marks:
        _mark(pane, series, style, len(bars) * thick)
    pane.axvline(0.0, color=style.frame, lw=0.6)
    pane.set_yticks(range(len(panel.categories)), panel.categories)
    pane.set_ylim(len(panel.categories) - 0.4, -0.6)
    pane.tick_params(axis="y", length=0)
    pane.grid(visible=False, axis="y")
    pane.spines["left"].set_visible(False)
    pane.set_xlabel(panel.y.label)


def _mark(pane: Any, series: Series, style: Style, height: float) -> None:
    """A published number as a diamond with its spread, and a floor as a dotted line through the row."""
    if series.look:
        pane.vlines(
            series.mean, series.x - height / 2, series.x + height / 2, color=style.levels[0], lw=style.line,
            linestyles=[(0, (1.0, 1.2))], label=series.label,
        )  # fmt: skip
        return
    pane.plot(
        series.mean, series.x, ls="none", marker="D", ms=style.size * 0.5, mfc=style.ground, mec=style.text, mew=0.9,
        label=series.label, zorder=4,
    )  # fmt: skip
    _whiskers(pane, series.mean, series.x, series, style.text)


def _whiskers(pane: Any, at: Doubles, y: Doubles, series: Series, color: str) -> None:
    known = np.isfinite(series.low) & np.isfinite(series.high)
    if known.any():
        reach = np.stack([at - series.low, series.high - at])[:, known]
        pane.errorbar(at[known], y[known], xerr=reach, fmt="none", ecolor=color, elinewidth=0.9, capsize=1.8, zorder=3)


def _axis(pane: Any, which: str, axis: Axis) -> None:
    getattr(pane, f"set_{which}label")(axis.label)
    if axis.scale == "surprise":
        getattr(pane, f"set_{which}scale")("function", functions=(_surprise, _surprise_back))
        getattr(pane, f"set_{which}ticks")([0.0, 0.5, 1.0, 2.0, 5.0, 10.0], ["0", "0.5", "1", "2", "5", "10"])
    elif axis.scale == "log":
        getattr(pane, f"set_{which}scale")("log", nonpositive="mask")
    if axis.limits is not None:
        low, high = (end / axis.divisor for end in axis.limits)
        getattr(pane, f"set_{which}lim")(low, high)
    elif which == "x" and axis.scale == "linear":
        pane.margins(x=0.01)


def _surprise(value: Doubles) -> Doubles:
    """Linear up to 1 and logarithmic beyond, as the bins of a gate curve are: all of them are equally wide."""
    return np.where(value <= 1.0, value, 1.0 + np.log10(np.maximum(value, 1.0)))


def _surprise_back(place: Doubles) -> Doubles:
    return np.where(place <= 1.0, place, 10.0 ** (np.maximum(place, 1.0) - 1.0))
