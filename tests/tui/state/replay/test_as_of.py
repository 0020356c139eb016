"""A run as it was: what is cut, what stays exact, in bounded memory; and that the end of a replay is what attach shows."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded_run import RecordedRun, long_metrics

from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run, with_since
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import Event
from gwt_ib.runs.jsonl import read_records
from gwt_ib_tui.state.history.series import SeriesStore
from gwt_ib_tui.state.replay.recording import Recording, Verdicts
from gwt_ib_tui.state.replay.replay import Replay, as_of
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.playback import Playback
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.state.run.timeline import placed_events, timeline_of


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def recording_of(rows: list[dict[str, Any]], most: int = 1024) -> Recording:
    recording = Recording(most)
    for row in rows:
        recording.take(row)
    return recording


def played(recorded: RecordedRun, clock: Hands) -> Replay:
    """A replay that has read everything, held at its start; without its thread."""
    replay = Replay(recorded.directory, clock=clock)
    while replay.read():
        pass
    replay.play(Playback.toggled)
    replay.judge(10.0)
    replay.show()
    return replay


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(40)
    run.event("actor_died", actor=1, message="boom")
    run.learn(2)
    run.event("actor_replaced", actor=1, restarts=1)
    run.learn(18)
    run.finish("failed", "the disk is full")
    return run


def whole(recorded: RecordedRun) -> RunView:
    return Feed(recorded.directory).read_everything()


@pytest.mark.parametrize("rows", [1, 5, 39, 60, 63, 64, 100, 399, 400])
def test_a_series_that_is_cut_ends_with_the_row_that_was_newest(rows: int) -> None:
    """400 rows in few buckets: the newest 16 to 32 as they came, those before by 32."""
    store = SeriesStore(("env_steps", "value"), raw=16, buckets=16)
    for row in range(1, 401):
        store.append((row * 10.0, row % 7))
    view = store.view().until(rows, {"env_steps": rows * 10.0, "value": rows % 7})
    x, value = view.column("env_steps"), view.column("value")
    assert view.rows == rows
    assert x.high[-1] == rows * 10.0 and value.mean[-1] == rows % 7
    assert (np.diff(x.mean) > 0).all() and len(x.mean) <= 48
    assert x.high.max() <= rows * 10.0, "nothing of what came later"


def test_of_a_short_series_every_row_is_there_at_every_moment() -> None:
    store = SeriesStore(("value",), raw=8, buckets=1000)
    rows = [math.nan if row % 5 == 0 else float(row) for row in range(100)]
    for row in rows:
        store.append((row,))
    for end in range(1, 101):
        view = store.view().until(end, {"value": rows[end - 1]})
        assert np.array_equal(view.column("value").mean, rows[:end], equal_nan=True)
        assert np.array_equal(view.newest("value", 5), rows[max(end - 5, 0) : end], equal_nan=True)


def test_a_cut_costs_no_copy_of_the_series() -> None:
    store = SeriesStore(("value",))
    for row in range(4000):
        store.append((float(row),))
    view = store.view()
    assert view.until(4000, {}) is view
    assert np.shares_memory(view.until(3900, {})._raw, view._raw)


def test_a_recording_is_thinned_evenly_and_its_end_is_exact() -> None:
    recording = recording_of([{"update": row, "elapsed_s": row * 0.5} for row in range(1, 1001)], most=64)
    assert 32 <= len(recording.frames) <= 64
    assert len({b.number - a.number for a, b in zip(recording.frames, recording.frames[1:], strict=False)}) == 1
    assert recording.length == 500.0 and recording.newest.number == 1000 and recording.at(500.0) is recording.newest
    assert recording.at(0.0) is recording.frames[0]
    for time in np.linspace(1, 499, 77):
        frame = recording.at(time)
        assert frame.time <= time and frame.history.latest["update"] == frame.number == frame.history.rows_seen


def test_rows_without_a_time_count_as_seconds_and_time_never_runs_back() -> None:
    assert recording_of([{"update": 1}, {"update": 2}]).length == 2.0
    assert [recording_of([{"elapsed_s": 5.0}, {"elapsed_s": 3.0}]).at(time).time for time in (0, 5)] == [5.0, 5.0]
    empty = Recording()
    assert empty.length == 0.0 and empty.at(0.0).number == 0


def test_at_every_moment_it_is_what_a_dashboard_knew_then(tmp_path: Path) -> None:
    """A run is recorded update by update, and followed; then its replay is held against what was followed."""
    run = RecordedRun(tmp_path / "a-run")
    feed, known = Feed(run.directory), {}
    for update in range(1, 26):
        run.learn()
        known[update] = feed.read_everything()
    run.finish()
    final, recording, verdicts = whole(run), recording_of(read_records(run.directory.metrics)), Verdicts()
    assert final.config is not None
    for frame in recording.frames[:-1]:
        then, real = as_of(final, frame, verdicts.at(frame, final.config)), known[frame.number]
        assert then.state == real.state == "running" and not then.ended
        assert then.row == real.row and then.progress == real.progress and then.steps_per_s == real.steps_per_s
        assert then.events == real.events and then.events_seen == real.events_seen
        assert [moment.update for moment in then.gate.moments] == [moment.update for moment in real.gate.moments]
        assert (
            then.curve is not None
            and real.curve is not None
            and np.array_equal(then.curve.c, real.curve.c, equal_nan=True)
        )
        for name in then.series.names:
            assert np.array_equal(then.series.column(name).mean, real.series.column(name).mean, equal_nan=True)


def test_the_verdict_is_that_of_the_rules_on_the_rows_up_to_there(recorded: RecordedRun) -> None:
    config, rows = recorded.config, read_records(recorded.directory.metrics)
    recording, verdicts, before = recording_of(rows), Verdicts(), {}
    assert verdicts.at(recording.frames[7], config).since is None, "not known before it was found out"
    verdicts.work(recording.frames, config, 10.0)
    for number in range(1, len(rows) + 1):
        judged = with_since(judge_run(History.from_rows(rows[:number]), config), before)
        before = judged.as_dict()
        assert verdicts.at(recording.frames[number - 1], config) == Verdict.from_dict(before)
    assert verdicts.at(Recording().newest, config) is None and verdicts.at(recording.newest, None) is None


def test_events_belong_to_their_update_or_to_that_of_their_time(tmp_path: Path) -> None:
    events = [Event("x", 110.0, 10), Event("actor_died", 116.0), Event("of no time")]
    events += [Event("x", 120.0, 20), Event("x", 900.0), Event("resumed", 1000.0, 15)]
    nothing = Feed(RunDirectory(tmp_path)).run_view
    run_view = replace(nothing, run=replace(nothing.run, created=100.0), events=tuple(events))
    assert list(timeline_of(run_view).updates) == [10, 15], "what was after update 15 was undone"
    assert timeline_of(run_view).events == (events[0], events[5])
    assert list(timeline_of(replace(run_view, events=tuple(events[:4]))).updates) == [10, 16, 16, 20]
    frames = recording_of([{"update": update} for update in range(1, 31)]).frames
    counts = [
        len(as_of(replace(run_view, events=tuple(events[:4])), frames[at - 1], None).events) for at in (9, 15, 16)
    ]
    assert counts == [0, 1, 3]


def test_actors_are_dead_until_they_are_replaced(recorded: RecordedRun) -> None:
    final = whole(recorded)
    frames = recording_of(read_records(recorded.directory.metrics)).frames
    assert final.run.actors == (), "run.json of a run that has ended names none"
    for update, alive, restarts in ((39, True, 0), (41, False, 0), (50, True, 1)):
        first, second = as_of(final, frames[update - 1], None).run.actors
        assert first.alive and second.alive == alive and second.restarts == restarts and second.pid is None
    assert as_of(final, frames[0], None).run.message == "" and final.run.message


def test_a_resume_brings_new_actors_that_were_never_restarted(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "a-run", eval_every=0)
    run.learn(10)
    run.event("actor_replaced", actor=0, restarts=1)
    run.event("actor_died", actor=1, message="boom")
    run.learn(10)
    run.resume(20)
    run.learn(10)
    for ended in (False, True):
        if ended:
            run.finish()
        frames = recording_of(read_records(run.directory.metrics)).frames
        before, after = (as_of(whole(run), frames[update - 1], None).run.actors for update in (15, 25))
        assert [(actor.number, actor.alive, actor.restarts) for actor in before] == [(0, True, 1), (1, False, 0)]
        assert [(actor.number, actor.alive, actor.restarts) for actor in after] == [(0, True, 0), (1, True, 0)]


def test_the_time_of_day_lies_between_events_and_a_resumed_part_counts_as_it_was_last(tmp_path: Path) -> None:
    events = [Event("x", 100.0 + update, update) for update in (10, 20, 30)]
    events += [Event("resumed", 1000.0, 20), Event("x", 1010.0, 30)]
    nothing = Feed(RunDirectory(tmp_path)).run_view
    run_view = replace(nothing, run=replace(nothing.run, created=100.0), events=tuple(events))
    timeline = timeline_of(run_view)
    assert [timeline.time_of(update) for update in (0, 5, 15, 25, 30, 99)] == [100, 105, 115, 1005, 1010, 1010]
    without = timeline_of(replace(run_view, events=(events[0], *events[2:])))
    assert without.time_of(15) == 115, "the first time that it came to update 20 no event tells of, but others do"


def test_an_event_that_a_resume_has_undone_is_neither_in_a_replays_list_nor_on_its_charts(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "a-run", eval_every=0)
    run.learn(20)
    run.save_snapshot()
    run.learn(5)
    run.event("warning", message="of the undone part")
    run.resume(20)
    run.learn(10)
    final = whole(run)
    then = as_of(final, recording_of(read_records(run.directory.metrics)).frames[26], None)
    assert [event.kind for event in then.events] == ["started", "snapshot", "resumed"]
    assert sorted(kind.kind for _, kind in placed_events(then, "update")) == ["resumed", "snapshot"]
    assert "warning" in [event.kind for event in final.events], "the run's own list keeps everything"


def test_the_end_of_a_replay_is_what_attach_shows(recorded: RecordedRun) -> None:
    clock = Hands()
    replay, attached = played(recorded, clock), whole(recorded)
    assert replay.run_view.metric("update") == 1 and replay.run_view.state == "running"
    replay.play(lambda playback: playback.moved(1.0))
    replay.show()
    end = replay.run_view
    assert end.replay is not None and end.replay.at_end
    assert (end.state, end.row, end.verdict, end.events) == ("failed", attached.row, attached.verdict, attached.events)
    assert end.run == attached.run and len(end.gate) == len(attached.gate)
    for name in end.series.names:
        assert np.array_equal(end.series.column(name).mean, attached.series.column(name).mean, equal_nan=True)


def test_it_plays_by_its_clock_and_its_version_grows(recorded: RecordedRun) -> None:
    clock = Hands()
    replay = played(recorded, clock)
    replay.play(Playback.toggled)
    speed, updates, versions = replay.run_view.replay.speed, [], []
    for _ in range(40):
        clock.now += 1.0
        replay.show()
        updates.append(replay.run_view.metric("update"))
        versions.append(replay.run_view.version)
    assert updates == sorted(updates) and updates[-1] == 60 and len(set(updates)) > 10
    assert updates[9] == math.floor(10 * speed / (4096 / 9000))
    assert versions[0] < versions[9] and not replay.run_view.replay.playing
    assert versions[-1] == versions[-2], "at the end nothing is new"


def test_a_run_without_rows_is_at_its_end(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "new")
    replay = played(run, Hands())
    replay.show()
    assert replay.run_view.replay is not None and replay.run_view.replay.at_end and replay.run_view.verdict is None


def test_a_long_run_is_shown_at_once_and_held_in_bounded_memory(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "long")
    long_metrics(run.directory.metrics, 60_000)
    run.finish()
    clock = Hands()
    replay = Replay(run.directory, clock=clock)
    assert replay.read(), "a turn of reading is not the whole"
    replay.show()
    first = replay.run_view
    assert first.metric("update") == 1 and first.loading is not None and 0 < first.loading < 1
    assert first.replay is not None and first.replay.length == 27_000.0, "the length is known from the last row"
    while replay.read():
        pass
    assert len(replay._recording.frames) <= 1024
    replay.play(lambda playback: playback.moved(0.5))
    replay.show()
    half = replay.run_view
    assert 29_900 <= half.metric("update") <= 30_000
    column = half.series.column("update")
    assert column.high[-1] == half.metric("update") and len(column.mean) < 3100
