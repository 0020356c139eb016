"""The processes of a run: do they live, what do they take of the machine, do they keep up with each other."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import replace

from rich.text import Text

from gwt_ib.errors import ExitCode
from gwt_ib.runs.record import STALLED, UNKNOWN, ActorRecord
from gwt_ib.text import ABSENT, count, number, plain
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.run_view import DAMAGED, RunView
from gwt_ib_tui.widgets.panel import Panel, title_line
from gwt_ib_tui.widgets.table import Table, TableColumn

NOT_EXACT = "▲ resume was not exact"
LONGEST_NODE = 20  # cells of a node's name
NAMES = ("process", "state", "node")  # columns of words
WAITS = "○ waits"
DROPPED_FIRST = ("version", "restarts", "pid", "lag", "memory")  # where there is little room
ProcessRow = dict[str, str]
"""One process as it is shown: words by the titles of their columns."""


class ActorsPanel(Panel):
    """A row an actor; those that are not alive come first, and what does not fit is counted."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """What run.json says of them."""
        return run_view.run.actors, run_view.state, run_view.replay is None

    def watch_run_view(self, run_view: RunView | None) -> None:
        """Title, header and a row for each actor; the style sheet sets the limit."""
        self.styles.height = 2 + max(len(run_view.run.actors) if run_view else 0, 1)  # as high as two lines of words
        super().watch_run_view(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title with the sums, the header, rows."""
        palette, actors = self.palette, run_view.run.actors
        if not actors:
            unsaid = "none has reported yet" if run_view.replay is None else "not recorded"
            words = "all have ended" if run_view.ended else unsaid
            words = f" {DAMAGED if run_view.state == UNKNOWN else words}"
            lines = [title_line(palette, "actors"), Text(words, style=palette.dim)]
            return [*lines, Text(f" {step}", style=palette.text)] if (step := _next_step(run_view)) else lines
        speeds = [speed for actor in actors if actor.alive and (speed := _speed(run_view, actor)) is not None]
        sums = [f"{number(sum(speeds))} steps/s"] if speeds else []
        if step := _next_step(run_view):  # of one that was killed, which still has its actors
            sums.append(step.replace("gwt-ib-tui ", ""))
        widths = {"actor": 5, "state": 8, "steps/s": 8, "lag": 4, "restarts": 8, "pid": 8}
        table = Table(_columns(widths, 1, palette, dim=("restarts", "pid")), width, palette)
        title = title_line(palette, "actors", _alive_words(run_view), *sums)
        return [title, table.header(), *table.first(_actor_rows(run_view), height - 2)]


class ProcessesPanel(Panel):
    """Trainer and learner, then a row an actor, the dead ones first; what does not fit is counted."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """What run.json and the machine say of them."""
        return run_view.run, run_view.state, tuple(run_view.usage.items()), run_view.metric("update")

    def watch_run_view(self, run_view: RunView | None) -> None:
        """Title, header and a row for each process; the style sheet sets the limit."""
        self.styles.height = 4 + (len(run_view.run.actors) if run_view else 0)
        super().watch_run_view(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title with what an update waits for, the header, rows."""
        palette = self.palette
        widths = {"process": 11, "state": 9, "pid": 8, "CPU": 5, "memory": 9, "steps/s": 8, "version": 8, "lag": 4}
        widths |= {"restarts": 9}
        if run_view.cluster is not None:
            nodes = max((len(plain(actor.node, LONGEST_NODE)) for actor in run_view.run.actors), default=0)
            widths |= {"node": max(nodes, len("node"))}
        columns = _columns(widths, 0, palette, dim=("pid", "node"))
        columns[1] = replace(columns[1], title="")
        table = Table(columns, width, palette, DROPPED_FIRST)
        inexact = [Text(NOT_EXACT, style=palette.warn)] if run_view.run.exact_resume is False else []
        room = width - 8 - (len(NOT_EXACT) + 2 if inexact else 0)
        title = title_line(palette, "processes", *inexact, *_sums(run_view, room))
        return [title, table.header(), *table.first(process_rows(run_view), height - 2)]


def _next_step(run_view: RunView) -> str:
    """The command for a run that has ended before its end; what is printed after the dashboard names it in full."""
    run = run_view.run
    if run_view.replay is not None or not run_view.ended or (run_view.state == "stopped" and not run.exit_code):
        return ""
    if run_view.state == "finished":
        return ""
    command = "verify" if run.exit_code == ExitCode.BAD_DATA else "resume"
    return f"next: gwt-ib-tui {command} RUN"


