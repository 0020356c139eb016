"""The user's own keys: a TOML file laid over the table of actions; a mistake in it costs only that entry.

[keys.app]
snapshot = "S"
[keys.gate]
earlier = ["h", "left"]
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from textual.binding import Binding, BindingsMap, BindingType
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character

from gwt_ib.errors import nearest
from gwt_ib.machine import own_folder
from gwt_ib_tui.keys.action import ON_APP, Action, Scope, bindings
from gwt_ib_tui.keys.actions import ACTIONS

if TYPE_CHECKING:
    from textual.dom import DOMNode as Node
else:
    Node = object  # Textual takes styles from the first base that is a node, which is then the screen's own

DIALOGS = frozenset(
    {"runs", "folder", "sweep", "quit", "sweep_quit", "help", "setting", "filter", "watch", "label", "delete"}
)
LISTS = (frozenset({"runs", "sweep"}), frozenset({"runs", "folder"}))
WITH_CHARTS = frozenset({"live", "compare"})
NAMED_KEYS = frozenset(key.value for key in Keys if key.value[0] != "<") | frozenset(KEY_NAME_REPLACEMENTS.values())


@dataclass(frozen=True)
class Keymap:
    """The table of actions with the user's keys, and a sentence for each entry that could not be used."""

    actions: tuple[Action, ...] = ACTIONS
    problems: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first problem and how many more there are; empty where there is none."""
        more = len(self.problems) - 1
        return "".join(self.problems[:1]) + (f", and {more} more: gwt-ib-tui keys shows all" if more > 0 else "")

    def of(self, *scopes: Scope) -> tuple[Action, ...]:
        """The actions of some scopes, scope by scope."""
        return tuple(action for scope in scopes for action in self.actions if action.scope == scope)

    def serving(self, played: Collection[str]) -> Keymap:
        """The keys for a source with these scopes of its own; their keys are taken away from the app's other actions."""
        taken = {key for action in self.actions if action.scope in played for key in _long_keys(action)}

        def usable(action: Action) -> bool:
            if action.scope == "app":
                return not taken & _long_keys(action)
            return action.scope not in ON_APP or action.scope in played

        return replace(self, actions=tuple(filter(usable, self.actions)))


class Keyed(Node):
    """Beside `Screen`, `ModalScreen` or a widget, whose keys come from the table of actions: give `SCOPES`.

    `BINDINGS` are those that have no action in the table.
    """

    SCOPES: ClassVar[tuple[Scope, ...]]

    def __init_subclass__(cls, **options: Any) -> None:
        """Bind the keys of the table, which hold until the user's are known; Textual collects them right after this."""
        if "SCOPES" in cls.__dict__:
            own: list[BindingType] = cls.__dict__.get("BINDINGS", [])
            cls.BINDINGS = [*bindings(Keymap().of(*cls.SCOPES)), *own]
        super().__init_subclass__(**options)

    @property
    def keymap(self) -> Keymap:
        """The user's keys, which the application knows."""
        return getattr(self.app, "keymap", Keymap())

    def on_mount(self) -> None:
        """Bind the user's keys in place of those of the table. What Textual has bound here stays, behind them.

        `App.set_keymap` cannot do it: it takes a key away from every action that shares it.
        """
        ours = {action.id for action in Keymap().of(*self.SCOPES)}
        bound = [binding for found in self._bindings.key_to_bindings.values() for binding in found]
        others = [binding for binding in bound if binding.id not in ours]
        self._bindings = BindingsMap([*bindings(self.keymap.of(*self.SCOPES)), *others])


def keymap_path() -> Path | None:
    """Where the user's keys are looked for; None for a user without a home."""
    folder = own_folder("config")
    return None if folder is None else folder / "dashboard.toml"


def read_keymap(path: Path | None) -> Keymap:
    """The keys of a file; the table's own where there is none. Never raises: what is wrong becomes a sentence."""
    if path is None:
        return Keymap()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Keymap()
    except (OSError, ValueError, RecursionError) as error:
        return Keymap(problems=(f"{path.name} is not used, {_reason(error)}: {path}",))
    keys, problems = _entries(content)
    actions = tuple(replace(action, keys=keys.get(action.id, action.keys)) for action in ACTIONS)
    actions, clashes = _without_clashes(actions)
    return Keymap(actions, tuple(f"{path.name}: {problem}" for problem in (*problems, *clashes)))


