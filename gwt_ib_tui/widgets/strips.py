"""Lines of rich Text as Textual's strips. A line that is as it was before stays the very strip that it was.

Textual's own way makes a new object of each styled run several times over, which is most of what a panel costs.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Span, Text
from textual.strip import Strip

MEASURE = Console(file=io.StringIO())  # rich wraps and renders for a console; this one prints nothing
Look = tuple[str, Style | str, tuple[Span, ...]]


class StripCache:
    """The strips of one widget as they were painted last."""

    def __init__(self) -> None:
        self._ground: tuple[object, ...] = ()
        self._strips: dict[Look, Strip] = {}

    def strips(self, lines: Sequence[Text], width: int, left: int, base: Style) -> list[Strip]:
        """Each line in `width` cells, `left` of them blank before it, over the style `base`; none is too long."""
        ground = (width, left, base)
        known = self._strips if ground == self._ground else {}
        self._ground, self._strips = ground, {}
        strips = []
        for line in lines:
            look = line.plain, line.style, tuple(line.spans)
            strip = known.get(look) or self._strips.get(look) or strip_of(line, width, left, base)
            self._strips[look] = strip
            strips.append(strip)
        return strips


def strip_of(line: Text, width: int, left: int, base: Style) -> Strip:
    """One line with blanks around it."""
    segments = [Segment(" " * left, base)] if left else []
    segments += _segments(line, base)
    right = width - left - cell_len(line.plain)
    if right > 0:
        segments.append(Segment(" " * right, base))
    return Strip(segments, width)


def _segments(line: Text, base: Style) -> list[Segment]:
    plain, ground = line.plain, _over(base, line.style)
    segments, done = [], 0
    spans = [span for span in line.spans if span.end > span.start and span.start < len(plain)]
    if any(after.start < before.end for before, after in pairwise(spans)):
        return [
            Segment(text, _over(base, style) if style else ground)
            for text, style, _ in line.render(MEASURE, end="")
            if text
        ]
    for start, end, style in spans:
        if start > done:
            segments.append(Segment(plain[done:start], ground))
        segments.append(Segment(plain[start:end], _over(ground, style)))
        done = end
    if done < len(plain):
        segments.append(Segment(plain[done:], ground))
    return segments


@lru_cache(maxsize=4096)
def _over(base: Style, style: Style | str) -> Style:
    return base + (Style.parse(style) if isinstance(style, str) else style)
