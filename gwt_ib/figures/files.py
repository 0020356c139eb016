"""A figure as a file, and its data as CSV beside it; both whole or not at all, and on the disk when this returns."""

from __future__ import annotations

from pathlib import Path

from gwt_ib.durable import write_atomically
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.figures.drawing import ENDINGS, rendered
from gwt_ib.figures.figure import Figure, as_csv
from gwt_ib.figures.styles import Style


def ending_of(path: Path) -> str:
    """`pdf`, `png` or `svg`. Raises `UserError` (2) for another ending, or none."""
    ending = path.suffix.lower().removeprefix(".")
    if ending not in ENDINGS:
        raise UserError(
            f"A figure is written as PDF, PNG or SVG: give {path.with_suffix('.pdf') if path.name else 'fig.pdf'} in "
            f"place of {path}.",
            ExitCode.USAGE,
        )
    return ending


def write_figure(figure: Figure, path: Path, style: Style, size: tuple[float, float] | None = None) -> Path:
    """Write both files and return the path of the data. Raises `UserError` without matplotlib, and `OSError`."""
    return _write(path, rendered(figure, ending_of(path), style, size), as_csv(figure))


def write_numbered(figure: Figure, folder: Path, stem: str, ending: str, style: Style) -> Path:
    """Write both files into a folder and return the path of the figure: `stem`, or `stem-2` where another has that name.

    One that is there with the same bytes is this figure. Raises `UserError` without matplotlib, and `OSError`.
    """
    data, number = rendered(figure, ending, style), 1
    while (path := folder / f"{stem}{f'-{number}' if number > 1 else ''}.{ending}").exists():
        if path.read_bytes() == data:
            break
        number += 1
    _write(path, data, as_csv(figure))
    return path


def _write(path: Path, data: bytes, table: str) -> Path:
    beside = path.with_suffix(".csv")
    write_atomically(beside, table.encode(errors="backslashreplace"))
    write_atomically(path, data)
    return beside
