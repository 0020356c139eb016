"""Lines of a log as rows, and which of them a window shows."""

from __future__ import annotations

import logging

import pytest
from rich.cells import cell_len
from rich.text import Text

from gwt_ib_tui.charts.log_lines import FURTHER, chosen, downwards, index_of, rows, window
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.state.history.log_tail import OUT, LogLine, LogView


def line(number: int, text: str, level: int = logging.INFO, process: str = "learner", begins: bool = True) -> LogLine:
    return LogLine(number, 1795394352.0, process, level, text, begins)


def words(text: str, width: int = 80, level: int = logging.INFO, **options: object) -> list[str]:
    return [row.plain for row in rows(line(1, text, level, **options), width, DARK, named=True)]  # type: ignore[arg-type]  # as `line` takes them


NUMBERED = [line(number, str(number)) for number in range(1, 21)]


def draw(entry: LogLine) -> list[Text]:
    """Every fifth line needs three rows."""
    return [Text(f"{entry.text}.{row}") for row in range(3 if entry.number % 5 == 0 else 1)]


def test_a_record_has_time_level_process_and_words() -> None:
    assert words("begins") == [" 00:39:12 INFO  learner   begins"]
    assert words("begins", level=OUT, process="actor-1234") == [" 00:39:12 out   acto…1234 begins"]
    one = rows(line(1, "begins", logging.CRITICAL), 80, DARK, named=False)
    assert one[0].plain == " 00:39:12 CRIT  begins"


def test_further_lines_keep_their_indentation() -> None:
    assert words('    File "x"', begins=False) == [FURTHER + '    File "x"']


def test_what_is_too_wide_is_broken_between_words_and_nothing_is_lost() -> None:
    text = " ".join(f"word{place}" for place in range(40))
    broken = words(text, 60)
    assert len(broken) > 5 and max(map(len, broken)) <= 60
    assert " ".join(row[26:].strip() for row in broken) == text


@pytest.mark.parametrize("text", ["漢字" * 60, "x" * 300, "é" * 100, "a\tb"])
@pytest.mark.parametrize("width", [20, 60, 120])
def test_no_row_is_wider_than_it_may_be(text: str, width: int) -> None:
    cells = [cell_len(row) for row in words(text, width)]
    assert max(cells) <= max(width, 26 + 8)


def test_foreign_words_cannot_move_the_cursor_or_inject_markup() -> None:
    (row,) = words("[red]x[/red]\x1b[2J\u202e\x07", process="[b]")
    assert "\x1b" not in row and "\u202e" not in row and "\x07" not in row
    assert "[red]x[/red]" in row and "[b]" in row


def test_levels_and_processes_are_chosen() -> None:
    levels = (OUT, logging.DEBUG, logging.INFO, logging.WARNING, logging.CRITICAL)
    lines = tuple(line(place, str(place), level, f"actor-{place % 2}") for place, level in enumerate(levels))
    view = LogView(lines=lines, serious=lines[3:])
    assert chosen(view, OUT, "") == lines
    assert [entry.number for entry in chosen(view, logging.INFO, "")] == [2, 3, 4]
    assert [entry.number for entry in chosen(view, logging.INFO, "actor-0")] == [2, 4]
    assert [entry.number for entry in chosen(view, logging.ERROR, "")] == [4]
    assert chosen(view, logging.ERROR, "actor-1") == []


def test_warnings_that_a_flood_has_pushed_out_are_still_found() -> None:
    view = LogView(lines=(line(9, "flood", OUT),), serious=(line(1, "careful", logging.WARNING),))
    assert [entry.text for entry in chosen(view, logging.WARNING, "")] == ["careful"]


def test_a_window_ends_with_its_bottom_line() -> None:
    view = window(NUMBERED, 18, 6, draw)
    assert [row.plain for row in view.rows][-4:] == ["16.0", "17.0", "18.0", "19.0"]
    assert len(view.rows) == 6 and (view.first, view.last) == (14, 18)


def test_at_the_top_a_window_is_filled_downwards() -> None:
    view = window(NUMBERED, 0, 6, draw)
    assert [row.plain for row in view.rows] == ["1.0", "2.0", "3.0", "4.0", "5.0", "5.1"]
    assert (view.first, view.last) == (0, 4)


@pytest.mark.parametrize("bottom", [-5, 0, 3, 19, 99])
@pytest.mark.parametrize("height", [1, 2, 7, 40])
def test_a_window_is_full_or_shows_all(bottom: int, height: int) -> None:
    view = window(NUMBERED, bottom, height, draw)
    assert len(view.rows) == min(height, 28)
    assert 0 <= view.first <= view.last < 20


def test_of_nothing_nothing_is_shown() -> None:
    assert window([], 0, 5, draw).rows == []
    assert downwards([], 0, 5, draw) == 0 and index_of([], 7) == 0


def test_what_is_seen_downwards_from_a_line() -> None:
    assert [downwards(NUMBERED, 0, height, draw) for height in (4, 5, 6, 7)] == [3, 3, 3, 4]
    assert downwards(NUMBERED, 4, 2, draw) == 4
    assert downwards(NUMBERED, 17, 50, draw) == 19


def test_a_line_that_is_gone_gives_way_to_the_next() -> None:
    kept = NUMBERED[10:]
    assert (index_of(kept, 15), index_of(kept, 3), index_of(kept, 99)) == (4, 0, 9)
