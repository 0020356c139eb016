from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from recorded_run import RecordedRun, long_metrics
from support import PATIENCE_S

from gwt_ib.clock import utc_now
from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.state.history import metric_feed
from gwt_ib_tui.state.history.gate_history import GateCurve
from gwt_ib_tui.state.run.feed import Feed


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    return RecordedRun(tmp_path / "a-run")


def steps(feed: Feed) -> list[float]:
    return list(feed.run_view.series.column("env_steps").mean)


def test_a_whole_run(recorded: RecordedRun) -> None:
    recorded.learn(31)
    path = recorded.save_snapshot()
    run_view = Feed(recorded.directory).read_everything()
    assert run_view.state == "running"
    assert run_view.config == recorded.config
    assert run_view.metric("update") == 31
    assert run_view.series.rows == 31
    assert run_view.progress == pytest.approx(31 / 122)
    assert run_view.steps_per_s == pytest.approx(9000)
    assert run_view.seconds_left == pytest.approx((122 - 31) * 4096 / 9000)
    assert run_view.curve is not None and run_view.verdict is not None
    assert run_view.verdict.status == "wait"
    assert [actor.number for actor in run_view.run.actors] == [0, 1]
    assert run_view.events[-1].fields["path"] == path
    assert np.isfinite(run_view.series.column("eval_return").mean).sum() == 3


def test_a_growing_file_and_an_unfinished_line(recorded: RecordedRun) -> None:
    feed = Feed(recorded.directory)
    recorded.learn(2)
    feed.poll()
    first = feed.run_view
    with recorded.directory.metrics.open("a") as file:
        file.write('{"update": 3, "env_steps": 12288, "td_std": 0.')
        file.flush()
        feed.poll()
        assert feed.run_view.series.rows == 2
        file.write("5}\n")
        file.flush()
        feed.poll()
    assert feed.run_view.metric("td_std") == 0.5
    assert steps(feed) == [4096, 8192, 12288]
    assert first.series.rows == 2, "a published snapshot does not change"


def test_nothing_new_is_nothing_published(recorded: RecordedRun) -> None:
    recorded.learn(2)
    feed = Feed(recorded.directory)
    feed.read_everything()
    before = feed.run_view
    feed.poll()
    assert feed.run_view is before


def test_a_resumed_run_that_was_cut_back(recorded: RecordedRun) -> None:
    recorded.learn(20)
    feed = Feed(recorded.directory)
    feed.read_everything()
    recorded.resume(5)
    recorded.learn(1)
    feed.read_everything()
    assert steps(feed) == [4096.0 * update for update in range(1, 7)]


def test_a_cut_back_file_that_has_outgrown_the_old_one_unseen(recorded: RecordedRun) -> None:
    recorded.learn(5)
    feed = Feed(recorded.directory)
    feed.read_everything()
    recorded.resume(3)
    recorded.learn(30)
    feed.read_everything()
    assert steps(feed) == [4096.0 * update for update in range(1, 34)]


def test_rows_out_of_order_are_left_out(recorded: RecordedRun) -> None:
    for update in (1, 2, 3, 2, 3, 4):
        recorded.metrics.append({"update": update, "env_steps": update * 10})
    feed = Feed(recorded.directory)
    feed.read_everything()
    assert steps(feed) == [10, 20, 30, 40]


def test_missing_files(tmp_path: Path) -> None:
    feed = Feed(RunDirectory(tmp_path / "nothing"))
    run_view = feed.read_everything()
    assert (run_view.state, run_view.series.rows, run_view.verdict, run_view.config) == ("unknown", 0, None, None)
    assert run_view.run.name == "nothing"


@pytest.mark.parametrize(
    "content", ["", "[]", "{", "null", "[" * 50_000, '{"state": 5, "actors": [1, {"actor": "x"}], "pids": []}']
)
def test_damaged_files(recorded: RecordedRun, content: str) -> None:
    directory = recorded.directory
    for path in (directory.run, directory.config, directory.gatecheck):
        path.write_text(content)
    for path in (directory.metrics, directory.events):
        path.write_text(
            content + '\n\xff\n{"update": "one", "td_std": "x", "ep100": 1e999, "gate_curve": {"td": [3, 2]}}\n'
        )
    run_view = Feed(directory).read_everything()
    assert run_view.metric("td_std") is None
    assert run_view.curve is None


