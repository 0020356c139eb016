"""What a resume cuts off a run's metrics is kept aside; holes and a torn end are found."""

import os

import pytest

from gwt_ib.runs.cut_back import CutBack, cut_back, look_at_rows
from gwt_ib.runs.jsonl import RecordReader, RecordWriter, last_record, read_records


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.jsonl"


@pytest.fixture
def aside(tmp_path):
    return tmp_path / "metrics-aside.jsonl"


def test_what_came_after_a_snapshot_is_kept_aside_and_readers_start_again(path, aside):
    writer = RecordWriter(path)
    for update in range(1, 6):
        writer.append({"update": update})
    reader = RecordReader(path)
    assert len(reader.read()) == 5
    assert look_at_rows(path, 3) == cut_back(path, 3, aside) == CutBack(cut=2)
    writer = RecordWriter(path)
    writer.append({"update": 4, "again": True})
    rows = reader.read()
    assert reader.restarts == 1
    assert [row["update"] for row in rows] == [1, 2, 3, 4]
    assert rows[-1]["again"]
    assert [row["update"] for row in read_records(aside)] == [4, 5]
    cut_back(path, 3, aside)
    assert [(row["update"], "again" in row) for row in read_records(aside)] == [(4, False), (5, False), (4, True)]


def test_a_damaged_line_costs_itself_and_no_other_and_is_kept_aside(path, aside):
    path.write_bytes(b'{"update": 1}\ngarbage\n{"update": 3}\n{"update": 4}\n')
    assert cut_back(path, 3, aside) == CutBack(cut=2, holes=((2, 2),))
    assert [row["update"] for row in read_records(path)] == [1, 3]
    assert aside.read_bytes() == b'garbage\n{"update": 4}\n'


def test_an_unfinished_last_line_is_cut_off_too(path, aside):
    path.write_bytes(b'{"update": 1}\n{"update": 2')
    assert cut_back(path, 1, aside) == CutBack(cut=1)
    assert path.read_bytes() == b'{"update": 1}\n'
    assert aside.read_bytes() == b'{"update": 2\n'


def test_a_whole_last_row_that_only_lacks_its_end_is_kept(path, aside):
    path.write_bytes(b'{"update": 1}\n{"update": 2}')
    assert last_record(path) == {"update": 1}
    assert cut_back(path, 2, aside) == CutBack(repaired=True)
    assert last_record(path) == {"update": 2}
    assert path.read_bytes() == b'{"update": 1}\n{"update": 2}\n' and not aside.read_bytes()


def test_every_hole_is_a_range_of_updates(path, aside):
    path.write_bytes(b"".join(b'{"update": %d}\n' % update for update in (2, 3, 7, 7, 5, 9)))
    assert cut_back(path, 12, aside) == CutBack(cut=2, holes=((1, 1), (4, 6), (8, 8), (10, 12)))
    assert [row["update"] for row in read_records(path)] == [2, 3, 7, 9]
    assert cut_back(path.with_name("none.jsonl"), 3, aside) == CutBack(holes=((1, 3),))
    assert cut_back(path.with_name("none.jsonl"), 0, aside) == CutBack()


def test_a_file_that_is_as_it_should_be_is_not_touched(path, aside):
    path.write_bytes(b'{"update": 1}\n{"update": 2}\n')
    before = path.stat()
    assert cut_back(path, 2, aside) == CutBack()
    assert path.stat() == before and not aside.exists()


def test_odd_rows_are_damage(path, aside):
    rows = (
        b'{"update": true}\n{"update": 1}\n{"update": 1e999}\n{"update": -4}\n['
        + b"[" * 50_000
        + b"\n"
        + bytes(1 << 20)
    )
    path.write_bytes(rows)
    assert cut_back(path, 1, aside).holes == ()
    assert path.read_bytes() == b'{"update": 1}\n'


def test_what_cannot_be_put_aside_stays_where_it_is(path, aside):
    path.write_bytes(b'{"update": 1}\n{"update": 2}\n')
    aside.mkdir()
    with pytest.raises(IsADirectoryError):
        cut_back(path, 1, aside)
    assert [row["update"] for row in read_records(path)] == [1, 2]
    assert sorted(entry.name for entry in path.parent.iterdir()) == [aside.name, path.name]


@pytest.mark.timeout(20)
def test_a_pipe_is_an_error_and_no_wait(path, aside):
    os.mkfifo(path)
    with pytest.raises(OSError, match="Not a regular file"):
        cut_back(path, 1, aside)
