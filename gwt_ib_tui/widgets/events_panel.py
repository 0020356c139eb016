"""The events of a run, newest last: one line each, in the longest form that has room."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime
from itertools import filterfalse, islice

from rich.text import Text

from gwt_ib.runs.events import Event, Forms, forms
from gwt_ib.text import count, cut_at_end
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.panel import Panel, title_line


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
        return [title, *(event_line(event, self.palette, width, updates) for event in newest)]


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
