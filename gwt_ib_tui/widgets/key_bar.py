"""The line of keys at the bottom. Textual's own is a widget a key, which makes turning to another screen slow."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.screen import Screen
from textual.widget import Widget

from gwt_ib_tui.charts.palette import palette_of
from gwt_ib_tui.fallbacks import keys_in_words
from gwt_ib_tui.terminal import in_plain_screen

ALWAYS_SHOWN = frozenset(
    {"app.show_help", "app.ask_to_quit", "runs.show_help", "runs.leave", "watch.show_help", "watch.leave"}
)
FIRST_LEFT_OUT = (
    "app.change_setting",
    "app.evaluate_now",
    "app.freeze_display",
    "folder.delete_run",
    "runs.compare_marked",
    "runs.mark_run",
    "watch.seen",
    "watch.next_gate",
)


@dataclass(frozen=True)
class Key:
    """One action of the bar, by its id; those of one `group` stand together, under its name instead of their titles."""

    id: str
    key: str
    shown: str
    title: str
    tooltip: str
    enabled: bool
    group: str


Entry = tuple[tuple[Key, ...], str]
"""What stands together in the bar: keys, then words."""


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
        """One line; where there is no room for all, the last ones go, but never the ways to help and out."""
        palette, room = palette_of(self.app.current_theme), self.content_size.width
        entries: list[Entry] = []
        for group, members in groupby(self._keys, lambda key: key.group):
            keys = tuple(members)
            # Those of a group of several keys stand together.
            entries += [(keys, group)] if group and len(keys) > 1 else [((key,), key.title) for key in keys]
        # Each has three spaces; the last one needs none at its end.
        while sum(3 + cell_len("".join(_spaced(keys)) + words) for keys, words in entries) - 1 > room:
            spare = [(keys, words) for keys, words in entries if keys[0].id not in ALWAYS_SHOWN]
            if not spare:
                break
            rare = [entry for name in FIRST_LEFT_OUT for entry in spare if entry[0][0].id == name]
            entries.remove(rare[0] if rare else spare[-1])
        line = Text(no_wrap=True, overflow="crop", end="")
        self._places = []
        for keys, words in entries:
            line.append(" ")
            for key, shown in zip(keys, _spaced(keys), strict=True):
                line.append(shown, f"{'bold' if key.enabled else 'dim'} {palette.target}")
                self._places.append((line.cell_len, key))
            line.append(f" {words} ", palette.text if any(key.enabled for key in keys) else palette.dim)
            self._places[-1] = (line.cell_len, keys[-1])
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
            name, title = binding.id or binding.action, binding.description
            if binding.show and name not in found:
                group = binding.group.description if binding.group else ""
                shown = self.app.get_key_display(binding)
                shown = keys_in_words(shown) if in_plain_screen() else shown
                found[name] = Key(name, binding.key, shown, title, tooltip or title, enabled, group)
        keys = list(found.values())
        if keys != self._keys:
            self._keys = keys
            self.refresh()


def _spaced(keys: tuple[Key, ...]) -> list[str]:
    """What is shown of keys that stand together; those with names in words have a space between them."""
    return [(" " if place and len(key.shown) > 1 else "") + key.shown for place, key in enumerate(keys)]
