"""A list of runs, one a line: state, progress, environment, seed, return, verdict and age."""

from __future__ import annotations

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from gwt_ib.text import ABSENT, count, number, plain, shortened
from gwt_ib_tui.charts.palette import Palette, palette_of
from gwt_ib_tui.state.compare.run_summaries import RunSummaries, RunSummary
from gwt_ib_tui.widgets.panel import title_line
from gwt_ib_tui.widgets.status_bar import progress_bar, share_words, state_chip
from gwt_ib_tui.widgets.table import Table, TableColumn
from gwt_ib_tui.widgets.verdict import STATUS_ICONS

BAR_FROM, LONG_BAR_FROM = 70, 100  # widths of the list from which there is room for the bar
_AGES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


class RunRows(Widget, can_focus=False):
    """The runs that match the filter; the chosen one is always in sight, and its name and progress are below."""

    summaries: reactive[RunSummaries] = reactive(RunSummaries())
    words: reactive[str] = reactive("")
    chosen: reactive[str] = reactive("")
    marked: reactive[frozenset[str]] = reactive(frozenset())

    @property
    def runs(self) -> tuple[RunSummary, ...]:
        """The runs on the list."""
        return self.summaries.matching(self.words)

    @property
    def run(self) -> RunSummary | None:
        """The chosen run: the first where the one that was chosen is not there."""
        runs = self.runs
        return next((run for run in runs if run.name == self.chosen), runs[0] if runs else None)

    def watch_summaries(self) -> None:
        """The choice stays where it is when a run comes that is newer."""
        if not self.chosen and self.run is not None:
            self.chosen = self.run.name

    def move(self, offset: int) -> None:
        """Choose the run so many lines further down, as far as there are any."""
        runs, run = self.runs, self.run
        if run is not None:
            self.chosen = runs[min(max(runs.index(run) + offset, 0), len(runs) - 1)].name

    @property
    def rows_shown(self) -> int:
        """Lines that there are for runs."""
        return max(self.content_size.height - 4, 1)

    def render(self) -> Text:
        """Title, header, runs, and the chosen one in full."""
        width, height = self.content_size
        palette = palette_of(self.app.current_theme)
        runs, chosen = self.runs, self.run
        table = self._table(chosen, width, palette)
        lines = [self._title(palette, len(runs)), table.header()]
        if chosen is None:
            lines.append(Text(" no run here" if not self.words else f" no run has {self.words!r}", style=palette.dim))
        else:
            lines += table.around(runs, runs.index(chosen), self.rows_shown, bold=True)
            lines += [Text("")] * (height - 2 - len(lines))
            lines += _in_full(chosen, palette, width)
        for line in lines:
            line.truncate(width)
        return Text("\n", no_wrap=True, end="").join(lines[:height])

    def _title(self, palette: Palette, shown: int) -> Text:
        every = len(self.summaries.runs)
        parts: list[Text | str] = [f"{count(shown)} of {count(every)}" if self.words else count(every)]
        if self.words:
            parts.append(Text(f"/{plain(self.words, 60)}", style=palette.target))
        if self.marked:
            parts.append(Text(f"{len(self.marked)} marked: c compares them", style=palette.target))
        return title_line(palette, "runs", *parts)

    def _table(self, chosen: RunSummary | None, width: int, palette: Palette) -> Table[RunSummary]:
        bar = (17 if width >= LONG_BAR_FROM else 7) if width >= BAR_FROM else 0
        env, marked = "environment" if bar else "env", self.marked
        columns: list[TableColumn[RunSummary]] = [
            TableColumn("", 1, lambda run, _: ("›" if run is chosen else "", f"bold {palette.line}"), gap=0),
            TableColumn("", 1, lambda run, _: ("✓" if run.name in marked else "", f"bold {palette.target}"), gap=0),
            TableColumn("state", 12, lambda run, _: state_chip(run.state, palette), gap=0),
            TableColumn(
                "", bar, lambda run, cells: progress_bar(run.progress or 0.0, max(cells - 1, 0), palette), gap=0
            ),
            TableColumn("done", 4, lambda run, _: (share_words(run.progress), palette.text), gap=0, right=True),
            TableColumn(env, 4, lambda run, cells: (_env_words(run, cells), palette.text), gap=2, most=width),
            TableColumn("seed", 6, lambda run, _: (seed_words(run.info.seed), palette.dim)),
            TableColumn("ep100", 8, lambda run, _: (number(run.ep100), f"bold {palette.text}"), gap=0, right=True),
            TableColumn("gate", 6, lambda run, _: (verdict_words(run.verdict), palette.of_status(run.verdict)), gap=2),
            TableColumn("age", 6, lambda run, _: (self._age(run), palette.dim), right=True),
        ]
        return Table(columns, width - 1, palette)

    def _age(self, run: RunSummary) -> str:
        created = run.info.created
        return age(None if created is None else self.summaries.now - created)


def verdict_words(verdict: str) -> str:
    """The verdict as an icon and a word."""
    return f"{STATUS_ICONS.get(verdict, '?')} {plain(verdict, 4).upper()}"


def seed_words(seed: int | None) -> str:
    """The seed in at most 6 cells: `s1`."""
    return ABSENT if seed is None else shortened(f"s{seed}", 6)


def age(seconds: float | None) -> str:
    """How long ago, in its largest unit: `3 min`, `2 h`, `5 d`."""
    if seconds is None:
        return ABSENT
    for unit, name in _AGES:
        if seconds >= unit:
            return f"{seconds // unit:,.0f} {name}" if seconds < 1e4 * unit else ABSENT
    return "now"


def _env_words(run: RunSummary, width: int) -> str:
    return shortened(plain(run.info.env_id or run.name, 200).removeprefix("popgym-"), width)


def _in_full(run: RunSummary, palette: Palette, width: int) -> list[Text]:
    """The run's whole name, and how far it is or why it failed."""
    steps = f"{count(run.env_steps)}/{count(run.info.total_timesteps)} env steps"
    name = Text(" " + shortened(plain(run.name, 300), width - 2), style=f"bold {palette.text}", no_wrap=True, end="")
    words, style = (plain(run.info.message), palette.bad) if run.info.message else (steps, palette.dim)
    return [name, Text(f" {words}", style=style, no_wrap=True, end="")]
