"""The dialogs: how to leave, whether a run is deleted, and which live setting shall have which value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from gwt_ib.config import Config, live_settings, range_words
from gwt_ib.config_sources import change_live
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.lenient import real
from gwt_ib.runs.delete import Loss
from gwt_ib.runs.jsonl import Record
from gwt_ib.text import count, plain
from gwt_ib_tui.charts.palette import Palette, palette_of
from gwt_ib_tui.keys.keymap import Keyed
from gwt_ib_tui.screens.run_screen import LeastSize
from gwt_ib_tui.state.run.run_view import RunView

FIELDS = live_settings()
RENEW_S = 1.0
UNREADABLE = "The run's configuration cannot be read."


class LeaveDialog(Keyed, ModalScreen[str]):
    """Asks `QUESTION` and answers with the name of an action of its scope: `detach`, `stop` or `cancel`."""

    QUESTION: ClassVar[str]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def compose(self) -> ComposeResult:
        """A button for each action of the table; the first has the focus."""
        actions = self.keymap.of(*self.SCOPES)
        with Vertical(id="dialog"):
            yield Static(self.QUESTION, id="question")
            if words := self.details():
                yield Static(words, id="details", markup=False)
            for action in actions:
                yield Static(f"{action.title:<7} {action.description}", classes="choice", markup=False)
            with Horizontal(id="buttons"):
                for action in actions:
                    yield Button(f"{action.title} ({action.keys[0]})", id=action.name)

    def details(self) -> str:
        """What has to be known for the answer."""
        return ""

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button is its action."""
        self.dismiss(event.button.id)


class QuitDialog(LeaveDialog):
    """How a run's dashboard is left."""

    SCOPES = ("quit",)
    QUESTION = "Leave the dashboard?"


class SweepQuitDialog(LeaveDialog):
    """How a sweep that runs is left."""

    SCOPES = ("sweep_quit",)
    QUESTION = "Leave the sweep?"


class DeleteDialog(LeaveDialog):
    """Whether a run is deleted; names it, and what is lost with it."""

    SCOPES = ("delete",)
    QUESTION = "Delete this run for good?"

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self._loss = loss

    def details(self) -> str:
        """The run and what is lost."""
        return self._loss.words


@dataclass(frozen=True)
class LiveSetting:
    """A setting that may be changed while a run trains. `in_use` is another value that the newest update learnt with."""

    name: str
    value: float
    in_use: float | None
    unit: str
    limits: str
    meaning: str


@dataclass(frozen=True)
class Change:
    """A change that is possible."""

    field: str
    old: float
    value: float

    @property
    def words(self) -> str:
        """`lr 0.001 -> 0.0005`."""
        return f"{self.field} {self.old} -> {self.value}"


