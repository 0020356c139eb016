"""The runs of a comparison, one a line, and the chosen one told in full."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from rich.text import Text
from textual.reactive import reactive

from gwt_ib.text import ABSENT, count, cut_at_end, number, plain, shortened
from gwt_ib_tui.charts.compared import group_sign, run_color
from gwt_ib_tui.state.compare.comparison import Comparison, newest_of
from gwt_ib_tui.state.compare.run_set import RunEntry
from gwt_ib_tui.state.compare.settings import fitting_settings, setting_words, short_env_ids
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.compared_chart import choices_of
from gwt_ib_tui.widgets.panel import Panel, title_line, wrapped
from gwt_ib_tui.widgets.run_rows import first_in_sight, verdict_words
from gwt_ib_tui.widgets.status_bar import GLYPHS

TELL_FROM = 10  # a table this tall keeps room to tell the chosen run in full below the lines
FEW = 4  # so many runs leave a small window's table free lines
SHORTEST_NAME = 20
NAME_FROM = 100  # a table this wide has room for names beside what differs


class RunTable(Panel):
    """Sign, state, progress, newest value, difference from the baseline, seed, verdict, what differs."""

    comparison: reactive[Comparison] = reactive(Comparison(), repaint=False)

    def depends_on(self, run_view: RunView) -> Hashable:
        """Anything new of any run, what the user chose, and whether there is a replay."""
        return choices_of(self.comparison), self.comparison.runs.version, run_view.replay is not None

    def watch_comparison(self) -> None:
        """Seen at once."""
        self.set_class(len(self.comparison.runs.entries) <= FEW, "-few")
        self._redraw()

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title, the names of the columns, the runs, and below them the chosen one."""
        comparison, palette = self.comparison, self.palette
        entries, chosen = comparison.runs.entries, comparison.chosen_run
        if chosen is None:
            return [title_line(palette, "runs", "reading")]
        kept = 3 if height >= TELL_FROM else 0
        in_full = self._in_full(chosen, width, max(height - 2 - len(entries), kept))
        rows = max(height - 2 - len(in_full), 1)
        first = first_in_sight(entries.index(chosen), len(entries), rows)
        lines = [self._title(run_view, width), self._head(width)]
        lines += [self._row(entry, width) for entry in entries[first : first + rows]]
        lines += [Text("")] * (height - len(lines) - len(in_full))
        return lines + in_full

    def _title(self, run_view: RunView, width: int) -> Text:
        comparison, palette = self.comparison, self.palette
        baseline = comparison.baseline_run
        parts: list[Text | str] = [count(len(comparison.runs.entries))]
        if run_view.replay is not None:
            words = "whole runs, not the replay's moment" if width >= NAME_FROM else "whole runs"
            parts.append(Text(words, style=palette.target, end=""))
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
        line += f"{'differs in':<{self._differs_width(width - len(line))}} run" if width >= NAME_FROM else "differs in"
        return Text(line, style=self.palette.dim, no_wrap=True, end="")

    def _row(self, entry: RunEntry, width: int) -> Text:
        comparison, palette, run_view = self.comparison, self.palette, entry.run_view
        chosen, based = entry is comparison.chosen_run, entry is comparison.baseline_run
        line = Text(no_wrap=True, end="")
        line.append("›" if chosen else " ", style=f"bold {palette.line}")
        line.append(f"━{entry.sign} ", style=f"bold {run_color(entry, palette)}")
        line.append("=" if based else " ", style=palette.target)
        state = plain(run_view.state, 8)
        if run_view.loading is not None:
            state = f"read {run_view.loading:.0%}"
        line.append(f"{GLYPHS.get(run_view.state, '○')} {state:<9}", style=palette.text)
        share = run_view.progress
        line.append(f"{ABSENT if share is None else format(share, '.0%'):>4} ", style=palette.dim)
        line.append(f"{number(newest_of(entry, comparison.metric)):>9} ", style=f"bold {palette.text}")
        line.append(f"{self._delta(entry, based=based):>9}  ", style=palette.target if based else palette.text)
        seed = ABSENT if entry.seed is None else f"s{entry.seed}"
        line.append(f"{shortened(seed, 6):<6} ", style=palette.dim)
        line.append(f"{verdict_words(entry.verdict):<6}  ", style=palette.of_status(entry.verdict))
        room = width - line.cell_len
        if width >= NAME_FROM:
            room = self._differs_width(room)
            line.append(f"{self._differs(entry, room):<{room}} ", style=palette.text)
            line.append(shortened(plain(entry.name, 300), max(width - line.cell_len, 1)), style=palette.dim)
        else:
            line.append(self._differs(entry, max(room, 1)), style=palette.text)
        if chosen:
            line.stylize("bold")
        return line

    def _differs_width(self, room: int) -> int:
        """The cells that the longest difference takes of the `room` which it shares with the name."""
        most = max(room - SHORTEST_NAME - 1, 1)
        longest = max(len(self._differs(entry, most)) for entry in self.comparison.runs.entries)
        return min(max(longest, len("differs in")), most)

    def _differs(self, entry: RunEntry, width: int) -> str:
        """In which settings a run differs from others, but for the seed, as far as there is room."""
        env_ids = short_env_ids(other.env_id for other in self.comparison.runs.entries)
        env = env_ids[entry.env_id] if len(env_ids) > 1 else ""
        return fitting_settings(entry.differs, width, env) or cut_at_end("nothing else", width)

    def _delta(self, entry: RunEntry, *, based: bool) -> str:
        if based:
            return "baseline"
        found = self.comparison.difference(entry)
        if found is None:
            return ABSENT
        return ("+" if found.delta > 0 else "") + number(found.delta)

    def _in_full(self, entry: RunEntry, width: int, room: int) -> list[Text]:
        """Its name, the comparison in a sentence, and all that it differs in; with little room the last of these only."""
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
        told = [name, Text(f"   {words}", style=palette.dim, no_wrap=True, end="")]
        settings = self._all_settings([pair for pair in entry.differs if pair[0] != "env_id"], entry.sign, width)
        if room < len(told) + min(len(settings), 1) and entry.differs:
            told, settings = [], self._all_settings(entry.differs, entry.sign, width)
        if len(told) + len(settings) > room:
            settings = settings[: max(room - len(told), 0)]
            if settings:
                settings[-1] = Text(
                    cut_at_end(settings[-1].plain + " …", width), style=palette.text, no_wrap=True, end=""
                )
        return (told + settings)[: max(room, 0)]

    def _all_settings(self, values: Sequence[tuple[str, Any]], sign: str, width: int) -> list[Text]:
        """Settings in which a run differs from others, in lines; none where there are none."""
        if not values:
            return []
        words = Text(f"{sign} differs in {setting_words(values)}", style=self.palette.text, end="")
        return [Text("   ", no_wrap=True, end="").append_text(line) for line in wrapped(words, width - 5)]
