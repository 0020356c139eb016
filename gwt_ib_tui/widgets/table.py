"""One table for all lists: the columns that there is room for, their titles, and the rows that are in sight; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from rich.text import Text

from gwt_ib_tui.charts.palette import Palette

Row = TypeVar("Row")
Cell = Text | tuple[str, str]
"""What stands in a cell: a text, or words and their style."""


@dataclass(frozen=True)
class TableColumn(Generic[Row]):
    """One column, `width` cells wide, with `gap` blanks before it; where there is room it grows to `most` cells.

    `cell` gives what stands in a row, for a width; what it does not fill is left blank.
    """

    title: str
    width: int
    cell: Callable[[Row, int], Cell]
    gap: int = 1
    right: bool = False
    most: int = 0


class Table(Generic[Row]):
    """The `columns` in `width` cells; of those titled in `drop`, as many as necessary are left out, the first ones first."""

    def __init__(
        self, columns: Sequence[TableColumn[Row]], width: int, palette: Palette, drop: Sequence[str] = ()
    ) -> None:
        for title in drop:
            if _width(columns) > width:
                columns = [column for column in columns if column.title != title]
        room = max(width - _width(columns), 0)
        self.columns = [
            replace(column, width=min(column.width + room, column.most)) if column.most else column
            for column in columns
        ]
        self.width = _width(self.columns)
        self._dim = palette.dim

    def header(self) -> Text:
        """The titles."""
        titles = (" " * column.gap + _padded(column.title[: column.width], column) for column in self.columns)
        return Text("".join(titles), style=self._dim)

    def title_at(self, cell: int) -> str:
        """The title of the column at this cell of a line; empty where there is none."""
        end = 0
        for column in self.columns:
            end += column.gap + column.width
            if cell < end:
                return column.title
        return ""

    def line(self, row: Row) -> Text:
        """One row."""
        line = Text()
        for column in self.columns:
            cell, gap = column.cell(row, column.width), " " * column.gap
            if isinstance(cell, Text):
                cell.pad_right(column.width - cell.cell_len)
                line.append(gap).append_text(cell)
            else:
                line.append(gap + _padded(cell[0], column), style=cell[1])
        return line

    def first(self, rows: Sequence[Row], height: int) -> list[Text]:
        """As many rows as fit into `height` lines; the last line counts those that do not."""
        shown = rows if len(rows) <= height else rows[: max(height - 1, 0)]
        lines = [self.line(row) for row in shown]
        if len(shown) < len(rows):
            lines.append(Text(f" and {len(rows) - len(shown)} more", style=self._dim))
        return lines

    def around(self, rows: Sequence[Row], chosen: int, height: int, *, bold: bool = False) -> list[Text]:
        """Rows in at most `height` lines, among them that of the place `chosen`, which can be bold."""
        first = first_in_sight(chosen, len(rows), height)
        lines = [self.line(row) for row in rows[first : first + height]]
        if bold and lines:
            lines[chosen - first].stylize("bold")
        return lines

    def counted(self, rows: Sequence[Row], chosen: int, height: int, *, bold: bool = False) -> list[Text]:
        """The same; the first and the last line count the rows that are out of sight, where they are not the chosen one."""
        lines = self.around(rows, chosen, height, bold=bold)
        first = first_in_sight(chosen, len(rows), height)
        below = len(rows) - first - len(lines)
        if first and chosen != first:
            lines[0] = Text(f"  ↑ {first + 1} more", style=self._dim)
        if below and chosen != first + len(lines) - 1:
            lines[-1] = Text(f"  ↓ {below + 1} more", style=self._dim)
        return lines


def first_in_sight(chosen: int, total: int, height: int) -> int:
    """The first of `height` rows on show, so that the chosen one is in their middle where there are more."""
    return min(max(chosen - height // 2, 0), max(total - height, 0))


def _width(columns: Sequence[TableColumn[Row]]) -> int:
    return sum(column.gap + column.width for column in columns)


def _padded(words: str, column: TableColumn[Row]) -> str:
    return words.rjust(column.width) if column.right else words.ljust(column.width)
