from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from recorded_run import RecordedRun, long_metrics

from gwt_ib.runs.metrics import NUMBERS
from gwt_ib_tui.state.history import metric_feed
from gwt_ib_tui.state.history.gate_history import GateStore
from gwt_ib_tui.state.history.metric_feed import MetricFeed, Rows, spaced_lines
from gwt_ib_tui.state.history.series import SeriesStore


def feed(path: Path) -> MetricFeed:
    return MetricFeed(path, rows=64, buckets=64, moments=16)


def test_a_long_file_is_shown_as_a_whole_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.jsonl"
    long_metrics(path, 20_000)
    monkeypatch.setattr(metric_feed, "LONG_BYTES", 1 << 20)
    monkeypatch.setattr(metric_feed, "TURN_S", 0.0)
    metrics = feed(path)
    assert metrics.read()
    ahead = metrics.view()[0]
    steps = ahead.column("env_steps").mean
    assert 0 < metrics.rows_read < 20_000
    assert steps[0] == 4096
    assert steps[-1] > 0.99 * 20_000 * 4096
    assert (np.diff(steps) > 0).all()
    assert metrics.read()
    assert metrics.view()[0] is ahead, "nothing to draw again while it is read"
    while metrics.read():
        pass
    assert metrics.view()[0].rows == 20_000
    assert metrics.rows_read == 20_000


def test_curves_are_kept_as_if_each_row_had_come_alone(tmp_path: Path) -> None:
    recorded = RecordedRun(tmp_path / "a-run")
    recorded.learn(70)
    metrics = feed(recorded.directory.metrics)
    metrics.read()
    alone = GateStore(16)
    for line in recorded.directory.metrics.read_bytes().splitlines():
        alone.append(Rows.of([line]).record(0))
    assert metrics.view()[1].updates.tolist() == alone.view().updates.tolist()
    assert metrics.row["update"] == 70


def test_spaced_lines_are_complete_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"".join(b"%05d%s\n" % (number, b"x" * (number % 50)) for number in range(2000)) + b"unfinished")
    lines = spaced_lines(path, 40)
    numbers = [int(line[:5]) for line in lines]
    assert numbers[0] == 0
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 40
    assert [line for line in path.read_bytes().split(b"\n") if line in lines] == lines
    path.write_bytes(b"one\ntwo\nthree")
    assert spaced_lines(path, 40) == [b"one", b"two"]
    path.write_bytes(b"")
    assert spaced_lines(path, 40) == []


def test_many_rows_at_once_fill_the_store_as_one_by_one() -> None:
    values = np.arange(300.0 * len(NUMBERS)).reshape(300, len(NUMBERS))
    values[::7, 3] = np.inf
    at_once, one_by_one = (SeriesStore(NUMBERS, raw=16, buckets=8) for _ in range(2))
    at_once.extend(values)
    for row in values:
        one_by_one.append(row.tolist())
    for name in NUMBERS[:5]:
        first, second = (store.view().column(name) for store in (at_once, one_by_one))
        np.testing.assert_array_equal(first.low, second.low)
        np.testing.assert_array_equal(first.mean, second.mean)
