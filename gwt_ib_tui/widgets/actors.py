"""The actor processes: alive or not, speed, how far behind the learner their weights are."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text

from gwt_ib.runs.lifecycle import UNKNOWN
from gwt_ib.runs.record import ActorRecord
from gwt_ib.text import ABSENT, count, number
from gwt_ib_tui.state.run.run_view import DAMAGED, RunView
from gwt_ib_tui.widgets.panel import Panel, title_line
from gwt_ib_tui.widgets.process_signs import actor_speed, actors_in_words, process_sign, sign_color


class ActorsPanel(Panel):
    """A row an actor; those that are not alive come first, and what does not fit is counted."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """What run.json says of them."""
        return run_view.run.actors, run_view.state, run_view.replay is None

    def watch_run_view(self, run_view: RunView | None) -> None:
        """Title, heads and a row for each actor; the style sheet sets the limit."""
        self.styles.height = 2 + max(len(run_view.run.actors) if run_view else 0, 1)
        super().watch_run_view(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title with the sums, column heads, rows."""
        palette, actors = self.palette, run_view.run.actors
        if not actors:
            unsaid = "none has reported yet" if run_view.replay is None else "not recorded"
            words = "all have ended" if run_view.ended else unsaid
            words = f" {DAMAGED if run_view.state == UNKNOWN else words}"
            return [title_line(palette, "actors"), Text(words, style=palette.dim)]
        speeds = [speed for actor in actors if actor.alive and (speed := actor_speed(run_view, actor)) is not None]
        told = [f"{number(sum(speeds))} steps/s"] if speeds else []
        lines = [title_line(palette, "actors", actors_in_words(run_view), *told)]
        heads = f" {'actor':>5}  {'state':<8} {'steps/s':>8} {'lag':>4} {'restarts':>8} {'pid':>8}"
        lines.append(Text(heads, style=palette.dim, no_wrap=True))
        room = height - len(lines)
        ordered = sorted(actors, key=lambda actor: (actor.alive or run_view.ended, actor.number))
        shown = ordered if len(ordered) <= room else ordered[: max(room - 1, 0)]
        lines += [self._row(run_view, actor) for actor in shown]
        if len(shown) < len(ordered):
            lines.append(Text(f" and {len(ordered) - len(shown)} more", style=palette.dim))
        return lines

    def _row(self, run_view: RunView, actor: ActorRecord) -> Text:
        palette, sign = self.palette, process_sign(run_view, actor.alive)
        row = Text(no_wrap=True, end="")
        row.append(f" {actor.number:>5}  ", style=palette.text)
        row.append(f"{sign:<8}", style=f"bold {sign_color(sign, palette)}")
        row.append(f" {number(actor_speed(run_view, actor)):>8} {count(actor.policy_lag):>4}", style=palette.text)
        row.append(f" {actor.restarts:>8}", style=palette.warn if actor.restarts else palette.dim)
        row.append(f" {ABSENT if actor.pid is None else str(actor.pid):>8}", style=palette.dim)
        return row
