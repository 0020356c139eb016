"""What happened in the run, newest last."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime

from rich.text import Text

from gwt_ib.numbers import real
from gwt_ib.runs.records import Record
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.snapshot import Snapshot
from gwt_ib_tui.text import count, number, plain, shortened
from gwt_ib_tui.widgets.panel import Panel, title_line

BAD = frozenset({"failed", "actor_died"})
SELF_EVIDENT = frozenset({"eval_return", "path", "message", "verdict", "request_kind", "result"})
NOT_TOLD = frozenset({"time", "kind", "update", "env_steps", "request"})


class EventsPanel(Panel):
    """The newest events that fit."""

    def depends_on(self, snapshot: Snapshot) -> Hashable:
        """New events only."""
        return snapshot.events_seen

    def lines(self, snapshot: Snapshot, width: int, height: int) -> list[Text]:
        """A title, then a line an event."""
        palette = self.palette
        newest = snapshot.events[-max(height - 1, 0) :] if height > 1 else ()
        lines = [title_line(palette, "events", count(snapshot.events_seen))]
        for event in newest:
            lines.append(event_line(event, palette, width))
        return lines


def event_line(event: Record, palette: Palette, width: int) -> Text:
    """Time of day (UTC), update, kind, and whatever else the event holds."""
    kind = plain(event.get("kind") or "?", 20)
    stamp, update = real(event.get("time")), real(event.get("update"))
    line = Text(no_wrap=True, end="")
    line.append(f" {_time_of_day(stamp)} ", style=palette.dim)
    line.append(f"{'' if update is None else count(update):>6} ", style=palette.dim)
    color = palette.bad if kind in BAD else palette.warn if kind == "warning" else palette.text
    line.append(kind.replace("_", " "), style=color)
    others = {name: value for name, value in event.items() if name not in NOT_TOLD and value not in (None, "")}
    rest = [
        _value(value) if name in SELF_EVIDENT else f"{plain(name, 20)} {_value(value)}"
        for name, value in others.items()
    ]
    line.append("  " + shortened(", ".join(rest), max(width - line.cell_len - 2, 1)) if rest else "", style=palette.dim)
    return line


def _time_of_day(stamp: float | None) -> str:
    try:
        return "--:--:--" if stamp is None else datetime.fromtimestamp(stamp, UTC).strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "--:--:--"


def _value(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return count(value)
    as_number = real(value)
    return plain(value, 200) if as_number is None else number(as_number)
