"""The events of a run, newest last: one line each, in the longest form that has room."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime
from itertools import filterfalse, islice

from rich.text import Text

from gwt_ib.runs.events import Event, Forms, forms
from gwt_ib.text import count, cut_at_end
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.panel import Panel, title_line

LEAST_WIDTH = 20  # cells; less is not worth a second line
INDENT = 3
MOST_LINES = 4  # after the first


class EventsPanel(Panel):
    """The newest events that fit."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """New events only."""
        return run_view.events_seen

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title, then a line an event."""
        newest = newest_to_show(run_view.events, height - 1)
        updates = max((len(_update(event)) for event in newest), default=0)
        title = title_line(self.palette, "events", count(run_view.events_seen), "UTC")
        lines = [line for event in newest for line in event_lines(event, self.palette, width, updates)]
        return [title, *lines[-max(height - 1, 1) :]]


def event_lines(event: Event, palette: Palette, width: int, updates: int = 6) -> list[Text]:
    """An event in one line; why a run failed, which nobody should have to look for, in as many as it needs."""
    first = event_line(event, palette, width, updates)
    if event.kind != "failed" or width < LEAST_WIDTH:
        return [first]
    words = forms(event)[-1]
    head = f" {_time_of_day(event.time)} {_update(event):>{updates}} "
    wrapped = textwrap.wrap(words, max(width - len(head), 1)) if len(words) > width - len(head) else []
    if len(wrapped) < 2:
        return [first]
    further = textwrap.wrap(" ".join(wrapped[1:]), width - INDENT)
    lines = [Text(head, style=palette.dim).append(wrapped[0], style=palette.bad)]
    return [*lines, *(Text(" " * INDENT + line, style=palette.bad) for line in further[:MOST_LINES])]


def event_line(event: Event, palette: Palette, width: int, updates: int = 6) -> Text:
    """Time of day (UTC), the update in `updates` cells, and what happened."""
    line = Text().append(f" {_time_of_day(event.time)} {_update(event):>{updates}} ", style=palette.dim)
    color = {"bad": palette.bad, "warn": palette.warn}.get(event.severity, palette.text)
    return line.append(fitting(forms(event), max(width - line.cell_len, 1)), style=color)


def newest_to_show(events: Sequence[Event], most: int) -> list[Event]:
    """The newest events that say something new, at most `most`, oldest first.

    An acknowledgement does so only of a request that was refused, or that no other event names.
    """
    named = {event.request for event in events if event.request and event.kind != "acknowledged"}

    def repeats(event: Event) -> bool:
        if event.kind != "acknowledged" or event.fields.get("result") == "refused":
            return False
        # The events `paused` and `unpaused` name no request; without a message there was one of them.
        paused = event.fields.get("request_kind") in ("pause", "unpause") and not event.fields.get("message")
        return paused or event.request in named

    return list(islice(filterfalse(repeats, reversed(events)), max(most, 0)))[::-1]


def fitting(forms: Forms, width: int) -> str:
    """The longest form that has room, or the shortest with its end cut off."""
    return next((form for form in forms if len(form) <= width), cut_at_end(forms[-1], width))


def _update(event: Event) -> str:
    return "" if event.update is None else count(event.update)


def _time_of_day(stamp: float | None) -> str:
    try:
        return "--:--:--" if stamp is None else datetime.fromtimestamp(stamp, UTC).strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "--:--:--"
