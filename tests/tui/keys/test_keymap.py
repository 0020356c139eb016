"""The user's own keys, from a file that may hold anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import both_sizes, dashboard, message, ready, screen_text, until
from recorded_run import RecordedRun

from gwt_ib_tui.keys.actions import ACTIONS
from gwt_ib_tui.keys.keymap import Keymap, read_keymap
from gwt_ib_tui.widgets.message_bar import fitted


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(12)
    return run


def written(tmp_path: Path, text: str) -> Keymap:
    path = tmp_path / "dashboard.toml"
    path.write_text(text)
    return read_keymap(path)


def keys_of(keymap: Keymap, scope: str, name: str) -> tuple[str, ...]:
    (action,) = [action for action in keymap.actions if (action.scope, action.name) == (scope, name)]
    return action.keys


def test_without_a_file_the_table_holds(tmp_path: Path) -> None:
    assert read_keymap(tmp_path / "none.toml") == Keymap(ACTIONS, ())


def test_keys_are_replaced(tmp_path: Path) -> None:
    keymap = written(tmp_path, '[keys.app]\nsnapshot = "S"\n[keys.gate]\nearlier = ["h", "left"]\n')
    assert keymap.problems == ()
    assert keys_of(keymap, "app", "snapshot") == ("S",)
    assert keys_of(keymap, "gate", "earlier") == ("h", "left")
    changed = [new for new, old in zip(keymap.actions, ACTIONS, strict=True) if new != old]
    assert len(changed) == 2


def test_two_actions_can_swap_their_keys(tmp_path: Path) -> None:
    keymap = written(tmp_path, '[keys.app]\nsnapshot = "space"\npause_or_go_on = "s"\n')
    assert keymap.problems == ()
    assert keys_of(keymap, "app", "snapshot") == ("space",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[keys", "dashboard.toml is not used, "),
        ("x = 1\ny = [", "dashboard.toml is not used, at end of document: Invalid value"),
        ("[keys.app]\nsnapshot 3", "dashboard.toml is not used, at line 2, column 10: Expected '='"),
        ("\x00", "is not used"),
        ('keys = "x"', "there is no action 'keys'"),
        ('[keys]\nsnapshot = "S"', "there is no action 'snapshot'. Did you mean app.snapshot"),
        ('[keys.app]\nsnapshto = "S"', "there is no action 'app.snapshto'. Did you mean app.snapshot"),
        ("[colours]\nline = 'red'", "there is no table [colours]"),
        ("[keys.gates]", "there is no table [keys.gates]"),
        ('[keys.app]\nsnapshot = "escpae"', "app.snapshot: there is no key 'escpae'. Did you mean escape"),
        ('[keys.app]\nsnapshot = ["S", "strg+s"]', "app.snapshot: there is no key 'strg+s'"),
        ('[keys.app]\nsnapshot = "S,T"', "app.snapshot: there is no key 'S,T'"),
        ("[keys.app]\nsnapshot = 3", "app.snapshot needs a key"),
        ("[keys.app]\nsnapshot = []", "app.snapshot needs a key"),
        ('[keys.app]\nsnapshot = ["a", 1]', "app.snapshot needs a key"),
        ('[keys.app]\nsnapshot = "q"', "app.snapshot keeps s: q is app.ask_to_quit"),
        ('[keys.app]\nsnapshot = "?"', "app.snapshot keeps s: question_mark is app.show_help"),
        ('[keys.gate]\nearlier = "q"', "gate.earlier keeps ←: q is app.ask_to_quit"),
        ('[keys.app]\nsnapshot = "p"', "app.snapshot keeps s: p is gate.pin_ghost"),
    ],
)
def test_a_mistake_costs_its_entry_and_is_said(tmp_path: Path, text: str, words: str) -> None:
    keymap = written(tmp_path, text)
    assert keymap.actions == ACTIONS
    assert len(keymap.problems) == 1 and words in keymap.problems[0]


def test_a_key_of_a_dialog_is_no_clash(tmp_path: Path) -> None:
    assert written(tmp_path, '[keys.quit]\ndetach = "space"\n').problems == ()


async def test_the_new_key_works_and_the_old_one_does_not(recorded: RecordedRun, tmp_path: Path) -> None:
    keymap = written(tmp_path, '[keys.app]\nsnapshot = "S"\n[keys.quit]\ncancel = "z"\n[keys.gate]\nearlier = "h"\n')
    async with dashboard(recorded, keymap=keymap).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("s")
        await pilot.pause()
        assert message(app).text == ""
        with recorded.living():
            await pilot.press("S")
            await until(pilot, lambda: message(app).status == "done")
        await pilot.press("g", "h")
        await pilot.pause()
        assert app.screen.scrub.shown is not None
        await pilot.press("q", "z")
        await pilot.pause()
        assert app.screen.id == "gate"
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.live, "a key that was not changed works as before"


async def test_a_problem_is_said_at_the_start(recorded: RecordedRun, tmp_path: Path) -> None:
    async with dashboard(recorded, keymap=written(tmp_path, "[keys.app]\nsnapshot = 3")).run_test() as pilot:
        app = await ready(pilot)
        await until(pilot, lambda: "app.snapshot needs a key" in message(app).text)
        assert message(app).status == "warning"


@pytest.mark.parametrize(
    "key", ["S", "é", "ctrl+s", "shift+f2", "ctrl+shift+pageup", "alt+x", "f2", "backslash", "semicolon", "ctrl++", "%"]
)
def test_every_key_that_a_terminal_sends_can_be_had(tmp_path: Path, key: str) -> None:
    keymap = written(tmp_path, f'[keys.app]\nsnapshot = "{key}"\n')
    assert keymap.problems == () and keys_of(keymap, "app", "snapshot") == (key,)


def test_the_keys_of_the_table_are_known_keys(tmp_path: Path) -> None:
    for action in ACTIONS:
        keys = ", ".join(f'"{key}"' for key in action.keys)
        assert written(tmp_path, f"[keys.{action.scope}]\n{action.name} = [{keys}]\n").problems == ()


@both_sizes
async def test_of_several_problems_the_first_is_said_and_how_many_more(
    recorded: RecordedRun, tmp_path: Path, size: tuple[int, int]
) -> None:
    keymap = written(tmp_path, "[keys.app]\nsnapshot = 3\npause_or_go_on = 4\nquit = 5\n")
    async with dashboard(recorded, keymap=keymap).run_test(size=size) as pilot:
        app = await ready(pilot)
        said = message(app).text
        assert "app.snapshot needs a key" in said and said.endswith(", and 2 more: gwt-ib-tui keys shows all")
        assert "app.snapshot needs a key" in screen_text(app)


async def test_a_broken_file_keeps_its_verb_and_place_in_a_small_window(recorded: RecordedRun, tmp_path: Path) -> None:
    keymap = written(tmp_path, "[keys.app]\nsnapshot 3")
    async with dashboard(recorded, keymap=keymap).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        assert "dashboard.toml is not used, at line 2, column 10: Expected" in screen_text(app)


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (40, "saved at update 31: /a/path/to/snapshots"),
        (36, "saved at update 31: …th/to/snapshots"),
        (30, "saved at update 31"),
        (10, "saved at …"),
    ],
)
def test_of_a_long_message_a_path_loses_its_beginning_and_words_their_end(width: int, shown: str) -> None:
    assert fitted("saved at update 31: /a/path/to/snapshots", width) == shown
