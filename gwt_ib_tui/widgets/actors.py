"""The actor processes: alive or not, speed, how far behind the learner their weights are."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text

from gwt_ib.runs.lifecycle import UNKNOWN
from gwt_ib_tui.state.snapshot import DAMAGED, Actor, Snapshot
from gwt_ib_tui.text import ABSENT, count, number
from gwt_ib_tui.widgets.panel import Panel, title_line
from gwt_ib_tui.widgets.process_signs import actor_speed, actors_in_words, process_sign, sign_color


class ActorsPanel(Panel):
    """A row an actor; those that are not alive come first, and what does not fit is counted."""

    def depends_on(self, snapshot: Snapshot) -> Hashable:
        """What run.json says of them."""
        return snapshot.run.actors, snapshot.state, snapshot.replay is None

    def watch_snapshot(self, snapshot: Snapshot | None) -> None:
        """Title, heads and a row for each actor; the style sheet sets the limit."""
        self.styles.height = 2 + max(len(snapshot.run.actors) if snapshot else 0, 1)
        super().watch_snapshot(snapshot)

    def lines(self, snapshot: Snapshot, width: int, height: int) -> list[Text]:
        """A title with the sums, column heads, rows."""
        palette, actors = self.palette, snapshot.run.actors
        if not actors:
            unsaid = "none has reported yet" if snapshot.replay is None else "not recorded"
            words = "all have ended" if snapshot.ended else unsaid
            words = f" {DAMAGED if snapshot.state == UNKNOWN else words}"
            return [title_line(palette, "actors"), Text(words, style=palette.dim)]
        speeds = [speed for actor in actors if actor.alive and (speed := actor_speed(snapshot, actor)) is not None]
        told = [f"{number(sum(speeds))} steps/s"] if speeds else []
        lines = [title_line(palette, "actors", actors_in_words(snapshot), *told)]
        heads = f" {'actor':>5}  {'state':<8} {'steps/s':>8} {'lag':>4} {'restarts':>8} {'pid':>8}"
        lines.append(Text(heads, style=palette.dim, no_wrap=True))
        room = height - len(lines)
        ordered = sorted(actors, key=lambda actor: (actor.alive or snapshot.ended, actor.number))
        shown = ordered if len(ordered) <= room else ordered[: max(room - 1, 0)]
        lines += [self._row(snapshot, actor) for actor in shown]
        if len(shown) < len(ordered):
            lines.append(Text(f" and {len(ordered) - len(shown)} more", style=palette.dim))
        return lines

    def _row(self, snapshot: Snapshot, actor: Actor) -> Text:
        palette, sign = self.palette, process_sign(snapshot, actor.alive)
        row = Text(no_wrap=True, end="")
        row.append(f" {actor.number:>5}  ", style=palette.text)
        row.append(f"{sign:<8}", style=f"bold {sign_color(sign, palette)}")
        row.append(f" {number(actor_speed(snapshot, actor)):>8} {count(actor.policy_lag):>4}", style=palette.text)
        row.append(f" {actor.restarts:>8}", style=palette.warn if actor.restarts else palette.dim)
        row.append(f" {ABSENT if actor.pid is None else str(actor.pid):>8}", style=palette.dim)
        return row
