"""Records while they grow, end half-way, shrink and are damaged."""

import json

from gwt_ib.runs.jsonl import LAST_BYTES, RecordReader, RecordWriter, last_record, read_records
from gwt_ib.runs.metrics import METRICS, NAMES, finite_or_null


def test_a_reader_sees_each_record_once_and_never_a_part(tmp_path):
    path = tmp_path / "metrics.jsonl"
    reader = RecordReader(path)
    assert reader.read() == []
    path.write_bytes(b'{"update": 1}\n{"upd')
    assert reader.read() == [{"update": 1}]
    assert reader.read() == []
    with path.open("ab") as file:
        file.write(b'ate": 2}\n')
    assert reader.read() == [{"update": 2}]
    assert reader.damaged == 0


def test_a_damaged_line_is_passed_over_and_counted(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"update": 1}\nnonsense\n[1, 2]\n{"update": 2}\n')
    reader = RecordReader(path)
    assert [row["update"] for row in reader.read()] == [1, 2]
    assert reader.damaged == 2


def test_writers_in_turn_make_whole_lines(tmp_path):
    first, second = RecordWriter(tmp_path / "e.jsonl"), RecordWriter(tmp_path / "e.jsonl")
    for number in range(50):
        (first if number % 2 else second).append({"number": number, "text": "é" * 100})
    assert [record["number"] for record in read_records(tmp_path / "e.jsonl")] == list(range(50))
    assert last_record(tmp_path / "e.jsonl")["number"] == 49


def test_numbers_that_are_not_finite_become_null_and_are_named():
    row, changed = finite_or_null({"a": float("nan"), "b": 1.5, "c": {"d": [1.0, float("inf")]}, "e": None})
    assert row == {"a": None, "b": 1.5, "c": {"d": [1.0, None]}, "e": None}
    assert changed == ["a", "c"]
    json.dumps(row, allow_nan=False)


def test_every_metric_has_a_meaning_and_a_name_of_its_own():
    assert len(set(NAMES)) == len(NAMES) == 36
    assert all(metric.meaning for metric in METRICS)


def test_a_line_that_is_nested_too_deeply_is_damage_and_no_error(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"update": 1}\n' + b"[" * 50_000 + b"\n")
    assert last_record(path) == {"update": 1}


def test_a_damaged_stretch_is_not_the_end_of_the_file_and_is_not_kept(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"update": 1}\n' + bytes(9 << 20) + b'\n{"update": 2}\n')
    assert [row["update"] for row in read_records(path)] == [1, 2]
    reader, rows = RecordReader(path), []
    while not reader.at_end:
        rows += reader.read(1 << 16)
        assert len(reader._partial) <= LAST_BYTES
    assert [row["update"] for row in rows] == [1, 2]
    assert reader.damaged == 1
