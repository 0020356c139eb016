"""The processes of a run: do they live, what do they take of the machine, do they keep up with each other."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from rich.text import Text

from gwt_ib.text import ABSENT, count, number
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.state.run.usage import Usage
from gwt_ib_tui.widgets.panel import Panel, title_line
from gwt_ib_tui.widgets.process_signs import actor_speed, actors_in_words, process_sign, sign_color

COLUMNS = (("pid", 8), ("CPU", 5), ("memory", 9), ("steps/s", 8), ("version", 8), ("lag", 4), ("restarts", 9))
NAME_WIDTH, STATE_WIDTH = 10, 9
DROPPED_FIRST = ("version", "restarts", "pid", "lag", "memory")  # where there is little room


@dataclass(frozen=True)
class Row:
    """One process; its values are in the order of `COLUMNS`."""

    name: str
    state: str
    values: tuple[str, ...]
    restarted: bool = False


class ProcessesPanel(Panel):
    """Trainer and learner, then a row an actor, the dead ones first; what does not fit is counted."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """What run.json and the machine say of them."""
        return run_view.run, run_view.state, tuple(run_view.usage.items()), run_view.metric("update")

    def watch_run_view(self, run_view: RunView | None) -> None:
        """Title, heads and a row for each process; the style sheet sets the limit."""
        self.styles.height = 4 + (len(run_view.run.actors) if run_view else 0)
        super().watch_run_view(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title with what an update waits for, column heads, rows."""
        palette = self.palette
        lines = [title_line(palette, "processes", *_sums(run_view, width - 8))]
        shown = shown_columns(width)
        heads = f" {'process':<{NAME_WIDTH}} {'':<{STATE_WIDTH}}"
        heads += "".join(f"{name:>{size}}" for name, size in COLUMNS if name in shown)
        lines.append(Text(heads, style=palette.dim, no_wrap=True))
        rows = process_rows(run_view)
        room = max(height - len(lines), 0)
        kept = rows if len(rows) <= room else rows[: max(room - 1, 0)]
        lines += [_line(row, shown, palette) for row in kept]
        if len(kept) < len(rows):
            lines.append(Text(f" and {len(rows) - len(kept)} more", style=palette.dim))
        return lines


def process_rows(run_view: RunView) -> list[Row]:
    """Trainer, learner, then the actors: those that are dead in a run that lives before the others."""
    run, ended = run_view.run, run_view.ended
    whole = process_sign(run_view)
    speed = None if ended or run_view.halted else run_view.steps_per_s
    learnt = ("" if speed is None else number(speed), count(run_view.metric("policy_version")))
    lag = count(run_view.metric("policy_lag_max"))
    rows = [
        Row("trainer", whole, (_pid(run.trainer), *_usage(run_view, run.trainer), "", "", "", "")),
        Row("learner", whole, (_pid(run.learner), *_usage(run_view, run.learner), *learnt, lag, "")),
    ]
    for actor in sorted(run.actors, key=lambda actor: (actor.alive or ended, actor.number)):
        values = (
            number(actor_speed(run_view, actor)),
            count(actor.policy_version),
            count(actor.policy_lag),
            count(actor.restarts),
        )
        machine = (_pid(actor.pid), *_usage(run_view, actor.pid))
        rows.append(
            Row(f"actor {actor.number}", process_sign(run_view, actor.alive), (*machine, *values), actor.restarts > 0)
        )
    return rows


def shown_columns(width: int) -> set[str]:
    """The columns that fit into a width."""
    shown = dict(COLUMNS)
    for name in DROPPED_FIRST:
        if 2 + NAME_WIDTH + STATE_WIDTH + sum(shown.values()) <= width:
            break
        del shown[name]
    return set(shown)


def _sums(run_view: RunView, width: int) -> list[str]:
    """How many actors live, and what an update waits for; only what fits."""
    words = [actors_in_words(run_view, " actors")] if run_view.run.actors else []
    waits, learns = run_view.metric("rollout_s"), run_view.metric("learn_s")
    if waits is not None and learns is not None:
        words.append(f"update: waits {number(waits)} s, learns {number(learns)} s")
    return words if sum(len(word) + 2 for word in words) <= width else words[:1]


def _line(row: Row, shown: set[str], palette: Palette) -> Text:
    line = Text(no_wrap=True, end="")
    line.append(f" {row.name:<{NAME_WIDTH}} ", style=palette.text)
    line.append(f"{row.state:<{STATE_WIDTH}}", style=f"bold {sign_color(row.state, palette)}")
    for (name, size), value in zip(COLUMNS, row.values, strict=True):
        if name in shown:
            style = (
                palette.warn if name == "restarts" and row.restarted else palette.dim if name == "pid" else palette.text
            )
            line.append(f"{value:>{size}}", style=style)
    return line


def _pid(pid: int | None) -> str:
    return ABSENT if pid is None else str(pid)


def _usage(run_view: RunView, pid: int | None) -> tuple[str, str]:
    usage = Usage(None, None) if pid is None else run_view.usage.get(pid, Usage(None, None))
    percent = ABSENT if usage.cpu_percent is None else f"{usage.cpu_percent:.0f}%"
    return percent, ABSENT if usage.resident is None else f"{usage.resident / 1e6:,.0f} MB"
