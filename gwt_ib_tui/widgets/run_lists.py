"""The table of a comparison: one run a line, and the chosen one in full."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from rich.text import Text
from textual.reactive import reactive

from gwt_ib.runs.settings import setting_words
from gwt_ib.text import ABSENT, count, cut_at_end, number, plain, shortened
from gwt_ib_tui.charts.compared import group_letters, run_color
from gwt_ib_tui.state.compare.comparison import Comparison, newest_of
from gwt_ib_tui.state.compare.run_set import RunEntry
from gwt_ib_tui.state.compare.settings import fitting_settings, short_env_ids
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.compared_chart import choices_of
from gwt_ib_tui.widgets.group_rows import group_lines
from gwt_ib_tui.widgets.list_rows import gate_cell, seed_cell, verdict_cell
from gwt_ib_tui.widgets.panel import Panel, indented, title_line
from gwt_ib_tui.widgets.status_bar import STARTING, STATES, share_words
from gwt_ib_tui.widgets.table import Table, TableColumn
from gwt_ib_tui.widgets.verdict import GATE_CELLS, STATUS_CELLS

IN_FULL_FROM = 10  # a comparison's table this tall keeps room below the lines for the chosen run in full
FEW = 4  # so many runs leave a small window's table free lines
MANY = 9  # and so many make it taller in a large one
SHORTEST_NAME = 20
NAME_FROM = 100  # a comparison's table this wide has room for names beside what differs


class RunTable(Panel):
    """Letter, state, progress, newest value, difference from the baseline, seed, both verdicts, what differs."""

    comparison: reactive[Comparison] = reactive(Comparison(), repaint=False)

    def depends_on(self, run_view: RunView) -> Hashable:
        """Anything new of any run, what the user chose, and whether there is a replay."""
        return choices_of(self.comparison), self.comparison.runs.version, run_view.replay is not None

    def watch_comparison(self) -> None:
        """Seen at once."""
        self.set_class(len(self.comparison.runs.entries) <= FEW, "-few")
        self.set_class(len(self.comparison.runs.entries) >= MANY, "-many")
        self._redraw()

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title, the header, the runs, and below them the chosen one."""
        entries, chosen = self.comparison.runs.entries, self.comparison.chosen_run
        if chosen is None:
            return [title_line(self.palette, "runs", "reading")]
        if self.comparison.grouped:
            return group_lines(self.comparison, width, height, self.palette, self._notes(run_view, width))
        kept = 3 if height >= IN_FULL_FROM else 0
        in_full = self._in_full(chosen, width, max(height - 2 - len(entries), kept))
        table = self._table(width)
        lines = [self._title(run_view, width), table.header()]
        lines += table.counted(entries, entries.index(chosen), max(height - 2 - len(in_full), 1), bold=True)
        lines += [Text()] * (height - len(lines) - len(in_full))
        return lines + in_full

    def _notes(self, run_view: RunView, width: int) -> list[Text | str]:
        """What the table says of itself, whatever its lines are."""
        comparison, notes = self.comparison, list[Text | str]()
        if run_view.replay is not None:
            words = "whole runs, not the replay's moment" if width >= NAME_FROM else "whole runs"
            notes.append(Text(words, style=self.palette.target))
        if comparison.grouped and max(map(len, comparison.runs.groups), default=0) < 2:
            notes.append("no two runs are seeds of one setting")
        elif comparison.grouped:
            notes.append("bands: 95 % interval" if comparison.spread == "interval" else "bands: least to largest")
        if comparison.runs.loading:
            notes.append("reading")
        return notes

    def _title(self, run_view: RunView, width: int) -> Text:
        comparison, palette, roomy = self.comparison, self.palette, width >= NAME_FROM
        parts: list[Text | str] = [count(len(comparison.runs.entries))]
        if (baseline := comparison.baseline_run) is not None:
            part = Text(f"Δ {comparison.metric} against ", style=palette.dim)
            part.append(baseline.letter, style=f"bold {run_color(baseline, palette)}")
            parts.append(part.append(" at equal env steps" if roomy else " at equal steps"))
        return title_line(palette, "runs", *parts, *self._notes(run_view, width))

    def _table(self, width: int) -> Table[RunEntry]:
        comparison, palette, text = self.comparison, self.palette, self.palette.text
        metric, based, roomy = comparison.metric, comparison.baseline_run, width >= NAME_FROM
        cells, icon = (9, 0) if roomy else (8, 2)  # with little room the verdicts are words only
        columns: list[TableColumn[RunEntry]] = [
            TableColumn("", 5, self._marks, gap=0),
            TableColumn("state", 11, lambda entry, _: (_state_words(entry.run_view), text), gap=0),
            TableColumn("done", 4, lambda entry, _: (share_words(entry.run_view.progress), palette.dim), 0, right=True),
            TableColumn(
                shortened(metric, cells),
                cells,
                lambda entry, _: (number(newest_of(entry, metric)), f"bold {text}"),
                right=True,
            ),
            TableColumn(
                "Δ",
                cells,
                lambda entry, _: (self._delta(entry), palette.target if entry is based else text),
                right=True,
            ),
            TableColumn(
                "seed", cells - 3, lambda entry, cells: seed_cell(entry.seed, palette, cells), gap=2 if roomy else 1
            ),
            TableColumn("train", STATUS_CELLS - icon, lambda entry, cells: verdict_cell(entry.verdict, palette, cells)),
            TableColumn("gate", GATE_CELLS - icon, lambda entry, cells: gate_cell(entry.gate, palette, cells)),
        ]
        differs = self._differs()
        if roomy:
            most = width - Table(columns, width, palette).width - 2 - SHORTEST_NAME - 1
            longest = max(10, *(len(differs(entry, most)) for entry in comparison.runs.entries))
            columns += [
                TableColumn("differs in", min(longest, most), lambda entry, _: (differs(entry, most), text), 2),
                TableColumn("run", 1, lambda entry, cells: (_name(entry, cells), palette.dim), most=width),
            ]
        else:
            columns.append(
                TableColumn("differs in", 1, lambda entry, cells: (differs(entry, cells), text), 2, most=width)
            )
        return Table(columns, width, palette)

    def _marks(self, entry: RunEntry, _: int) -> Text:
        """Whether it is the chosen one, its line in the charts, and whether it is the baseline."""
        comparison, palette = self.comparison, self.palette
        chosen, based = entry is comparison.chosen_run, entry is comparison.baseline_run
        return Text.assemble(
            ("›" if chosen else " ", f"bold {palette.line}"),
            (f"━{entry.letter} ", f"bold {run_color(entry, palette)}"),
            ("=" if based else " ", palette.target),
        )

    def _differs(self) -> Callable[[RunEntry, int], str]:
        """In which settings a run differs from others, but for the seed, as far as there is room."""
        env_ids = short_env_ids(other.env_id for other in self.comparison.runs.entries)

        def words(entry: RunEntry, width: int) -> str:
            env = env_ids[entry.env_id] if len(env_ids) > 1 else ""
            return fitting_settings(entry.differs, width, env) or cut_at_end("nothing else", width)

        return words

    def _delta(self, entry: RunEntry) -> str:
        if entry is self.comparison.baseline_run:
            return "baseline"
        found = self.comparison.difference(entry)
        return ABSENT if found is None else ("+" if found.delta > 0 else "") + number(found.delta)

    def _in_full(self, entry: RunEntry, width: int, room: int) -> list[Text]:
        """Its name, the comparison in a sentence, and all that it differs in; with little room the last of these only."""
        comparison, palette = self.comparison, self.palette
        name = Text(f" {entry.letter} ", style=f"bold {run_color(entry, palette)}")
        name.append(_name(entry, max(width - 4, 1)), style=palette.text)
        words = plain(entry.env_id, 100)
        found, baseline = comparison.difference(entry), comparison.baseline_run
        if found is not None and baseline is not None and entry is not baseline:
            words += f" · {number(found.value)} at {count(found.env_steps)} env steps"
            words += f", {baseline.letter} {number(found.baseline)}"
        group = [comparison.runs.entries[place] for place in comparison.runs.groups[entry.group]]
        if len(group) > 1:
            words += f" · seeds of one setting: {group_letters(group)}"
        head = [name, Text(f"   {words}", style=palette.dim)]
        settings = self._all_settings([pair for pair in entry.differs if pair[0] != "env_id"], entry.letter, width)
        if room < len(head) + min(len(settings), 1) and entry.differs:
            head, settings = [], self._all_settings(entry.differs, entry.letter, width)
        room = max(room - len(head), 0)
        if len(settings) > room > 0:
            settings[room - 1] = Text(cut_at_end(settings[room - 1].plain + " …", width), style=palette.text)
        return [*head, *settings[:room]][: room + len(head)]

    def _all_settings(self, values: Sequence[tuple[str, Any]], letter: str, width: int) -> list[Text]:
        """Settings in which a run differs from others, in lines; none where there are none."""
        if not values:
            return []
        words = Text(f"{letter} differs in {setting_words(values)}", style=self.palette.text)
        return indented(words, width - 1, 3)


def _state_words(run_view: RunView) -> str:
    words = plain(run_view.state, 8) if run_view.loading is None else f"read {run_view.loading:.0%}"
    return f"{STATES.get(run_view.state, STARTING)[0]} {words}"


def _name(entry: RunEntry, width: int) -> str:
    words = " · ".join(filter(None, (entry.label, entry.name)))
    return shortened(plain(words, 300), width)
