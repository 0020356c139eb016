"""What the applications that show a list of runs have in common: the user's keys and theme, and a thread that reads."""

from __future__ import annotations

from textual.app import App

from gwt_ib.text import plain
from gwt_ib_tui.application.run_app import without_web_font
from gwt_ib_tui.charts.palette import DEFAULT_THEME, THEMES
from gwt_ib_tui.keys.keymap import Keymap
from gwt_ib_tui.screens.list_screen import Choice, ListScreen, Place
from gwt_ib_tui.state.run.follower import Follower

BROKEN = "The reader of the runs has stopped; leave and come back."


class ListApp(App[Choice]):
    """A list. Its result is what was chosen; none when the user leaves."""

    CSS_PATH = "gwt_ib_tui.tcss"
    TITLE = "GWT-IB"

    def __init__(
        self,
        screen: ListScreen,
        follower: Follower,
        place: Place | None,
        interval: float,
        keymap: Keymap | None,
        theme: str,
    ) -> None:
        super().__init__()
        self.keymap = keymap or Keymap()
        self._default_screen = screen
        self._follower = follower
        self._place = place or Place()
        self._interval = interval
        self._said_broken = False
        for ours in THEMES:
            self.register_theme(ours)
        self.theme = theme if theme in self.available_themes else DEFAULT_THEME

    def get_default_screen(self) -> ListScreen:
        """The list, the only screen but for dialogs."""
        return self._default_screen

    def on_ready(self) -> None:
        """The list is there: go back to where it was, and show what there is from now on."""
        self._default_screen.go_to(self._place)
        self._tick()
        self._default_screen.set_interval(self._interval / 4, self._tick)

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """What is on the screen, as SVG that loads nothing from the network."""
        return without_web_font(super().export_screenshot(title=plain(title or self.title), simplify=simplify))

    def show(self) -> None:
        """Put the newest state on the screen."""
        raise NotImplementedError

    def _tick(self) -> None:
        self.show()
        if self._follower.broken and not self._said_broken:
            self._said_broken = True
            self.notify(BROKEN, severity="error")
