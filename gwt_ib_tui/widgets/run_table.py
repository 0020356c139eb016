"""The runs of a comparison, one a line, and the chosen one told in full."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text
from textual.reactive import reactive

from gwt_ib_tui.charts.compared import group_sign, run_color
from gwt_ib_tui.state.comparison import Comparison, newest_of
from gwt_ib_tui.state.run_set import RunEntry
from gwt_ib_tui.state.settings import setting_words
from gwt_ib_tui.state.snapshot import Snapshot
from gwt_ib_tui.text import ABSENT, count, number, plain, shortened
from gwt_ib_tui.widgets.compared_chart import choices_of
from gwt_ib_tui.widgets.panel import Panel, title_line
from gwt_ib_tui.widgets.run_rows import first_in_sight, verdict_words
from gwt_ib_tui.widgets.status_bar import GLYPHS

TELL_FROM = 10  # a table this tall tells the chosen run in full below the lines
WIDEST_DIFFERS = 36
NAME_FROM = 100  # a table this wide has room for names beside what differs


class RunTable(Panel):
    """Sign, state, progress, newest value, difference from the baseline, seed, verdict, what differs."""

    comparison: reactive[Comparison] = reactive(Comparison(), repaint=False)

    def depends_on(self, snapshot: Snapshot) -> Hashable:
        """Anything new of any run, and what the user chose."""
        return choices_of(self.comparison), self.comparison.runs.version

    def watch_comparison(self) -> None:
        """Seen at once."""
        self._redraw()

    def lines(self, snapshot: Snapshot, width: int, height: int) -> list[Text]:
        """A title, the names of the columns, the runs, and below them the chosen one."""
        comparison, palette = self.comparison, self.palette
        entries, chosen = comparison.runs.entries, comparison.chosen_run
        if chosen is None:
            return [title_line(palette, "runs", "reading")]
        in_full = self._in_full(chosen, width) if height >= TELL_FROM else []
        rows = max(height - 2 - len(in_full), 1)
        first = first_in_sight(entries.index(chosen), len(entries), rows)
        lines = [self._title(width), self._head(width)]
        lines += [self._row(entry, width) for entry in entries[first : first + rows]]
        lines += [Text("")] * (height - len(lines) - len(in_full))
        return lines + in_full

    def _title(self, width: int) -> Text:
        comparison, palette = self.comparison, self.palette
        baseline = comparison.baseline_run
        parts: list[Text | str] = [count(len(comparison.runs.entries))]
        if baseline is not None:
            part = Text(f"Δ {comparison.metric} against ", style=palette.dim, end="")
            part.append(baseline.sign, style=f"bold {run_color(baseline, palette)}")
            part.append(" at equal env steps" if width >= NAME_FROM else " at equal steps")
            parts.append(part)
        if comparison.grouped:
            seeds = max(len(places) for places in comparison.runs.groups)
            parts.append("seeds as mean, least to largest" if seeds > 1 else "no two runs are seeds of one setting")
        if comparison.runs.loading:
            parts.append("reading")
        return title_line(palette, "runs", *parts)

    def _head(self, width: int) -> Text:
        metric = shortened(self.comparison.metric, 9)
        line = f"     {'state':<10} {'done':>4} {metric:>9} {'Δ':>9}  {'seed':<6} {'gate':<6}  "
        line += f"{'differs in':<{self._differs_width}} run" if width >= NAME_FROM else "differs in"
        return Text(line, style=self.palette.dim, no_wrap=True, end="")

    def _row(self, entry: RunEntry, width: int) -> Text:
        comparison, palette, snapshot = self.comparison, self.palette, entry.snapshot
        chosen, based = entry is comparison.chosen_run, entry is comparison.baseline_run
        line = Text(no_wrap=True, end="")
        line.append("›" if chosen else " ", style=f"bold {palette.line}")
        line.append(f"━{entry.sign} ", style=f"bold {run_color(entry, palette)}")
        line.append("=" if based else " ", style=palette.target)
        state = plain(snapshot.state, 8)
        if snapshot.loading is not None:
            state = f"read {snapshot.loading:.0%}"
        line.append(f"{GLYPHS.get(snapshot.state, '○')} {state:<9}", style=palette.text)
        share = snapshot.progress
        line.append(f"{ABSENT if share is None else format(share, '.0%'):>4} ", style=palette.dim)
        line.append(f"{number(newest_of(entry, comparison.metric)):>9} ", style=f"bold {palette.text}")
        line.append(f"{self._delta(entry, based=based):>9}  ", style=palette.target if based else palette.text)
        seed = ABSENT if entry.seed is None else f"s{entry.seed}"
        line.append(f"{shortened(seed, 6):<6} ", style=palette.dim)
        line.append(f"{verdict_words(entry.verdict):<6}  ", style=palette.of_status(entry.verdict))
        differs = _differs(entry)
        if width >= NAME_FROM:
            line.append(f"{shortened(differs, self._differs_width):<{self._differs_width}} ", style=palette.text)
            line.append(shortened(plain(entry.name, 300), max(width - line.cell_len, 1)), style=palette.dim)
        else:
            line.append(shortened(differs, max(width - line.cell_len, 1)), style=palette.text)
        if chosen:
            line.stylize("bold")
        return line

    @property
    def _differs_width(self) -> int:
        longest = max(len(_differs(entry)) for entry in self.comparison.runs.entries)
        return min(max(longest, len("differs in")), WIDEST_DIFFERS)

    def _delta(self, entry: RunEntry, *, based: bool) -> str:
        if based:
            return "baseline"
        found = self.comparison.difference(entry)
        if found is None:
            return ABSENT
        return ("+" if found.delta > 0 else "") + number(found.delta)

    def _in_full(self, entry: RunEntry, width: int) -> list[Text]:
        """Its name, and the comparison in a sentence."""
        comparison, palette = self.comparison, self.palette
        name = Text(f" {entry.sign} ", style=f"bold {run_color(entry, palette)}", no_wrap=True, end="")
        name.append(shortened(plain(entry.name, 300), max(width - 4, 1)), style=palette.text)
        words = plain(entry.env_id, 100)
        found, baseline = comparison.difference(entry), comparison.baseline_run
        if found is not None and baseline is not None and entry is not baseline:
            words += f" · {number(found.value)} at {count(found.x)} env steps, {baseline.sign} {number(found.baseline)}"
        group = [comparison.runs.entries[place] for place in comparison.runs.groups[entry.group]]
        if len(group) > 1:
            words += f" · seeds of one setting: {group_sign(group)}"
        return [name, Text(f"   {words}", style=palette.dim, no_wrap=True, end="")]


def _differs(entry: RunEntry) -> str:
    """In which settings a run differs from others, but for the seed."""
    return setting_words(entry.differs) or "nothing else"
