"""The configuration of the run: every setting with its value now, what is not the default first, and one in full."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import reactive
from textual.widgets import Input

from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.widgets.filter_line import FilterInput, FilterLine
from gwt_ib_tui.widgets.settings_panels import SettingPanel, SettingsPanel

HOW = "all words must match: a name, a value, a group, live"


class SettingsScreen(RunScreen):
    """A list, and below it the chosen setting. Words after `/` leave only the settings that have them all."""

    PAGES = ("settings",)
    SCOPES = ("settings", "app", "replay")
    AUTO_FOCUS = ""  # the filter line has the keys only while it is open
    chosen: reactive[str] = reactive("", repaint=False)
    words: reactive[str] = reactive("", repaint=False)
    _before = ""

    def compose_panels(self) -> ComposeResult:
        """From the top down."""
        follow = (RunScreen.run_view, SettingsScreen.chosen)
        with Container(id="settings-panels"):
            yield SettingsPanel(id="settings-list").data_bind(*follow, SettingsScreen.words).add_class("card")
            yield SettingPanel(id="setting-chosen").data_bind(*follow).add_class("card")
        yield FilterLine(HOW, id="filter")

    @property
    def paged(self) -> bool:
        """It is one page, whose list scrolls."""
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There are words to drop only where there are some; else the key does what it does elsewhere."""
        if action == "filter_settings":
            return not isinstance(self.focused, FilterInput)
        if action == "show_all":
            return bool(self.words)
        return super().check_action(action, parameters)

    def action_choose_setting(self, by: int, unit: Literal["row", "page", "list"] = "row") -> None:
        """Choose the setting so many rows, pages or whole lists further down."""
        panel = self.query_one(SettingsPanel)
        self.chosen = panel.moved(by * {"row": 1, "page": panel.rows_shown, "list": len(panel.found)}[unit])

    def action_filter_settings(self) -> None:
        """Type words that the settings must have."""
        self._before = self.words
        self.add_class("-filtering")
        line = self.query_one(FilterLine)
        line.open(self.words)
        self._count()

    def action_show_all(self) -> None:
        """Every setting again."""
        self.words = ""

    def on_input_changed(self, event: Input.Changed) -> None:
        """The list follows what is typed."""
        event.stop()
        self.words = " ".join(event.value.split())
        self._count()

    def on_filter_input_ended(self, event: FilterInput.Ended) -> None:
        """The keys are the list's again; the words stay or go."""
        event.stop()
        self.query_one(FilterLine).close()
        self.remove_class("-filtering")
        if not event.kept:
            self.words = self._before

    def on_settings_panel_chosen(self, event: SettingsPanel.Chosen) -> None:
        """The mouse chooses as the keys do."""
        event.stop()
        self.chosen = event.name

    def _count(self) -> None:
        found = len(self.query_one(SettingsPanel).found)
        self.query_one(FilterLine).note(f"{found}" if found else "no match", wrong=not found)
