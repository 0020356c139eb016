"""A chart of one or more metrics over the run, under a title with their newest values or those at the cursor."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text
from textual.reactive import reactive

from gwt_ib.runs.events import SEVERITIES
from gwt_ib_tui.charts.glyphs import GLYPHS
from gwt_ib_tui.charts.lines import Curve, Mark, draw
from gwt_ib_tui.state.history.series import SeriesView
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.state.run.timeline import placed_events
from gwt_ib_tui.widgets.chart_panel import TitledChart, chart_title
from gwt_ib_tui.widgets.chart_spec import OVERVIEW, ChartSpec, span_of
from gwt_ib_tui.widgets.readings import Readout, at_words, cursor_words, newest_words, read

LINE_SYMBOL = "━"  # as a line looks in a legend, where it is made of dots


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

    def looks(self) -> Hashable:
        """The metrics too."""
        return super().looks(), self.spec

    def chart(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The curves, their levels, and events on the axis."""
        palette, spec, series, view = self.palette, self.spec, run_view.series, self.view
        curves = self._curves(run_view)
        self.drawn = draw(
            series.column(view.x_axis),
            curves,
            spec.levels(run_view, palette),
            width,
            height,
            frame=palette.frame,
            min_span=span_of(spec, (curve.column for curve in curves)),
            view=view,
            marks=self._marks(run_view),
            raw_color=palette.band,
        )
        return self.drawn.lines

    def title(self, run_view: RunView, width: int) -> Text:
        """Its name, the values, and what is to be known of the chart."""
        palette, spec, series, view = self.palette, self.spec, run_view.series, self.view
        readouts = self._read(series)
        values = [
            self._forms(readout, curve, place, width)
            for place, (readout, curve) in enumerate(zip(readouts, self._curves(run_view), strict=True))
        ]
        # The last form of a value of another place leaves it out: it comes when the others cannot get shorter either.
        longest = max(map(len, values))
        for forms, readout in zip(values, readouts, strict=True):
            if readout is not None and readout.away:
                forms[-1:-1] = [forms[-2]] * (longest - len(forms))
        extras = [Text(note, style=palette.warn) for note in self.drawn.notes]
        if view.cursor is not None and readouts[0] is not None:
            extras.append(Text(at_words(readouts[0].x, view.x_axis, width), style=palette.dim))
        dots = GLYPHS[view.symbols].level
        extras += [
            Text(f"{dots}{level.label}", style=level.color) for level in spec.levels(run_view, palette) if level.label
        ]
        return chart_title(palette, spec.title, values, extras, width, chosen=self.chosen)

    def readouts(self) -> list[Readout]:
        """One for each metric that has a value yet, or a row at the cursor."""
        if self.run_view is None:
            return []
        return [readout for readout in self._read(self.run_view.series) if readout is not None]

    def _read(self, series: SeriesView) -> list[Readout | None]:
        x, view = series.column(self.view.x_axis), self.view
        return [read(name, x, series.column(name), view.cursor, view.smoothing) for name in self.spec.metrics]

    def _forms(self, readout: Readout | None, curve: Curve, place: int, width: int) -> list[Text]:
        """A curve's value in its forms, the longest first."""
        spec, style = self.spec, f"bold {self.palette.text}"
        words = newest_words(readout) if self.view.cursor is None else cursor_words(readout, width)
        if not spec.labels:
            return [Text(form, style=style, end="") for form in words]
        glyphs = GLYPHS[self.view.symbols]
        line = LINE_SYMBOL if len(glyphs.codes) else glyphs.lines[place % len(glyphs.lines)]
        symbol = glyphs.point if curve.column.sparse else line
        label = f"{symbol}{spec.labels[place]} "
        # A value of another place gives up its label before it goes.
        labelled = words[:-1] if readout is not None and readout.away else words
        return [
            Text.assemble((before, curve.color), (form, style), end="")
            for before, form in [*((label, form) for form in labelled), *((symbol, form) for form in words[-2:])]
        ]

    def _curves(self, run_view: RunView) -> list[Curve]:
        colors = (self.palette.line, self.palette.second)
        return [
            Curve(run_view.series.column(name), color) for name, color in zip(self.spec.metrics, colors, strict=False)
        ]

    def _marks(self, run_view: RunView) -> list[Mark]:
        palette, view = self.palette, self.view
        return [
            Mark(
                x,
                kind.ascii if view.symbols == "ascii" else kind.marker,
                palette.of_severity(kind.severity),
                SEVERITIES.index(kind.severity),
            )
            for x, kind in placed_events(run_view, view.x_axis)
        ]
