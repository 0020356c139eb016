"""The line of keys at the bottom. Textual's own is a widget a key, which makes turning to another screen slow."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from rich.text import Text
from textual import events
from textual.screen import Screen
from textual.widget import Widget

from gwt_ib_tui.charts.palette import palette_of


@dataclass(frozen=True)
class Key:
    """One action of the bar; those of one `group` stand together, under its name instead of their titles."""

    key: str
    shown: str
    title: str
    tooltip: str
    enabled: bool
    group: str


class KeyBar(Widget, can_focus=False):
    """The keys that work now, each with its title; a click presses one."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "KeyBar { dock: bottom; height: 1; text-wrap: nowrap; text-overflow: clip; }"

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[Key] = []
        self._places: list[tuple[int, Key]] = []

    def on_mount(self) -> None:
        """Follow what is possible on this screen."""
        self.screen.bindings_updated_signal.subscribe(self, self._take)

    def render(self) -> Text:
        """One line; what does not fit is cut."""
        palette = palette_of(self.app.current_theme)
        line = Text(no_wrap=True, overflow="crop", end="")
        self._places = []
        for group, members in groupby(self._keys, lambda key: key.group):
            keys = list(members)
            together = bool(group) and len(keys) > 1
            if together:
                line.append(" ")
            for key in keys:
                line.append(
                    key.shown if together else f" {key.shown}", f"{'bold' if key.enabled else 'dim'} {palette.target}"
                )
                if not together:
                    line.append(f" {key.title} ", palette.text if key.enabled else palette.dim)
                self._places.append((line.cell_len, key))
            if together:
                line.append(f" {group} ", palette.text)
        return line

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Press the key under the mouse."""
        key = self._at(event.x)
        if key is not None and key.enabled:
            self.app.simulate_key(key.key)
        elif key is not None:
            self.app.bell()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Say more of the key under the mouse."""
        key = self._at(event.x)
        self.tooltip = None if key is None else key.tooltip

    def _at(self, x: int) -> Key | None:
        return next((key for end, key in self._places if x < end), None)

    def _take(self, screen: Screen[object]) -> None:
        found: dict[str, Key] = {}
        for _, binding, enabled, tooltip in screen.active_bindings.values():
            if binding.show and binding.action not in found:
                group = binding.group.description if binding.group else ""
                shown = self.app.get_key_display(binding)
                words = tooltip or binding.description
                found[binding.action] = Key(binding.key, shown, binding.description, words, enabled, group)
        keys = list(found.values())
        if keys != self._keys:
            self._keys = keys
            self.refresh()
