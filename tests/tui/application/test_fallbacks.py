"""Where a terminal has ASCII alone, everything that we draw is there all the same, a cell for a cell."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import both_sizes, dashboard, ready, screen_text
from pseudo_terminal import Terminal
from recorded_run import RecordedRun
from rich.cells import cell_len

import gwt_ib
import gwt_ib_tui
from gwt_ib_tui import terminal
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.fallbacks import FALLBACKS, as_ascii, in_ascii, keys_in_words, shows_unicode
from gwt_ib_tui.screens.dialogs import QuitDialog, SettingDialog
from gwt_ib_tui.state.compare.run_set import RunSet

PACKAGES = (Path(gwt_ib.__file__).parent, Path(gwt_ib_tui.__file__).parent)
CODE = """
import sys
from pathlib import Path
from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.application.run_dashboard import run_dashboard
run_dashboard(RunDirectory(Path(sys.argv[1])), interval=0.05)
"""


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(31)
    run.save_snapshot()
    run.event("warning", message="a warning")
    return run


@pytest.fixture
def plain_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "_in_ascii", True)


def literals(path: Path) -> Iterator[str]:
    """The texts in a file that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    spoken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken:
            yield node.value


def test_every_character_that_is_written_in_the_code_has_a_fallback() -> None:
    files = [path for package in PACKAGES for path in package.rglob("*.py") if path.stem != "fallbacks"]
    written = {letter for path in files for text in literals(path) for letter in text if not letter.isascii()}
    assert len(written) > 50, "they are found"
    assert {letter for letter in written if as_ascii(letter) == "?"} == set()


def test_a_fallback_is_as_wide_as_what_it_stands_for() -> None:
    assert {
        letter for letter, other in FALLBACKS.items() if len(other) != cell_len(letter) or not other.isascii()
    } == set()
    assert all(len(as_ascii(chr(code))) == 1 for code in range(0x2800, 0x2900)), "braille, by how many of the dots"
    assert in_ascii("● é 你 ✓") == "* e ?? +"
    assert keys_in_words("⇧← ⏎ y") == "shift+left enter y"


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"TERM": "xterm-256color", "LANG": "en_US.UTF-8"}, True),
        ({"TERM": "xterm-256color", "LANG": "de_DE.utf8"}, True),
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "linux", "LANG": "en_US.UTF-8"}, False),
        ({"TERM": "vt100", "LANG": "en_US.UTF-8"}, False),
        ({"TERM": "xterm", "LANG": "C"}, False),
        ({"TERM": "xterm", "LANG": "en_US.UTF-8", "LC_ALL": "C"}, False),
        ({"TERM": "xterm", "LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ({"TERM": "xterm", "LANG": "", "LC_CTYPE": "C.UTF-8"}, True),
        ({"TERM": "xterm", "LANG": "de_DE.ISO-8859-1"}, False),
        ({"TERM": "linux", "GWT_IB_GLYPHS": "unicode"}, True),
        ({"TERM": "xterm", "LANG": "en_US.UTF-8", "GWT_IB_GLYPHS": "ascii"}, False),
    ],
)
def test_what_a_terminal_shows_is_told_by_its_variables(environment: dict[str, str], shown: bool) -> None:
    assert shows_unicode(environment) is shown


@both_sizes
@pytest.mark.usefixtures("plain_screen")
async def test_every_screen_is_made_of_characters_that_have_a_fallback(
    recorded: RecordedRun, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunSet, "start", lambda _: None)
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        app.view = ChartView(symbols="ascii")
        app.run_set.read_everything()
        seen = {}
        for key in ("1", "2", "n", "3", "4", "n", "5", "question_mark"):
            await pilot.press(key)
            await pilot.pause()
            seen[key, app.screen.id] = screen_text(app)
        await pilot.press("escape", "1")
        for dialog in (QuitDialog(), SettingDialog(lambda: app.run_view)):
            await app.push_screen(dialog)
            await pilot.pause()
            seen[type(dialog).__name__, ""] = screen_text(app)
            dialog.dismiss(None)
            await pilot.pause()
    assert len({name for _, name in seen}) >= 6, "all screens"
    unknown = {letter for text in seen.values() for letter in text if not letter.isascii() and as_ascii(letter) == "?"}
    assert unknown == set()
    assert not any("⏎" in text or "⇧" in text for (_, name), text in seen.items() if name), "keys are words"


@pytest.mark.parametrize("variables", [{"LANG": "C"}, {"TERM": "linux"}], ids=["LANG=C", "TERM=linux"])
def test_a_terminal_without_unicode_gets_ascii_and_nothing_else(
    recorded: RecordedRun, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "GWT_IB_GLYPHS"):
        monkeypatch.delenv(name, raising=False)
    settings = "".join(f"os.environ[{name!r}] = {value!r}; " for name, value in variables.items())
    monkeypatch.setenv("LANG", variables.get("LANG", "C.UTF-8"))
    assert os.environ["LANG"]
    found = Terminal(sys.executable, "-c", f"import os; {settings}{CODE}", str(recorded.directory.path))
    try:
        found.wait_to_see("mean_c")
        found.wait_to_see("Quit")
        assert found.output.isascii()
        assert any("* RUNNING" in line for line in found.screen.display)
    finally:
        found.close()
