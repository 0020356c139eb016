from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from rich.text import Span, Text
from textual.strip import Strip

from gwt_ib_tui.widgets.panel import MEASURE, StripCache, strip_of

BASE = Style.parse("#dbe4ee on #141b25")


def cells(strip: Strip) -> list[tuple[str, Style]]:
    return [(char, style or Style.null()) for text, style, _ in strip for char in text]


def as_rich_says(line: Text, width: int, left: int) -> list[tuple[str, Style]]:
    """The slow way: rich renders the line, over the same base."""
    segments = list(Segment.apply_style(line.render(MEASURE, end=""), BASE + Style.parse(str(line.style) or "none")))
    after = width - left - Segment.get_line_length(segments)
    return cells(Strip([Segment(" " * left, BASE), *segments, Segment(" " * after, BASE)]))


def assert_same(line: Text) -> None:
    strip = strip_of(line, 30, 2, BASE)
    assert strip.cell_length == 30
    assert cells(strip) == as_rich_says(line, 30, 2)


def test_a_line_looks_as_rich_would_draw_it() -> None:
    assert_same(Text("plain"))
    assert_same(Text("", style="red"))
    assert_same(Text.assemble("a", ("bc", "bold #e69f00"), "d", ("e", "red on blue")))
    assert_same(Text("in a colour", style="#5c6b7d", spans=[Span(3, 4, "bold"), Span(6, 9, "on #102030")]))


def test_spans_that_lie_over_each_other_or_beyond_the_end() -> None:
    assert_same(Text("overlapping", spans=[Span(0, 8, "red"), Span(4, 11, "bold")]))
    assert_same(Text("inside", spans=[Span(0, 6, "red"), Span(2, 4, "on blue")]))
    assert_same(Text("short", spans=[Span(2, 2, "red"), Span(3, 99, "bold"), Span(50, 60, "red")]))


def test_wide_characters_fill_two_cells() -> None:
    strip = strip_of(Text("日本"), 10, 1, BASE)
    assert strip.text == " 日本" + " " * 5
    assert strip.cell_length == 10


def test_a_line_that_did_not_change_stays_the_same_strip() -> None:
    cache = StripCache()
    first = cache.strips([Text("one"), Text("two", "red"), Text("one")], 10, 0, BASE)
    second = cache.strips([Text("two", "red"), Text("one"), Text("three")], 10, 0, BASE)
    assert first[0] is first[2]
    assert second[0] is first[1]
    assert second[1] is first[0]
    assert cache.strips([Text("three")], 10, 0, BASE)[0] is second[2]
    assert cache.strips([Text("three")], 11, 0, BASE)[0] is not second[2]
    assert cells(cache.strips([Text("three")], 10, 0, Style.parse("on white"))[0])[0][1] == Style.parse("on white")