def _entries(content: Mapping[str, Any]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The keys of each action that the file names, and what is wrong with its other entries."""
    known = {action.id for action in ACTIONS}
    keys: dict[str, tuple[str, ...]] = {}
    problems = [
        f"there is no table [{name}], but [keys.app] and others" for name in content if name not in ("keys", "alerts")
    ]
    for name, value in _flat(content.get("keys", {})):
        words = [value] if isinstance(value, str) else value
        if value == {}:
            problems.append(f"there is no table [keys.{name}]")
        elif name not in known:
            problems.append(f"there is no action {name!r}.{nearest(name, known)}")
        elif not isinstance(words, list) or not words or not all(_is_key(word) for word in words):
            problems.append(f"{name} needs a key or a list of keys, such as 'S' or ['ctrl+s', 'f2']")
        elif unknown := [word for word in words if not _is_known(word)]:
            problems.append(f"{name}: there is no key {unknown[0]!r}.{nearest(unknown[0], NAMED_KEYS)}")
        else:
            keys[name] = tuple(words)
    return keys, problems


def _flat(table: object) -> Iterator[tuple[str, object]]:
    """The entries of `[keys.<scope>]`, as `<scope>.<name>`."""
    for scope, entries in table.items() if isinstance(table, dict) else [("keys", table)]:
        if isinstance(entries, dict) and (entries or scope in get_args(Scope)):
            yield from ((f"{scope}.{name}", value) for name, value in entries.items())
        else:
            yield scope, entries


def _without_clashes(actions: tuple[Action, ...]) -> tuple[tuple[Action, ...], list[str]]:
    """Give back their own keys to actions that were given one which another has where both can be used."""
    problems: list[str] = []
    while True:
        clash = next(_clashes(actions), None)
        if clash is None:
            return actions, problems
        place, other, key = clash
        own = ACTIONS[place]
        problems.append(f"{own.id} keeps {own.keys_shown}: {key} is {other.id}")
        actions = (*actions[:place], own, *actions[place + 1 :])


def _clashes(actions: tuple[Action, ...]) -> Iterator[tuple[int, Action, str]]:
    """Actions with changed keys that share one with another: the place, the other, the key."""
    for place, action in enumerate(actions):
        if action.keys == ACTIONS[place].keys:
            continue
        for other in actions:
            # Two may share a key by the table itself.
            shared = (_long_keys(action) & _long_keys(other)) - _long_keys(ACTIONS[place])
            if other is not action and shared and _meet(action.scope, other.scope):
                yield place, other, min(shared)


def _meet(one: Scope, other: Scope) -> bool:
    """Whether keys of both scopes work on one screen."""
    if one == other or {one, other} == ON_APP:
        return one == other  # a replay has no training, so it may use the training's keys
    if one in DIALOGS or other in DIALOGS:
        return {one, other} in LISTS
    return bool({one, other} & ON_APP) or ("charts" in (one, other) and bool({one, other} & WITH_CHARTS))


def _is_key(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= 40 and value.strip(", ") == value


def _is_known(key: str) -> bool:
    """Whether a terminal can send it: a character, or a key's name, either behind modifiers."""
    bare = re.sub(r"^((ctrl|shift|alt)\+)+(?=.)", "", key)
    return len(bare) == 1 or bare in NAMED_KEYS or key_to_character(bare) is not None


def _reason(error: Exception) -> str:
    """Why a file is not used, the place in it before the words: the end of a long line may not be seen."""
    if isinstance(error, OSError):
        return str(error.strerror)
    found = re.fullmatch(r"(.*) \((at [^()]+)\)", str(error))
    return f"{found[2]}: {found[1]}" if found else str(error)


def _long_keys(action: Action) -> set[str]:
    """An action's keys as Textual names them: `question_mark` for `?`."""
    return {binding.key for binding in Binding.make_bindings([Binding(key, "") for key in action.keys])}