def test_an_unreadable_directory_is_said(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    feed = Feed(recorded.directory)
    monkeypatch.setattr(Path, "stat", refuse)
    assert feed.poll() is False
    assert "Permission denied" in feed.run_view.problem


def test_a_long_file_is_read_in_slices_its_newest_row_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = RecordedRun(tmp_path / "long")
    long_metrics(recorded.directory.metrics, 100_000)
    feed = Feed(recorded.directory)
    monkeypatch.setattr(metric_feed, "TURN_S", 0.0)
    assert feed.poll() is True
    first = feed.run_view
    assert first.metric("update") == 100_000
    assert first.loading == pytest.approx(metric_feed.SLICE_BYTES / recorded.directory.metrics.stat().st_size)
    assert 0 < first.series.rows < 100_000
    last = feed.read_everything()
    assert last.loading is None
    assert last.series.rows == 100_000
    assert last.series.column("td_std").high.max() == pytest.approx(0.07)


def test_the_thread_follows_and_ends(recorded: RecordedRun) -> None:
    feed = Feed(recorded.directory, interval=0.01)
    feed.start()
    recorded.learn(3)
    deadline = time.monotonic() + PATIENCE_S
    while feed.run_view.series.rows < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not feed.broken
    feed.stop()
    assert feed.run_view.series.rows == 3
    assert not feed.broken


def test_killed_stalled_and_ended(recorded: RecordedRun) -> None:
    feed = Feed(recorded.directory)
    recorded.beat(heartbeat=utc_now() - 10, pids={"trainer": 1})
    feed.poll()
    assert feed.run_view.state == "stalled", "process 1 lives"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    recorded.beat(pids={"trainer": gone.pid})
    feed.poll()
    assert feed.run_view.state == "killed"
    assert feed.run_view.ended
    recorded.beat(host=socket.gethostname() + "-other")
    feed.poll()
    assert feed.run_view.state == "stalled", "another host's processes cannot be looked at"
    recorded.beat(state="failed")
    feed.poll()
    assert feed.run_view.state == "failed"


def test_verdict_and_curve_are_wary() -> None:
    assert Verdict.from_dict({}) is None
    verdict = Verdict.from_dict({"verdict": "FAIL", "findings": [{"kind": "x", "evidence": [{"value": None}]}, 7]})
    assert verdict is not None and verdict.status == "fail" and verdict.findings[0].value is None
    good = {"td": [0, 1, 2], "c": [0.5, None], "c_std": [0.1, None], "prior": [0.4, None], "count": [5, 0]}
    curve = GateCurve.of(good)
    assert curve is not None and np.isnan(curve.c[1])
    for damage in ({"td": [0, 1]}, {"c": [0.5]}, {"td": [0, 1, 1]}, {"td": [0, 1, None]}, {"prior": "x"}):
        assert GateCurve.of(good | damage) is None
    assert json.dumps(good)


def test_a_finding_shows_the_number_that_is_compared_with_its_threshold() -> None:
    values = [("eval_return", -0.93), ("eval_return", -0.81), ("eval_p_value", 0.01)]
    evidence = [{"metric": metric, "value": value, "step": place} for place, (metric, value) in enumerate(values)]
    finding = {"kind": "eval_improves", "evidence": evidence}
    known = {"threshold": "p <= 0.05", "limits": [None, 0.05], "since": 80, "decides": True}
    verdict = Verdict.from_dict({"verdict": "pass", "since": 90, "findings": [finding | known, finding]})
    assert verdict is not None and verdict.since == 90
    new, old = verdict.findings
    assert (new.metric, new.value) == (old.metric, old.value) == ("eval_p_value", 0.01)
    assert [(item.metric, item.value, item.step) for item in new.evidence] == [
        (*entry, step) for step, entry in enumerate(values)
    ]
    assert (new.threshold, new.limits, new.since, new.decides) == ("p <= 0.05", (None, 0.05), 80, True)
    assert (old.threshold, old.limits, old.since, old.decides) == ("", (None, None), None, False)
    damaged = {"threshold": 7, "limits": [1, 2, 3], "since": "x", "decides": 1}
    verdict = Verdict.from_dict({"verdict": "pass", "since": [], "findings": [finding | damaged]})
    assert verdict is not None and verdict.since is None
    assert verdict.findings[0] == old


def test_rows_after_a_damaged_stretch_are_read(recorded: RecordedRun) -> None:
    recorded.learn(30)
    with recorded.directory.metrics.open("ab") as file:
        file.write(bytes(900 << 10) + b"\n")
    recorded.learn(30)
    assert Feed(recorded.directory).read_everything().series.rows == 60


def test_news_is_published_while_another_file_cannot_be_read(recorded: RecordedRun) -> None:
    recorded.learn(3)
    recorded.finish()
    recorded.directory.metrics.unlink()
    recorded.directory.metrics.mkdir()
    feed = Feed(recorded.directory)
    feed.poll()
    assert feed.run_view.problem and feed.run_view.verdict is not None
    recorded.directory.gatecheck.write_text('{"verdict": "fail", "findings": []}')
    feed.poll()
    assert feed.run_view.verdict.status == "fail"


def test_a_trainer_whose_clock_is_behind_is_not_stalled(recorded: RecordedRun) -> None:
    feed = Feed(recorded.directory)
    for _ in range(2):
        recorded.beat(heartbeat=utc_now() - 6, host="elsewhere")
        feed.poll()
    assert feed.run_view.state == "running"
