"""The first line of a chart: its name, its values, and as much of the rest as there is room for; pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from gwt_ib.text import shortened
from gwt_ib_tui.charts.palette import Palette

SHORTEST_NAME = 5


def chart_title(
    palette: Palette,
    name: str,
    values: Sequence[Sequence[Text]],
    extras: Sequence[Text],
    width: int,
    *,
    chosen: bool = False,
) -> Text:
    """At most `width` cells. Each of `values` is given in several forms, the longest first; `extras`, the weightiest first.

    First extras go, the last one first; then values get shorter, all of them together; at last the name does.
    """
    forms = max((len(value) for value in values), default=1)
    for form in range(forms):
        shown = [value[min(form, len(value) - 1)] for value in values]
        # A shorter form makes room for itself, not for what has gone before it.
        for kept in range(len(extras) if form == 0 else 0, -1, -1):
            line = _line(palette, name, [*shown, *extras[:kept]], "  ", chosen)
            if line.cell_len <= width:
                return line
        line = _line(palette, name, shown, " ", chosen)
        if line.cell_len <= width:
            return line
    room = max(len(name) - (line.cell_len - width), SHORTEST_NAME)
    line = _line(palette, shortened(name, room), shown, " ", chosen)
    line.truncate(width)
    return line


def _line(palette: Palette, name: str, parts: Sequence[Text], space: str, chosen: bool) -> Text:
    line = Text(no_wrap=True, end="")
    if chosen:
        line.append("▶", style=f"bold {palette.target}")
        line.append(name, style=f"bold underline {palette.text}")
    else:
        line.append("▍", style=palette.line)
        line.append(name, style=f"bold {palette.text}")
    for part in parts:
        line.append(space)
        line.append_text(part)
    return line