class SettingDialog(LeastSize, ModalScreen[Change | None]):
    """Answers with a change that is possible, or with none. `newest` gives the state of the run at any moment."""

    SCOPES = ("setting",)
    TOO_SMALL = "changing a setting needs {least}. esc: back"

    chosen: reactive[int] = reactive(0, init=False)

    def __init__(self, newest: Callable[[], RunView | None]) -> None:
        super().__init__()
        self._newest = newest
        self._typed: dict[int, str] = {}

    def compose(self) -> ComposeResult:
        """The list, what the chosen one means, the value, and what is wrong with it."""
        yield Static(classes="too-small")
        with Vertical(id="setting"):
            yield Static("Change a setting while the run trains", id="setting-title")
            yield Static(id="setting-list")
            yield Static(id="setting-meaning")
            yield Input(placeholder="new value", max_length=40, id="setting-value", compact=True, select_on_focus=False)
            yield Static(id="setting-problem")
            yield Static(id="setting-hint")

    def on_mount(self) -> None:
        """Show the run's settings, and keep them right while the dialog is open."""
        actions = self.keymap.of(*self.SCOPES)
        hint = "   ".join(f"{action.keys_shown} {action.title.lower()}" for action in actions)
        self.query_one("#setting-hint", Static).update(Text(hint, style=palette_of(self.app.current_theme).dim))
        self._show()
        self.set_interval(RENEW_S, self._show)

    def watch_chosen(self, old: int, new: int) -> None:
        """Another field, and what was typed for it: a value for the one before is not meant for this one."""
        line = self.query_one(Input)
        self._typed[old] = line.value
        line.value = self._typed.get(new, "")
        line.cursor_position = len(line.value)
        self._say("")
        self._show()

    def resized(self, tiny: bool) -> None:
        """Nothing is typed where nothing is seen."""
        self.set_focus(None if tiny else self.query_one(Input))

    def on_input_changed(self) -> None:
        """A sentence about a value that is not there any more would be wrong."""
        self._say("")

    def on_input_submitted(self) -> None:
        """The line of text takes the enter key before the screen does."""
        self.action_send()

    def action_choose_setting(self, by: int) -> None:
        """Choose the setting some places below, or above."""
        self.chosen = (self.chosen + by) % len(FIELDS)

    def action_send(self) -> None:
        """Answer with the change; where it is none, say why and stay."""
        run_view = self._newest()
        try:
            if run_view is None or run_view.config is None:
                raise UserError(UNREADABLE, ExitCode.BAD_CONFIGURATION)
            self.dismiss(change_of(run_view.config, FIELDS[self.chosen], self.query_one(Input).value))
        except UserError as error:
            self._say(error.message)

    def _say(self, words: str) -> None:
        palette = palette_of(self.app.current_theme)
        self.query_one("#setting-problem", Static).update(Text(plain(words), style=f"bold {palette.bad}"))

    def _show(self) -> None:
        run_view = self._newest()
        if run_view is None or run_view.config is None:
            self._say(UNREADABLE)
            return
        palette = palette_of(self.app.current_theme)
        settings = settings_of(run_view.config, run_view.row)
        setting, update = settings[self.chosen], count(run_view.metric("update"))
        words = f"{setting.meaning[:1].upper()}{setting.meaning[1:]}."
        if setting.in_use is not None:
            words += f" Update {update} learnt with {setting.in_use:.6g}."
        self.query_one("#setting-list", Static).update(settings_table(settings, self.chosen, palette))
        self.query_one("#setting-meaning", Static).update(Text(words, style=palette.dim))


def settings_table(settings: list[LiveSetting], chosen: int, palette: Palette) -> Table:
    """Name, value, unit and range of each; the chosen one has a mark and not only another colour."""
    table = Table.grid(padding=(0, 2))
    for place, setting in enumerate(settings):
        style = f"bold {palette.target}" if place == chosen else palette.text
        mark = "▸" if place == chosen else " "
        unit = f"[{setting.unit}]" if setting.unit else ""
        cells = (f"{mark} {setting.name}", f"{setting.value}", unit, setting.limits)
        table.add_row(*(Text(cell, style=style) for cell in cells))
    return table


def settings_of(config: Config, row: Record) -> list[LiveSetting]:
    """Every live setting of a run, in the order of the configuration; `row` is its newest row of metrics."""
    settings = []
    for name in FIELDS:
        field, value, in_use = Config.model_fields[name], getattr(config, name), real(row.get(name))
        extra: Any = field.json_schema_extra
        in_use = None if in_use == value else in_use
        settings.append(LiveSetting(name, value, in_use, extra["unit"], range_words(field), field.description or ""))
    return settings


def change_of(config: Config, field: str, typed: str) -> Change:
    """What was typed for a field, as a change of the configuration. Raises `UserError` with a sentence if it is none."""
    typed = typed.strip()
    if not typed:
        raise UserError(f"Type a new value for {field}.", ExitCode.BAD_CONFIGURATION)
    old, new = getattr(config, field), getattr(change_live(config, field, _read(typed)), field)
    if new == old:
        raise UserError(f"{field} is {old} already.", ExitCode.BAD_CONFIGURATION)
    return Change(field, old, new)


def _read(typed: str) -> float | str:
    """A number, or the text as it is: the configuration has the sentence for what is no number."""
    try:
        return float(typed)
    except ValueError:
        return typed
