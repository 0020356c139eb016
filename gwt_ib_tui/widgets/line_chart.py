"""A chart of one or more metrics over the run, under a title with their newest values or those at the cursor."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from rich.text import Text
from textual.reactive import reactive

from gwt_ib.runs.events import SEVERITIES
from gwt_ib_tui.charts import levels
from gwt_ib_tui.charts.curves import Curve, Level, Mark
from gwt_ib_tui.charts.glyphs import GLYPHS
from gwt_ib_tui.charts.lines import draw
from gwt_ib_tui.state.history.series import Column, SeriesView
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.state.run.timeline import placed_events
from gwt_ib_tui.widgets.chart_heads import Head, head_of
from gwt_ib_tui.widgets.chart_panel import TitledChart, chart_title
from gwt_ib_tui.widgets.readings import Readout, at_words, cursor_words, newest_words, read


@dataclass(frozen=True)
class ChartSpec:
    """What a chart shows: its metrics, horizontal lines and least span.

    A span of 0 is for an unknown metric: its span follows from the size of its values.
    """

    title: str
    metrics: tuple[str, ...]
    min_span: float
    levels: levels.Levels | None = None
    labels: tuple[str, ...] = ()


OVERVIEW = (
    ChartSpec("td_std", ("td_std",), min_span=1e-3, levels=levels.limits_of("td_std")),
    ChartSpec("mean_c", ("mean_c",), min_span=0.1, levels=levels.target),
    ChartSpec("EV", ("explained_variance",), min_span=0.2),
    ChartSpec("bias", ("bias",), min_span=0.02, levels=levels.limits_of("bias")),
    ChartSpec("returns", ("ep100", "eval_return"), 0.1, labels=("ep100", "eval")),
)
OVERVIEW_TITLES = tuple(spec.title for spec in OVERVIEW)
_BY_TITLE = {spec.title: spec for spec in OVERVIEW}
_BY_METRIC = {spec.metrics[0]: spec for spec in OVERVIEW if len(spec.metrics) == 1}
_SPANS = {"ep100": 0.1, "mmer": 0.1, "eval_return": 0.1, "entropy": 0.05}
RELATIVE_SPAN = 0.02  # of the largest value: what changes by less looks nearly constant
LINE_SYMBOL = "━"  # as a line looks in a legend, where it is made of dots


def spec_of(name: str) -> ChartSpec:
    """The overview's chart of this title, or the chart of the metric of this name."""
    if name in _BY_TITLE:
        return _BY_TITLE[name]
    if name in _BY_METRIC:
        return replace(_BY_METRIC[name], title=name)
    return ChartSpec(name, (name,), 0.1 if name.startswith("rho_") else _SPANS.get(name, 0.0))


def span_of(spec: ChartSpec, columns: Iterable[Column]) -> float:
    """The least length of the y axis, above 0."""
    if spec.min_span:
        return spec.min_span
    largest = max(
        (float(np.nanmax(np.abs(column.mean))) for column in columns if np.isfinite(column.mean).any()), default=0.0
    )
    return RELATIVE_SPAN * largest or 1.0