def process_rows(run_view: RunView) -> list[ProcessRow]:
    """Trainer, learner, then the actors."""
    state = _state_words(run_view)
    speed = None if run_view.ended or run_view.halted else run_view.steps_per_s
    learner = {
        "steps/s": "" if speed is None else number(speed),
        "version": count(run_view.metric("policy_version")),
        "lag": count(run_view.metric("policy_lag_max")),
    }
    return [
        {"process": "trainer", "state": state} | _usage(run_view, run_view.run.trainer),
        {"process": "learner", "state": state} | _usage(run_view, run_view.run.learner) | learner,
        *_actor_rows(run_view),
    ]


def _actor_rows(run_view: RunView) -> list[ProcessRow]:
    """The actors: those that are dead in a run that lives before the others."""
    ordered = sorted(run_view.run.actors, key=lambda actor: (actor.alive or run_view.ended, actor.number))
    return [
        {
            "process": f"actor {actor.number}",
            "actor": str(actor.number),
            "state": _actor_words(run_view, actor),
            "node": plain(actor.node, LONGEST_NODE),
            "steps/s": number(_speed(run_view, actor)),
            "version": count(None if actor.policy_version == -1 else actor.policy_version),
            "lag": count(actor.policy_lag),
            "restarts": count(actor.restarts),
        }
        | _usage(run_view, actor.pid)
        for actor in ordered
    ]


def _columns(
    widths: Mapping[str, int], gap: int, palette: Palette, dim: Collection[str]
) -> list[TableColumn[ProcessRow]]:
    """Columns by their titles, the names and numbers in them at the right; those in `dim` matter less."""
    states = {"●": palette.good, "✗": palette.bad, "?": palette.warn}

    def column(title: str) -> TableColumn[ProcessRow]:
        color = palette.dim if title in dim else palette.text

        def cell(row: ProcessRow, _: int) -> tuple[str, str]:
            words = row.get(title, "")
            if title == "state":
                return words, f"bold {states.get(words[0], palette.dim)}"
            return words, palette.warn if title == "restarts" and words not in ("", "0") else color

        gaps = {"actor": 1, "process": 1, "state": 2 * gap, "node": 2}
        return TableColumn(title, widths[title], cell, gaps.get(title, gap), right=title not in NAMES)

    return [column(title) for title in widths]


def _state_words(run_view: RunView, alive: bool = True) -> str:
    """An icon and a word for a process that was alive, or not, when run.json was written."""
    if run_view.ended:
        return "■ ended"
    if not alive:
        return "✗ dead"
    return {STALLED: "? silent", UNKNOWN: "? unknown"}.get(run_view.state, "● alive")


def _actor_words(run_view: RunView, actor: ActorRecord) -> str:
    """The same for an actor; one that the cluster has no place for is not dead."""
    waits = run_view.cluster is not None and not actor.alive and not actor.node and actor.pid is None
    return WAITS if waits and not run_view.ended else _state_words(run_view, actor.alive)


def _alive_words(run_view: RunView, noun: str = "") -> str:
    """How many of the actors are what, such as `2 of 2 actors alive` where `noun` is ` actors`."""
    actors = run_view.run.actors
    if run_view.ended:
        return f"{len(actors)}{noun} ended"
    word = _state_words(run_view).partition(" ")[2]
    return f"{sum(actor.alive for actor in actors)} of {len(actors)}{noun} {word}"


def _speed(run_view: RunView, actor: ActorRecord) -> float | None:
    """Steps per second; none of an actor that nobody has heard of for a while."""
    return None if run_view.ended or run_view.state in (STALLED, UNKNOWN) else actor.steps_per_s


def _sums(run_view: RunView, width: int) -> list[str]:
    """How many actors live, and what an update waits for; only what fits."""
    words = [_alive_words(run_view, " actors")] if run_view.run.actors else []
    waits, learns = run_view.metric("rollout_s"), run_view.metric("learn_s")
    if waits is not None and learns is not None:
        words.append(f"update: waits {number(waits)} s, learns {number(learns)} s")
    return words if sum(len(word) + 2 for word in words) <= width else words[:1]


def _usage(run_view: RunView, pid: int | None) -> ProcessRow:
    percent, resident = run_view.usage.get(0 if pid is None else pid, (None, None))
    return {
        "pid": ABSENT if pid is None else str(pid),
        "CPU": ABSENT if percent is None else f"{percent:.0f}%",
        "memory": ABSENT if resident is None else f"{resident / 1e6:,.0f} MB",
    }
