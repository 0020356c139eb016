"""A picture as PNG is made by a program that is installed; where there is none, a sentence says which would do."""

from __future__ import annotations

import shutil
import stat
import sys
from pathlib import Path

import pytest

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.application.preferences import theme_names
from gwt_ib_tui.commands.rendering import PROGRAMS, size_of, write_png

SVG = '<svg viewBox="0 0 1482 1026.4" xmlns="http://www.w3.org/2000/svg"></svg>'


def program(folder: Path, name: str, code: str) -> None:
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys, pathlib\n{code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_without_a_program_a_sentence_names_those_that_would_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError) as caught:
        write_png(SVG, tmp_path / "x.png")
    assert caught.value.code == ExitCode.BAD_CONFIGURATION
    assert all(name in caught.value.message for name in PROGRAMS) and "x.svg" in caught.value.message


def test_one_that_fails_is_followed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path, "rsvg-convert", "sys.exit(3)")
    with pytest.raises(UserError, match="rsvg-convert: exit code 3"):
        write_png(SVG, tmp_path / "x.png")
    program(
        tmp_path,
        "cairosvg",
        "pathlib.Path(sys.argv[-1]).write_bytes(b'PNG of ' + pathlib.Path(sys.argv[1]).read_bytes())",
    )
    write_png(SVG, tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes() == b"PNG of " + SVG.encode()
    assert shutil.which("rsvg-convert"), "the one that failed was asked first"


def test_the_size_is_that_of_the_picture() -> None:
    assert size_of(SVG) == (1482, 1027) and size_of("no picture") == (1200, 800)


def test_our_themes_are_known() -> None:
    assert {"gwt-dark", "gwt-light", "ansi-dark"} <= set(theme_names())
