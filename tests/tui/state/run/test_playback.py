"""Where a replay stands: position, speed, seeking, the end."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.state.run.playback import SPEEDS, WHOLE_RUN_S, Playback
from gwt_ib_tui.widgets.status_bar import replay_chip, time_line


@pytest.mark.parametrize("length", [0.0, 1.0, 54.0, 600.0, 3_600.0, 20_000.0, 1e7])
def test_a_whole_run_takes_about_half_a_minute(length: float) -> None:
    playback = Playback.of(length)
    assert playback.playing and playback.speed in SPEEDS
    if WHOLE_RUN_S * SPEEDS[0] < length < WHOLE_RUN_S * SPEEDS[-1]:
        assert WHOLE_RUN_S / 2 < length / playback.speed < WHOLE_RUN_S * 2


def test_it_advances_by_its_speed_and_stops_at_the_end() -> None:
    playback = Playback(0.0, 100.0, 20.0, True)
    assert playback.advanced(2.0).position == 40.0
    assert playback.toggled().advanced(2.0).position == 0.0
    over = playback.advanced(60.0)
    assert over.position == 100.0 and over.at_end and not over.playing and over.share == 1.0


def test_from_the_end_it_plays_from_the_start() -> None:
    held = Playback(30.0, 100.0, 1.0, False)
    assert held.toggled() == Playback(30.0, 100.0, 1.0, True)
    assert Playback(100.0, 100.0, 1.0, False).toggled() == Playback(0.0, 100.0, 1.0, True)


def test_seeking_goes_by_shares_and_no_further_than_the_ends() -> None:
    playback = Playback(50.0, 100.0, 1.0, True)
    assert playback.moved(0.02).position == 52.0 and playback.moved(-0.1).position == 40.0
    assert playback.moved(-2.0).position == 0.0 and playback.moved(-2.0).playing
    assert playback.moved(2.0).position == 100.0 and not playback.moved(2.0).playing


def test_every_speed_is_reached_step_by_step() -> None:
    playback = Playback(0.0, 100.0, SPEEDS[0], True).at_speed(-1)
    seen = [playback.speed]
    for _ in range(len(SPEEDS)):
        playback = playback.at_speed(1)
        seen.append(playback.speed)
    assert tuple(seen) == (*SPEEDS, SPEEDS[-1])


def test_a_length_that_is_known_later_keeps_position_and_speed() -> None:
    assert Playback(5.0, 10.0, 2.0, True).lasting(40.0) == Playback(5.0, 40.0, 2.0, True)
    assert Playback(5.0, 10.0, 2.0, False).lasting(4.0) == Playback(4.0, 4.0, 2.0, False)
    assert Playback(0.0, 0.0, 1.0, True).lasting(60.0) == Playback.of(60.0)


def test_the_time_line_says_where_it_is() -> None:
    line = time_line(Playback(25.0, 100.0, 1.0, True), 21, DARK).plain
    assert line == "━━━━━●─────────────── 0:25 of 1:40"
    for playback in (Playback(), Playback(0.0, 100.0), Playback(100.0, 100.0)):
        assert cell_len(time_line(playback, 12, DARK).plain.partition(" ")[0]) == 12


def test_the_chip_tells_playing_held_and_over_apart() -> None:
    chips = [Playback(0.0, 9.0, 0.25, True), Playback(0.0, 9.0, 50.0, False), Playback(9.0, 9.0, 1000.0, False)]
    words = [replay_chip(playback, DARK).plain for playback in chips]
    assert words == [" ▶ REPLAY 0.25x ", " ‖ REPLAY 50x ", " ■ REPLAY 1000x "]
