"""A list of runs, one a line: state, progress, environment, seed, return, verdict and age."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from gwt_ib.text import ABSENT, count, number, plain, shortened
from gwt_ib_tui.charts.palette import Palette, palette_of
from gwt_ib_tui.state.compare.run_summaries import RunSummaries, RunSummary
from gwt_ib_tui.widgets.status_bar import progress_bar, state_chip
from gwt_ib_tui.widgets.verdict import STATUS_ICONS

BAR_FROM, LONG_BAR_FROM = 70, 100  # widths of the list from which there is room for the bar
_AGES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


class RunRows(Widget, can_focus=False):
    """The runs that match the filter; the chosen one is always in sight, and told in full below."""

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
        """Title, names of the columns, runs, and the chosen one in full."""
        width, height = self.content_size
        palette = palette_of(self.app.current_theme)
        runs, chosen = self.runs, self.run
        lines = [self._title(palette, len(runs)), _head(palette, width)]
        if chosen is None:
            lines.append(Text(" no run here" if not self.words else f" no run has {self.words!r}", style=palette.dim))
        else:
            first = first_in_sight(runs.index(chosen), len(runs), self.rows_shown)
            for run in runs[first : first + self.rows_shown]:
                line = run_line(run, self.summaries.now, width, palette, marked=run.name in self.marked)
                if run is chosen:
                    line = Text("›", style=f"bold {palette.line}", end="").append_text(line[1:])
                    line.stylize("bold")
                lines.append(line)
            lines += [Text("")] * (height - 2 - len(lines))
            lines += _in_full(chosen, palette, width)
        for line in lines:
            line.truncate(width)
        return Text("\n", no_wrap=True, end="").join(lines[:height])

    def _title(self, palette: Palette, shown: int) -> Text:
        line = Text("▍", style=palette.line, no_wrap=True, end="")
        line.append("runs", style=f"bold {palette.text}")
        every = len(self.summaries.runs)
        line.append(f"  {count(shown)} of {count(every)}" if self.words else f"  {count(every)}", style=palette.dim)
        if self.words:
            line.append(f"  /{plain(self.words, 60)}", style=palette.target)
        if self.marked:
            line.append(f"  {len(self.marked)} marked: c compares them", style=palette.target)
        return line


def run_line(run: RunSummary, now: float, width: int, palette: Palette, *, marked: bool) -> Text:
    """One run in one line; its first cell is left free."""
    line = Text(" ", no_wrap=True, end="")
    line.append("✓" if marked else " ", style=f"bold {palette.target}")
    chip = state_chip(run.state, palette)
    chip.pad_right(12 - chip.cell_len)
    line.append_text(chip)
    share = run.progress
    if width >= BAR_FROM:
        line.append_text(progress_bar(share or 0.0, 16 if width >= LONG_BAR_FROM else 6, palette)).append(" ")
    line.append(f"{ABSENT if share is None else format(share, '.0%'):>4}  ", style=palette.text)
    right = Text(no_wrap=True, end="")
    right.append(f" {'s' + plain(ABSENT if run.info.seed is None else run.info.seed, 6):<6}", style=palette.dim)
    right.append(f"{number(run.ep100):>8} ", style=f"bold {palette.text}")
    right.append(f" {verdict_words(run.verdict):<6} ", style=palette.of_status(run.verdict))
    right.append(f"{age(None if run.info.created is None else now - run.info.created):>6}", style=palette.dim)
    room = max(width - line.cell_len - right.cell_len - 1, 4)
    env = plain(run.info.env_id or run.name, 200).removeprefix("popgym-")
    line.append(f"{shortened(env, room):<{room}}", style=palette.text)
    return line.append_text(right)


def verdict_words(verdict: str) -> str:
    """The verdict as a sign and a word."""
    return f"{STATUS_ICONS.get(verdict, '?')} {plain(verdict, 4).upper()}"


def age(seconds: float | None) -> str:
    """How long ago, in its largest unit: `3 min`, `2 h`, `5 d`."""
    if seconds is None:
        return ABSENT
    for unit, name in _AGES:
        if seconds >= unit:
            return f"{seconds // unit:,.0f} {name}" if seconds < 1e4 * unit else ABSENT
    return "now"


def first_in_sight(chosen: int, total: int, rows: int) -> int:
    """The first of `rows` lines on show, so that the chosen one is in their middle where there are more."""
    return min(max(chosen - rows // 2, 0), max(total - rows, 0))


def _head(palette: Palette, width: int) -> Text:
    bar = (17 if width >= LONG_BAR_FROM else 7) if width >= BAR_FROM else 0
    left = f"  {'state':<{12 + bar}}{'done':>4}  {'environment' if bar else 'env'}"
    right = f" {'seed':<6}{'ep100':>8}  {'gate':<6} {'age':>6}"
    return Text(
        left + " " * max(width - len(left) - len(right) - 1, 1) + right, style=palette.dim, no_wrap=True, end=""
    )


def _in_full(run: RunSummary, palette: Palette, width: int) -> Sequence[Text]:
    steps = f"{count(run.env_steps)}/{count(run.info.total_timesteps)} env steps"
    name = Text(" " + shortened(plain(run.name, 300), width - 2), style=f"bold {palette.text}", no_wrap=True, end="")
    if run.info.message:
        return name, Text(f" {plain(run.info.message)}", style=palette.bad, no_wrap=True, end="")
    return name, Text(f" {steps}", style=palette.dim, no_wrap=True, end="")
