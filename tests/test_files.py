"""Reading what may be anything: an answer at once, whatever lies under the name."""

import os
import socket
from pathlib import Path

import pytest

from gwt_ib.durable import json_bytes, try_write_json, write_atomically
from gwt_ib.files import open_to_append, parse_json, read_json, read_regular
from gwt_ib.lenient import read_object
from gwt_ib.runs.jsonl import RecordReader, RecordWriter, last_record

pytestmark = pytest.mark.timeout(20)


def listening(path):
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(here)


ODD = {
    "a pipe": os.mkfifo,
    "a folder": lambda path: path.mkdir(),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a circle": lambda path: path.symlink_to(path),
    "a link to a pipe": lambda path: (os.mkfifo(path.with_name("pipe")), path.symlink_to(path.with_name("pipe"))),
    "a socket": listening,
    "nothing": lambda path: None,
}


@pytest.fixture(params=ODD.values(), ids=ODD)
def odd(request, tmp_path):
    path = tmp_path / "odd.json"
    request.param(path)
    return path


def test_what_is_no_regular_file_is_refused_at_once(odd):
    with pytest.raises(OSError) as caught:
        read_regular(odd)
    assert caught.value.strerror
    assert read_object(odd) == {}
    assert last_record(odd) == {}


def test_what_is_no_regular_file_is_not_appended_to(odd):
    writer = RecordWriter(odd)
    writer.append({"a": 1})
    writer.append({"a": 2})
    if odd.is_file():  # there was nothing
        assert RecordReader(odd).read() == [{"a": 1}, {"a": 2}] and not writer.trouble
    else:
        assert writer.trouble.startswith("odd.json cannot be written: ")
        with pytest.raises(OSError):
            writer.sync()


def test_a_link_to_a_file_is_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link") == b"x"
    os.close(open_to_append(tmp_path / "link"))


def test_a_file_has_a_limit(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(OSError, match="More than 4 bytes"):
        read_regular(path, 4)
    with path.open("wb") as file:
        file.truncate(1 << 40)  # takes no space, and would take all memory
    assert read_object(path) == {}


def test_a_file_that_does_not_say_how_long_it_is(tmp_path):
    assert b"Name:" in read_regular(Path("/proc/self/status"))
    with pytest.raises(OSError, match="More than 3 bytes"):
        read_regular(Path("/proc/self/status"), 3)


@pytest.mark.parametrize("text", [b"[" * 100_000, b"1" * 5000, b'{"a":' * 50_000, b"\xff", b"", b"{"])
def test_json_that_would_trip_a_reader_is_no_json(text, tmp_path):
    with pytest.raises(ValueError):
        parse_json(text)
    (tmp_path / "file").write_bytes(text)
    with pytest.raises(ValueError):
        read_json(tmp_path / "file")


def test_a_temporary_name_that_is_taken_is_not_written_through(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    monkeypatch.setattr("gwt_ib.durable.threading.get_native_id", lambda: 0)
    temporary = tmp_path / f".file.tmp-{os.getpid()}-0"
    for put in (lambda: temporary.symlink_to(victim), lambda: os.mkfifo(temporary)):
        put()
        write_atomically(tmp_path / "file", b"new")
        assert (tmp_path / "file").read_bytes() == b"new"
    assert victim.read_text() == "mine"


def test_derived_files_may_fail(tmp_path):
    assert try_write_json(tmp_path / "a.json", {"a": 1}) == ""
    (tmp_path / "b.json").mkdir()
    assert try_write_json(tmp_path / "b.json", {}) == "b.json cannot be written: Is a directory"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_a_name_that_is_no_text_can_be_written_and_read_back():
    assert parse_json(json_bytes({"path": "a\udcff"})) == {"path": "a\udcff"}


def test_a_write_that_makes_no_progress_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "write", lambda descriptor, data: 0)
    with pytest.raises(OSError, match="Input/output"):
        write_atomically(tmp_path / "file", b"x")
    assert list(tmp_path.iterdir()) == []
