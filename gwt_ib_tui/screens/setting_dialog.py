"""Asked after `t`: which live setting shall have which value."""

from __future__ import annotations

from collections.abc import Callable

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from gwt_ib.config import Config, live_settings
from gwt_ib.errors import UserError
from gwt_ib.text import count, plain
from gwt_ib_tui.charts.palette import Palette, palette_of
from gwt_ib_tui.screens.run_screen import LeastSize
from gwt_ib_tui.state.run.live_settings import Change, LiveSetting, change_of, settings_of
from gwt_ib_tui.state.run.run_view import RunView

FIELDS = live_settings()
RENEW_S = 1.0


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
        config = self._config
        if config is None:
            self._say("The run's configuration cannot be read.")
            return
        try:
            change = change_of(config, FIELDS[self.chosen], self.query_one(Input).value)
        except UserError as error:
            self._say(error.message)
            return
        self.dismiss(change)

    @property
    def _config(self) -> Config | None:
        run_view = self._newest()
        return None if run_view is None else run_view.config

    def _say(self, words: str) -> None:
        palette = palette_of(self.app.current_theme)
        self.query_one("#setting-problem", Static).update(Text(plain(words), style=f"bold {palette.bad}"))

    def _show(self) -> None:
        run_view = self._newest()
        if run_view is None or run_view.config is None:
            self._say("The run's configuration cannot be read.")
            return
        palette = palette_of(self.app.current_theme)
        settings = settings_of(run_view.config, run_view.row)
        self.query_one("#setting-list", Static).update(settings_table(settings, self.chosen, palette))
        words = meaning(settings[self.chosen], run_view.metric("update"))
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


def meaning(setting: LiveSetting, update: float | None) -> str:
    """What the setting is, and what the newest update learnt with where that is another value."""
    words = setting.meaning[:1].upper() + setting.meaning[1:] + "."
    if setting.in_use is not None:
        words += f" Update {count(update)} learnt with {setting.in_use:.6g}."
    return words
