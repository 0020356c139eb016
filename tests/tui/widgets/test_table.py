"""The table that all lists share: which columns fit, how cells are padded, and which rows are in sight."""

from __future__ import annotations

import pytest
from rich.text import Text

from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.widgets.table import Table, TableColumn

NAMES = [f"n{place}" for place in range(10)]
COLUMNS: list[TableColumn[str]] = [
    TableColumn("name", 4, lambda name, _: (name, DARK.text), gap=0),
    TableColumn("value", 6, lambda name, _: (name[1:], "bold"), right=True),
    TableColumn("mark", 3, lambda name, _: Text("x", "red")),
    TableColumn("rest", 2, lambda name, cells: ("." * cells, DARK.dim), gap=2, most=5),
]


def plain(lines: list[Text]) -> list[str]:
    return [line.plain.rstrip() for line in lines]


def test_cells_stand_under_their_titles_in_their_colours() -> None:
    table = Table(COLUMNS, 100, DARK)
    assert table.header().plain == "name  value mar  rest "
    line = table.line("n7")
    assert line.plain == "n7        7 x    ....."
    styles = {line.plain[span.start : span.end].strip(): str(span.style) for span in line.spans}
    assert styles == {"n7": DARK.text, "7": "bold", "x": "red", ".....": DARK.dim}


@pytest.mark.parametrize(
    ("width", "titles", "rest"),
    [
        (22, ["name", "value", "mark", "rest"], 5),
        (20, ["name", "value", "mark", "rest"], 3),
        (19, ["name", "value", "mark", "rest"], 2),
        (18, ["name", "value", "rest"], 5),
        (14, ["name", "rest"], 5),
        (3, ["name", "rest"], 2),
    ],
)
def test_what_is_dropped_first_goes_first_and_what_can_grow_takes_the_room(
    width: int, titles: list[str], rest: int
) -> None:
    table = Table(COLUMNS, width, DARK, drop=("mark", "value"))
    assert [column.title for column in table.columns] == titles
    assert table.columns[-1].width == rest
    assert table.width == len(table.line("n1").plain)


@pytest.mark.parametrize(("height", "shown"), [(12, 10), (10, 10), (9, 8), (2, 1), (1, 0), (0, 0)])
def test_rows_that_do_not_fit_are_counted(height: int, shown: int) -> None:
    lines = plain(Table(COLUMNS[:1], 20, DARK).first(NAMES, height))
    assert lines[:shown] == NAMES[:shown]
    assert lines[shown:] == ([] if shown == 10 else [f" and {10 - shown} more"])


def test_the_chosen_row_is_in_sight_and_the_lines_at_the_ends_count_the_others() -> None:
    table = Table(COLUMNS[:1], 20, DARK)
    for chosen in range(10):
        for height in range(1, 13):
            around, counted = table.around(NAMES, chosen, height, bold=True), table.counted(NAMES, chosen, height)
            assert len(around) == len(counted) == min(height, 10)
            assert NAMES[chosen] in plain(around) and NAMES[chosen] in plain(counted)
            (bold,) = [line.plain.rstrip() for line in around if line.spans[-1].style == "bold"]
            assert bold == NAMES[chosen]
            if height > 2:
                hidden = [int(line.split()[1]) for line in plain(counted) if line.endswith("more")]
                assert sum(hidden) + len(counted) - len(hidden) == 10
    assert plain(table.counted(NAMES, 5, 4)) == ["  ↑ 4 more", "n4", "n5", "  ↓ 4 more"]
