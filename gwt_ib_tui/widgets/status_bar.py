"""The two lines at the top: which run this is, in what state and by which verdicts; how far it is and how long it takes."""

from __future__ import annotations

from rich.text import Text
from textual.reactive import reactive

from gwt_ib.runs.record import KILLED, STALLED
from gwt_ib.text import ABSENT, count, duration, number, plain, shortened
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.playback import Playback
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.both_verdicts import badges
from gwt_ib_tui.widgets.panel import Panel

STATES = {
    "running": ("●", "pass"),
    "finished": ("■", "pass"),
    "paused": ("‖", "warn"),
    "stopping": ("○", "warn"),
    "stopped": ("■", "warn"),
    STALLED: ("?", "warn"),
    "failed": ("✗", "fail"),
    KILLED: ("✗", "fail"),
}
"""The states of a run, each with an icon and the status that has its colour in lists."""
ALARMING = frozenset({STALLED, "failed", KILLED})
"""The states that somebody has to look at: they alone have a colour on a chip, which else is the verdicts'."""
STARTING = "○", "wait"
SHORTEST_NAME = 20  # cells of a run's name; with less room the verdicts stand without theirs
STALE_S = 5.0  # without a new row for longer than this, the row's age is shown


class StatusBar(Panel):
    """State, name, both verdicts, progress, speed, time left."""

    stopping: reactive[bool] = reactive(False)
    frozen: reactive[str] = reactive("")

    def __init__(self, read_only: bool = False) -> None:
        super().__init__(id="status")
        self._read_only = read_only

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The run on the first line, its progress on the second."""
        return [self._run_line(run_view, width), self._progress_line(run_view, width)]

    def _run_line(self, run_view: RunView, width: int) -> Text:
        palette, replay, run = self.palette, run_view.replay, run_view.run
        state = "stopping" if self.stopping and not run_view.ended else run_view.state
        line = Text().append_text(state_chip(state, palette) if replay is None else replay_chip(replay, palette))
        if self.frozen:
            line.append(" ").append(f" {self.frozen} ", style=f"bold {palette.on_chip} on {palette.line}")
        right = Text("  ").join([*self._right(run_view), badges(run_view.verdict, palette)])
        if width - line.cell_len - right.cell_len - 4 < SHORTEST_NAME:
            right = Text("  ").join([*self._right(run_view), badges(run_view.verdict, palette, named=False)])
        room = width - line.cell_len - right.cell_len - 4
        name, env = plain(run.name), plain(run.env_id)
        if env and env not in name and len(name) + len(env) + 2 <= room:
            name = f"{name}  {env}"
        line.append("  ").append(shortened(name, max(room, 8)), style=f"bold {palette.text}")
        return line.append(" " * max(width - line.cell_len - right.cell_len, 2)).append_text(right)

    def _right(self, run_view: RunView) -> list[Text]:
        """What else is to be said of it."""
        words, age = ["read-only"] if self._read_only else [], run_view.row_age_s
        if run_view.replay is not None:
            words = [f"run state: {plain(run_view.state, 12)}"]
        if run_view.loading is not None:
            words.append(f"reading {run_view.loading:.0%}")
        elif age is not None and age > STALE_S and not run_view.ended and run_view.state != "paused":
            words.append(f"last update {duration(age)} ago")
        return [Text(word, style=self.palette.dim) for word in words]

    def _progress_line(self, run_view: RunView, width: int) -> Text:
        palette, trouble = self.palette, plain(run_view.trouble)
        if run_view.replay is not None:
            readings = sorted(_readings(run_view)[:3], key=lambda reading: -reading[1])[: 3 if width >= 100 else 2]
            words = trouble or " · ".join(reading for reading, _ in readings)
            line = time_line(run_view.replay, max(min(width - 66, 40), 10), palette)
            line.append(f"  {words}", style=palette.bad if trouble else palette.dim)
            line.truncate(width, overflow="ellipsis")
            return line
        readings = _readings(run_view)[: 2 if trouble else None]
        percent = share_words(run_view.progress)
        if trouble and not run_view.ended:  # what goes wrong now matters more than how far the run is
            while readings and sum(len(reading) + 3 for reading, _ in readings) + len(trouble) + 15 > width:
                readings.remove(min(readings, key=lambda reading: reading[1]))
        while len(readings) > 2 and sum(len(reading) + 3 for reading, _ in readings) + len(percent) + 13 > width:
            readings.remove(min(readings, key=lambda reading: reading[1]))
        words = " · ".join(reading for reading, _ in readings)
        # Beside the reason of a failure the bar is short: the reason is longer than any reading.
        room = 8 if trouble else min(width - len(words) - len(percent) - 4, 48)
        line = progress_bar(run_view.progress or 0.0, max(room, 4), palette)
        line.append(f" {percent}", style=f"bold {palette.text}").append(f"  {words}", style=palette.dim)
        if trouble:
            line.append(f" · {trouble}" if words else trouble, style=palette.bad)
            line.truncate(width, overflow="ellipsis")
        return line


def _readings(run_view: RunView) -> list[tuple[str, int]]:
    """What stands beside the progress bar, steps and update first, and how much it matters where there is little room.

    A run that stands still has no speed and no end in sight.
    """
    total, config = run_view.run.total_timesteps, run_view.config
    steps, updates = count(run_view.metric("env_steps")), count(run_view.metric("update"))
    readings = [
        (f"{steps}/{count(total)} steps" if total else f"{steps} steps", 3),
        (f"update {updates}/{config.num_updates:,}" if config else f"update {updates}", 2),
    ]
    if not run_view.halted:
        readings.append((f"{number(run_view.steps_per_s)} steps/s", 5))
    readings.append((f"elapsed {duration(run_view.metric('elapsed_s'))}", 1))
    if not run_view.ended and not run_view.halted:
        readings.append((f"left {duration(run_view.seconds_left)}", 4))
    return readings


def share_words(share: float | None) -> str:
    """A share in percent."""
    return ABSENT if share is None else f"{share:.0%}"


def state_chip(state: str, palette: Palette) -> Text:
    """The state as a word with an icon: on a colour where it is alarming, else on none, as how a run goes is no verdict."""
    icon, status = STATES.get(state, STARTING)
    if state not in ALARMING:
        look = f"bold {palette.line if state == 'running' else palette.text} on {palette.chip}"
        return Text.assemble(
            (f" {icon} ", look), (f"{plain(state, 12).upper()} ", f"bold {palette.text} on {palette.chip}")
        )
    return Text(f" {icon} {plain(state, 12).upper()} ", style=f"bold {palette.on_chip} on {palette.of_status(status)}")


def progress_bar(share: float, width: int, palette: Palette) -> Text:
    """A bar in half cells."""
    full, half = divmod(round(min(max(share, 0.0), 1.0) * 2 * width), 2)
    return Text.assemble(("━" * full + "╸" * half, palette.line), ("─" * (width - full - half), palette.frame))


def replay_chip(playback: Playback, palette: Palette) -> Text:
    """Whether a replay plays, waits or is over, and its speed; no live run has such a chip."""
    icon = "▶" if playback.playing else "■" if playback.at_end else "‖"
    return Text(f" {icon} REPLAY {playback.speed:g}x ", style=f"bold {palette.on_chip} on {palette.second}")


def time_line(playback: Playback, width: int, palette: Palette) -> Text:
    """A replay's time as a line of `width` cells with a mark at the position, then the position and the length in words."""
    here = round(playback.share * (width - 1))
    return Text.assemble(
        ("━" * here, palette.second),
        ("●", f"bold {palette.second}"),
        ("─" * (width - 1 - here), palette.frame),
        (f" {duration(playback.position)} of {duration(playback.length)}", f"bold {palette.text}"),
    )