class LineChart(TitledChart):
    """One chart; which metrics it shows can be changed. `chosen` marks it among others."""

    spec: reactive[ChartSpec] = reactive(OVERVIEW[0], repaint=False)
    chosen: reactive[bool] = reactive(False, repaint=False)

    def __init__(self, spec: ChartSpec, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(LineChart.spec, spec)

    watch_spec = watch_chosen = TitledChart.show_at_once

    def depends_on(self, run_view: RunView) -> Hashable:
        """Events too."""
        return super().depends_on(run_view), run_view.events_seen

    def chart(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The curves, their levels, and events on the axis."""
        palette, view, curves = self.palette, self.view, self._curves(run_view)
        x, levels, marks = run_view.series.column(view.x_axis), self._levels(run_view), list(self._marks(run_view))
        span, frame, raw = span_of(self.spec, (curve.column for curve in curves)), palette.frame, palette.band
        self.drawn = draw(
            x, curves, levels, width, height, frame=frame, min_span=span, view=view, marks=marks, raw_color=raw
        )
        return self.drawn.lines

    def title(self, run_view: RunView, width: int) -> Text:
        """Its name, the values, and what is to be known of the chart."""
        palette, view, readouts = self.palette, self.view, self._read(run_view.series)
        # At a cursor the value is another one, of which nothing is said.
        heads = [head_of(name, run_view) if view.cursor is None else Head("", "") for name in self.spec.metrics]
        values = [
            self._forms(readout, curve, place, width, head.icon(palette))
            for place, (readout, curve, head) in enumerate(zip(readouts, self._curves(run_view), heads, strict=True))
        ]
        # The last form of a value of another place leaves it out: it comes when the others cannot get shorter either.
        longest = max(map(len, values))
        for forms, readout in zip(values, readouts, strict=True):
            if readout is not None and readout.away:
                forms[-1:-1] = [forms[-2]] * (longest - len(forms))
        values += [[Text(note, style=palette.warn)] for note in self.drawn.notes]  # they stay when values get shorter
        extras = []
        if view.cursor is not None and readouts[0] is not None:
            extras.append(Text(at_words(readouts[0].x, view.x_axis, width), style=palette.dim))
        wrong, other = ([head for head in heads if head.hint and head.serious is serious] for serious in (True, False))
        extras += [Text(head.hint, style=palette.of_status(head.status)) for head in wrong]
        dots = GLYPHS[view.symbols].level
        levels = self._levels(run_view)
        extras += [Text(f"{dots}{level.label}", style=level.color) for level in levels if level.label]
        extras += [Text(head.hint, style=palette.dim) for head in other]
        return chart_title(palette, self.spec.title, values, extras, width, chosen=self.chosen)

    def readouts(self) -> list[Readout]:
        """One for each metric that has a value yet, or a row at the cursor."""
        if self.run_view is None:
            return []
        return [readout for readout in self._read(self.run_view.series) if readout is not None]

    def _read(self, series: SeriesView) -> list[Readout | None]:
        x, view = series.column(self.view.x_axis), self.view
        return [read(name, x, series.column(name), view.cursor, view.smoothing) for name in self.spec.metrics]

    def _forms(self, readout: Readout | None, curve: Curve, place: int, width: int, icon: Text) -> list[Text]:
        """A curve's value in its forms, the longest first, each with the `icon` of its status."""
        spec, style = self.spec, f"bold {self.palette.text}"
        words = newest_words(readout) if self.view.cursor is None else cursor_words(readout, width)
        if not spec.labels:
            return [Text.assemble((form, style), icon) for form in words]
        glyphs = GLYPHS[self.view.symbols]
        line = LINE_SYMBOL if len(glyphs.codes) else glyphs.lines[place % len(glyphs.lines)]
        symbol = glyphs.point if curve.column.sparse else line
        label = f"{symbol}{spec.labels[place]} "
        # A value of another place gives up its label before it goes.
        labelled = words[:-1] if readout is not None and readout.away else words
        forms = [*((label, form) for form in labelled), *((symbol, form) for form in words[-2:])]
        return [Text.assemble((before, curve.color), (form, style), icon) for before, form in forms]

    def _curves(self, run_view: RunView) -> list[Curve]:
        colors = (self.palette.line, self.palette.second)
        column = run_view.series.column
        return [Curve(column(name), color) for name, color in zip(self.spec.metrics, colors, strict=False)]

    def _levels(self, run_view: RunView) -> list[Level]:
        return self.spec.levels(run_view, self.palette) if self.spec.levels else []

    def _marks(self, run_view: RunView) -> Iterator[Mark]:
        for x, kind in placed_events(run_view, self.view.x_axis):
            marker = kind.ascii if self.view.symbols == "ascii" else kind.marker
            yield Mark(x, marker, self.palette.of_severity(kind.severity), SEVERITIES.index(kind.severity))
