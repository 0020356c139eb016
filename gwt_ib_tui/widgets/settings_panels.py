"""The configuration as it is seen: a line of what matters most on Live, and all of it on a screen of its own."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.reactive import reactive

from gwt_ib.config import live_settings
from gwt_ib.text import count, cut_at_end, shortened
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.resolved import HEAD, NOT_DEFAULT, Setting, headline, matching_settings, settings_now
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.chart_panel import chart_title
from gwt_ib_tui.widgets.panel import Panel, indented, title_line
from gwt_ib_tui.widgets.table import Table, TableColumn, first_in_sight
from gwt_ib_tui.widgets.verdict import cut_at

UNREADABLE = "config.json cannot be read: the settings of this run are not known"
CHANGED = "≈"
"""Stands at what was changed while the run trained, as on the charts."""
TITLES = {"env_id": "task"}
SHORTEST_TASK = 12
GAP = 2
LIVE = live_settings()
WIDEST_VALUE, WIDEST_DEFAULT = 21, 16
WHEEL_LINES = 3
DROPPED_FIRST = ("meaning", "default")


def settings_key(run_view: RunView) -> Hashable:
    """What the settings depend on: the configuration, and values that a schedule or a warm-up moves."""
    return run_view.config, run_view.events_seen, tuple(run_view.row.get(name) for name in LIVE)


class SettingsStrip(Panel):
    """Task, cell, gate, lr and lambda_c in one line, then as many others that are not the default as there is room for."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """The settings only."""
        return settings_key(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """One line."""
        return [settings_line(headline(run_view), width, self.palette)]


def settings_line(settings: Sequence[Setting], width: int, palette: Palette) -> Text:
    """The settings side by side. In little room further ones are counted, then titles go, then the task gets shorter."""
    if not settings:
        return Text(f" {UNREADABLE}", style=palette.warn)
    first, others = settings[: len(HEAD)], settings[len(HEAD) :]
    for kept in range(len(others), -1, -1):
        left = len(others) - kept
        more = [Text(f"+{left} not default", style=palette.dim)] if left else []
        line = _joined([*(_named(setting, palette) for setting in (*first, *others[:kept])), *more])
        if line.cell_len <= width:
            return line
    for titled in (True, False):
        task, *rest = (_named(setting, palette, titled=titled or setting.live) for setting in first)
        room = width - _joined(rest).cell_len - GAP - (task.cell_len - len(first[0].value))
        line = _joined([_named(first[0], palette, max(room, SHORTEST_TASK), titled=titled), *rest])
        if line.cell_len <= width:
            break
    return line


def _joined(parts: Sequence[Text]) -> Text:
    return Text(" ").append_text(Text(" " * GAP).join(parts))


def _named(setting: Setting, palette: Palette, room: int = 40, *, titled: bool = True) -> Text:
    style = f"bold {palette.target}" if setting.changed else palette.text
    text = Text(f"{TITLES.get(setting.name, setting.name)} " if titled else "", style=palette.dim)
    text.append(shortened(setting.value, room), style=style)
    return text.append(CHANGED if setting.was else "", style=palette.target)


class SettingsPanel(Panel):
    """Every setting: first those that are not the default, then the others by group. `chosen` is the name of one."""

    chosen: reactive[str] = reactive("")
    words: reactive[str] = reactive("")
    """Only settings that have these words."""

    @dataclass
    class Chosen(Message):
        """A setting was pointed at."""

        name: str

    def depends_on(self, run_view: RunView) -> Hashable:
        """The settings only."""
        return settings_key(run_view)

    @property
    def found(self) -> tuple[Setting, ...]:
        """The settings that the words find, as they are listed."""
        return () if self.run_view is None else matching_settings(settings_now(self.run_view), self.words)

    def moved(self, by: int) -> str:
        """The name of the setting so many rows below the chosen one, no further than the last."""
        found = self.found
        if not found:
            return self.chosen
        return found[min(max(place_of(found, self.chosen) + by, 0), len(found) - 1)].name

    @property
    def rows_shown(self) -> int:
        """How many lines the list has."""
        return max(self.content_size.height - 2, 1)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title, then the part of the list about the chosen setting."""
        palette, every, found = self.palette, settings_now(run_view), self.found
        if not every:
            return [title_line(palette, "settings"), Text(f" {UNREADABLE}", style=palette.warn)]
        changed = sum(setting.changed for setting in every)
        words = [f"{changed} of {len(every)} not the default"]
        if self.words:
            words = [f"{len(found)} of {len(every)} with /{self.words}"]
        words.append(f"live: may be changed while it trains · {CHANGED} was changed")
        title = title_line(palette, "settings", *words)
        if title.cell_len > width:
            title = title_line(palette, "settings", words[0])
        if not found:
            return [title, Text(" no setting has these words", style=palette.dim)]
        table = settings_table(found, self.chosen, width, palette)
        entries = with_groups(found)
        chosen = entries.index(found[place_of(found, self.chosen)])
        first = first_in_sight(chosen, len(entries), height - 2)
        return [title, table.header(), *_listed(entries[first : first + height - 2], table, palette)]

    def on_click(self, event: Click) -> None:
        """Choose the setting under the mouse."""
        at, found = event.get_content_offset(self), self.found
        if at is None or not found:
            return
        entries, height = with_groups(found), self.content_size.height - 2
        first = first_in_sight(entries.index(found[place_of(found, self.chosen)]), len(entries), height)
        row = first + at.y - 2
        if at.y >= 2 and row < len(entries) and isinstance(entry := entries[row], Setting):
            self.post_message(self.Chosen(entry.name))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Some rows up."""
        self.post_message(self.Chosen(self.moved(-WHEEL_LINES)))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Some rows down."""
        self.post_message(self.Chosen(self.moved(WHEEL_LINES)))


