"""What happened in the run, newest last."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime

from rich.text import Text

from gwt_ib.lenient import real
from gwt_ib.runs.jsonl import Record
from gwt_ib.text import count
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.events.event_words import event_forms, fitting, newest_told
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.panel import Panel, title_line

BAD = frozenset({"failed", "actor_died"})


class EventsPanel(Panel):
    """The newest events that fit."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """New events only."""
        return run_view.events_seen

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title, then a line an event."""
        palette = self.palette
        newest = newest_told(run_view.events, height - 1)
        updates = max((len(_update(event)) for event in newest), default=0)
        lines = [title_line(palette, "events", count(run_view.events_seen), "UTC")]
        return lines + [event_line(event, palette, width, updates) for event in newest]


def event_line(event: Record, palette: Palette, width: int, updates: int = 6) -> Text:
    """Time of day (UTC), the update in `updates` cells, and what happened."""
    line = Text(no_wrap=True, end="")
    line.append(f" {_time_of_day(real(event.get('time')))} ", style=palette.dim)
    line.append(f"{_update(event):>{updates}} ", style=palette.dim)
    kind = str(event.get("kind"))
    warns = kind == "warning" or event.get("result") == "refused"
    color = palette.bad if kind in BAD else palette.warn if warns else palette.text
    line.append(fitting(event_forms(event), max(width - line.cell_len, 1)), style=color)
    return line


def _update(event: Record) -> str:
    update = real(event.get("update"))
    return "" if update is None else count(update)


def _time_of_day(stamp: float | None) -> str:
    try:
        return "--:--:--" if stamp is None else datetime.fromtimestamp(stamp, UTC).strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "--:--:--"
