"""Lines of a log as text of a given width, and which of them a window of a given height shows; pure."""

from __future__ import annotations

import logging
import re
import textwrap
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.cells import cell_len, chop_cells
from rich.text import Text

from gwt_ib.text import plain, shortened
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.history.log_tail import OUT, LogLine, LogView

LEVELS = (OUT, logging.INFO, logging.WARNING, logging.ERROR)  # what the least level can be
NAMES = {OUT: "", logging.INFO: "INFO and above", logging.WARNING: "WARNING and above", logging.ERROR: "ERROR"}
WORDS = {OUT: "out", logging.DEBUG: "DEBUG", logging.INFO: "INFO", logging.WARNING: "WARN"}
WORDS |= {logging.ERROR: "ERROR", logging.CRITICAL: "CRIT"}
PROCESS_WIDTH = 9
FURTHER = " " * 10  # before a record's further lines: a traceback needs the room
LONGEST_PATH = 40  # characters
_REQUEST = re.compile(r" \(request [\w-]+\)")
_PATH = re.compile(r"(?<![^\s(])/[^\s()]+/[^\s():;,]+")
DEEPEST = 24  # spaces of indentation that are kept


def chosen(view: LogView, least: int, process: str) -> Sequence[LogLine]:
    """The lines at a level or above it; of all processes where `process` is empty."""
    lines = view.serious if least >= logging.WARNING else view.lines
    if least == OUT and not process:
        return lines
    return [line for line in lines if line.level >= least and process in ("", line.process)]


def rows(line: LogLine, width: int, palette: Palette, *, named: bool) -> list[Text]:
    """A line in as many rows as it needs; `named` with its process."""
    head = _head(line, palette, named=named) if line.begins else Text(FURTHER, no_wrap=True, end="")
    parts = _folded(line.text.expandtabs(4), max(width - head.cell_len, 8))
    style = palette.dim if line.level < logging.INFO else palette.text if line.level < logging.ERROR else palette.bad
    further = [Text(" " * head.cell_len + part, style=style, no_wrap=True, end="") for part in parts[1:]]
    return [head.append(parts[0], style=style), *further]


def in_brief(text: str, run: str) -> str:
    """A line without the ids of requests; paths in the run's directory from there on, long other ones by their end."""
    text = _REQUEST.sub("", text)
    if run:
        text = re.sub(rf"(?<![^\s(])/?(?:[^\s/(]+/)*?{re.escape(run)}/(?=[^\s/])", "", text)
    return _PATH.sub(lambda found: _ending(found[0]), text)


def _ending(path: str) -> str:
    kept = "/".join(path.split("/")[-2:])
    return path if len(path) <= LONGEST_PATH or len(kept) > len(path) - 3 else f"…/{kept}"


@dataclass(frozen=True)
class Window:
    """The rows on show, and the indices of the first and the last line among them."""

    rows: list[Text]
    first: int
    last: int


def window(lines: Sequence[LogLine], bottom: int, height: int, draw: Callable[[LogLine], list[Text]]) -> Window:
    """The rows that fill `height`, with line `bottom` at the bottom; the space is filled with later ones at the top."""
    shown: list[Text] = []
    first = last = min(max(bottom, 0), len(lines) - 1)
    while first >= 0:
        shown = draw(lines[first]) + shown
        if len(shown) >= height or first == 0:
            break
        first -= 1
    if len(shown) > height:
        return Window(shown[-height:], first, last)
    while len(shown) < height and last + 1 < len(lines):
        last += 1
        shown += draw(lines[last])
    return Window(shown[:height], max(first, 0), last)


def downwards(lines: Sequence[LogLine], top: int, height: int, draw: Callable[[LogLine], list[Text]]) -> int:
    """The last line that is seen as a whole where line `top` is the first; `top` itself at least."""
    used = 0
    for place in range(top, len(lines)):
        used += len(draw(lines[place]))
        if used > height:
            return max(place - 1, top)
    return max(len(lines) - 1, top)


def index_of(lines: Sequence[LogLine], number: int) -> int:
    """The line of that number, or of those that are left the next one."""
    return min(bisect_left(lines, number, key=lambda line: line.number), max(len(lines) - 1, 0))


def _head(line: LogLine, palette: Palette, *, named: bool) -> Text:
    """Time of day (UTC), level, process."""
    try:
        clock = datetime.fromtimestamp(line.time, UTC).strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        clock = "--:--:--"
    head = Text(f" {clock}", style=palette.dim, no_wrap=True, end="")
    colors = ((logging.ERROR, palette.bad), (logging.WARNING, palette.warn), (logging.INFO, palette.good))
    color = next((color for level, color in colors if line.level >= level), palette.dim)
    bold = "bold " if line.level >= logging.WARNING else ""
    head.append(f" {WORDS.get(line.level, '?'):<5} ", style=bold + color)
    if named:
        head.append(f"{shortened(plain(line.process), PROCESS_WIDTH):<{PROCESS_WIDTH}} ", style=palette.line)
    return head


def _folded(text: str, width: int) -> list[str]:
    """A text from outside in parts of at most `width` cells, its indentation kept, broken between words."""
    indent = " " * min(len(text) - len(text.lstrip()), DEEPEST, width // 2)
    text = plain(text, 2 * len(text))
    if cell_len(text) != len(text):
        return chop_cells(indent + text, width) or [""]
    further = indent + "  " if width > 20 else ""
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=further, break_on_hyphens=False) or [""]