class SettingPanel(Panel):
    """The chosen setting in full."""

    chosen: reactive[str] = reactive("")

    def depends_on(self, run_view: RunView) -> Hashable:
        """The settings only."""
        return settings_key(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """Value and default, what it means, what was and may be changed."""
        palette, every = self.palette, settings_now(run_view)
        if not every:
            return []
        setting = every[place_of(every, self.chosen)]
        value = Text(setting.value or "empty", style=f"bold {palette.target if setting.changed else palette.text}")
        default = f"default {setting.default or 'empty'}" if setting.changed else "the default"
        unit = [setting.unit] if setting.unit else []
        extras = [Text(words, style=palette.dim) for words in (*unit, default, setting.group)]
        title = chart_title(palette, setting.name, [[value]], extras, width)
        meaning = f"{setting.meaning[:1].upper()}{setting.meaning[1:]}."
        said = [Text(meaning, style=palette.text)]
        if setting.was:
            until = f" until update {count(setting.since)}" if setting.since is not None else ""
            said.append(Text(f"{CHANGED} It was {setting.was}{until}.", style=palette.target))
        if setting.in_use:
            update = count(run_view.metric("update"))
            said.append(Text(f"Update {update} learnt with {setting.in_use}.", style=palette.text))
        limits = f"Range {setting.limits}. " if setting.limits else ""
        how = "Live: it may be changed while the run trains, and " if setting.live else ""
        may = f"{how}{setting.on_resume}." if how else f"{setting.on_resume[:1].upper()}{setting.on_resume[1:]}."
        said.append(Text(f"{limits}{may}", style=palette.dim))
        return cut_at([title, *(line for text in said for line in indented(text, width))], height)


def place_of(settings: Sequence[Setting], name: str) -> int:
    """Where a setting is in a list; the first where it is not in it."""
    return next((place for place, setting in enumerate(settings) if setting.name == name), 0)


def with_groups(settings: Sequence[Setting]) -> list[Setting | str]:
    """The settings with the name of each group before its first."""
    entries: list[Setting | str] = []
    heading = ""
    for setting in settings:
        group = NOT_DEFAULT if setting.changed else setting.group
        if group != heading:
            entries.append(group)
        heading = group
        entries.append(setting)
    return entries


def settings_table(settings: Sequence[Setting], chosen: str, width: int, palette: Palette) -> Table[Setting]:
    """The columns of the list; `chosen` is marked."""
    here = settings[place_of(settings, chosen)]

    def longest(words: Sequence[str], title: str, most: int) -> int:
        return min(max(map(len, [*words, title])), most)

    def name(setting: Setting, cells: int) -> Text:
        look = f"bold underline {palette.text}" if setting is here else palette.text
        return Text.assemble((setting.name, look))

    def value(setting: Setting, cells: int) -> Text:
        look = f"bold {palette.target}" if setting.changed else palette.text
        unit = f" {setting.unit}" if setting.unit else ""
        text = Text.assemble((shortened(setting.value, cells - 1), look))
        text.append(CHANGED if setting.was else "", style=palette.target)
        return text.append(unit if text.cell_len + len(unit) <= cells else "", style=f"not bold {palette.dim}")

    def default(setting: Setting, cells: int) -> tuple[str, str]:
        return shortened(setting.default or "empty", cells) if setting.changed else "", palette.dim

    def meaning(setting: Setting, cells: int) -> tuple[str, str]:
        return cut_at_end(setting.meaning, cells), palette.dim

    values = [f"{setting.value} {setting.unit}{CHANGED}" for setting in settings]
    defaults = [setting.default or "empty" for setting in settings if setting.changed]
    columns: list[TableColumn[Setting]] = [
        TableColumn("", 2, lambda setting, _: ("›" if setting is here else "", f"bold {palette.target}"), gap=0),
        TableColumn("name", longest([setting.name for setting in settings], "name", 40), name, gap=0),
        TableColumn("value", longest(values, "value", WIDEST_VALUE), value, GAP),
        TableColumn("default", longest(defaults, "default", WIDEST_DEFAULT), default, GAP),
        TableColumn("", 4, lambda setting, _: ("live" if setting.live else "", palette.good), GAP),
        TableColumn("meaning", 24, meaning, GAP, most=200),
    ]
    return Table(columns, width, palette, DROPPED_FIRST)


def _listed(entries: Sequence[Setting | str], table: Table[Setting], palette: Palette) -> list[Text]:
    lines = []
    for entry in entries:
        heading = isinstance(entry, str)
        lines.append(Text(f" {entry}", style=f"bold {palette.dim}") if heading else table.line(entry))  # type: ignore[arg-type]  # of the two it is the other
    return lines
