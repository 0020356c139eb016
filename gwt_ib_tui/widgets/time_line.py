"""How a replay shows where it stands: a chip that no live run has, and a thin line from its start to its end."""

from __future__ import annotations

from rich.text import Text

from gwt_ib.text import duration
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.replay.playback import Playback


def replay_chip(playback: Playback, palette: Palette) -> Text:
    """Whether it plays, is held or is over, and the speed."""
    sign = "▶" if playback.playing else "■" if playback.at_end else "‖"
    words = f" {sign} REPLAY {playback.speed:g}x "
    return Text(words, style=f"bold {palette.on_chip} on {palette.second}", end="")


def time_line(playback: Playback, width: int, palette: Palette) -> Text:
    """A line of `width` cells with a mark at the position, then the position and the length in words."""
    here = round(playback.share * (width - 1))
    line = Text(no_wrap=True, end="")
    line.append("━" * here, style=palette.second)
    line.append("●", style=f"bold {palette.second}")
    line.append("─" * (width - 1 - here), style=palette.frame)
    line.append(f" {duration(playback.position)} of {duration(playback.length)}", style=f"bold {palette.text}")
    return line
