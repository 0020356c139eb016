"""Numbers and texts from outside as the dashboard writes them, without Textual."""

from __future__ import annotations

import math
import unicodedata

ABSENT = "–"
_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_AGES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))
_SPACES = str.maketrans("\t\r\n", "   ")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def plain(value: object, limit: int = 500) -> str:
    """A text from outside as one line without control characters, direction marks and the like, cut at `limit`.

    The result may contain square brackets: show it by `rich.text.Text`, which reads no markup.
    """
    cleaned = str(value)[: 4 * limit]
    if not cleaned.isprintable():
        spaced = cleaned.translate(_SPACES)
        cleaned = "".join(char for char in spaced if unicodedata.category(char) not in _HIDDEN)
    cleaned = " ".join(cleaned.split())
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"


def visible(words: str) -> str:
    """A text of any number of lines for a terminal: whatever cannot be printed, but for ends of lines, as an escape.

    Nothing in the result moves a cursor, changes a colour or the direction of writing.
    """
    if words.isprintable():
        return words
    return "".join(
        letter if letter == "\n" or letter.isprintable() else ascii(letter)[1:-1]
        for letter in words.replace("\r\n", "\n").replace("\t", "    ")
    )


def shortened(text: str, width: int) -> str:
    """`text` in at most `width` cells, with its middle left out where it is longer: a run's name differs at its end."""
    if len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    tail = (width - 1) // 2
    return text[: width - 1 - tail] + "…" + (text[-tail:] if tail else "")


def cut_at_end(text: str, width: int) -> str:
    """`text` in at most `width` cells, with its end left out where it is longer: a sentence says most at its start."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"[: max(width, 0)]


def number(value: float | None, digits: int = 3) -> str:
    """A metric's value with about `digits` significant digits, in at most nine characters."""
    if value is None or not math.isfinite(value):
        return ABSENT
    size = abs(value)
    if size >= 1e6 or 0 < size < 1e-4:
        return f"{value:.{max(digits - 2, 0)}e}".replace("e-0", "e-").replace("e+0", "e")
    if size >= 10.0**digits or not size:
        return f"{value:,.0f}"
    return f"{value:.{max(digits - 1 - math.floor(math.log10(size)), 0)}f}"


def count(value: float | None) -> str:
    """A whole number in groups of three."""
    return ABSENT if value is None or not math.isfinite(value) else f"{value:,.0f}"


def short_count(value: float, digits: int = 4) -> str:
    """A number of steps in a few characters: `250k`, `1.25M`."""
    for unit, letter in _UNITS:
        if abs(value) >= unit:
            return f"{value / unit:.{digits}g}{letter}" if abs(value) < 1e16 else f"{value:.1e}"
    return f"{value:.{digits}g}"


def duration(seconds: float | None) -> str:
    """`0:42`, `12:05`, `3:07:00`, `2d 03:07`."""
    if seconds is None or not math.isfinite(seconds):
        return ABSENT
    whole = max(round(seconds), 0)
    minutes, left = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days:,}d {hours:02}:{minutes:02}"
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def age(created: float | None, now: float) -> str:
    """How long ago that was, in its largest unit: `3 min`, `2 h`, `5 d`."""
    if created is None:
        return ABSENT
    seconds = now - created
    for unit, name in _AGES:
        if seconds >= unit:
            return f"{seconds // unit:,.0f} {name}" if seconds < 1e4 * unit else ABSENT
    return "now"


def often(times: int) -> str:
    """How many times: `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(times, f"{times} times")
