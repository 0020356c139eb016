"""What a user's dashboard looks like is kept from one time to the next, and a broken file never stops the start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.layout import LONGEST_FILTER, Layout, layout_path, read_layout, save_layout


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "layout.json"
    assert read_layout(path) == (Layout(), "")
    view = ChartView("elapsed_s", True, 0.9, True, "ascii", span=10.0, end=3.0, cursor=4.0)
    layout = Layout.of("gwt-light", view, "rho*")
    save_layout(path, layout)
    assert read_layout(path) == (layout, "")
    assert layout.view == ChartView("elapsed_s", True, 0.9, True, "ascii"), "without window and cursor"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "EOF"),
        (b"\xff\xfe", "is not used"),
        (b"[1]", "object"),
        (b'{"smoothing": 2.0}', "smoothing: "),
        (b'{"x_axis": "hours"}', "x_axis: "),
        (b'{"theme": 3}', "theme: "),
        (b'{"metric_filter": "' + b"x" * 300 + b'"}', "metric_filter: "),
    ],
)
def test_a_broken_file_is_said_and_not_used(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "layout.json"
    path.write_bytes(content)
    layout, problem = read_layout(path)
    assert layout == Layout()
    assert problem.startswith("the saved layout is not used: ") and words in problem and str(path) in problem


def test_fields_of_another_version_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "layout.json"
    path.write_text('{"log_y": true, "of_tomorrow": 1}')
    assert read_layout(path) == (Layout(log_y=True), "")


def test_a_directory_in_its_place_is_said_and_saving_does_not_raise(tmp_path: Path) -> None:
    path = tmp_path / "layout.json"
    path.mkdir()
    assert "Is a directory" in read_layout(path)[1]
    save_layout(path, Layout(log_y=True))
    assert path.is_dir() and list(tmp_path.iterdir()) == [path]


def test_a_long_filter_is_cut() -> None:
    assert len(Layout.of("nord", ChartView(), "x" * 1000).metric_filter) == LONGEST_FILTER


def test_the_tests_never_touch_the_users_own_files() -> None:
    assert layout_path().is_relative_to(os.environ["XDG_STATE_HOME"])
