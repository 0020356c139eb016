"""A disk that refuses records costs none of them: they wait, in order, and what is wrong is said."""

import errno
import os
import threading

import pytest

from gwt_ib.runs import jsonl
from gwt_ib.runs.jsonl import RecordReader, RecordWriter, read_records


class Disk:
    """Takes `room` more bytes, then refuses; `syncs` says whether it can be synced."""

    def __init__(self, monkeypatch):
        self.room, self.syncs = 1 << 40, True
        write, sync = os.write, os.fsync

        def limited(descriptor, data):
            if not self.room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            taken = write(descriptor, bytes(data)[: self.room])
            self.room -= taken
            return taken

        def synced(descriptor):
            if not self.syncs:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            sync(descriptor)

        monkeypatch.setattr(os, "write", limited)
        monkeypatch.setattr(os, "fsync", synced)


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.jsonl"


def numbers(path):
    return [record["n"] for record in read_records(path)]


@pytest.mark.parametrize("room", range(20))
def test_wherever_the_disk_is_full_every_record_comes_once_and_in_order(path, disk, room):
    writer = RecordWriter(path)
    writer.append({"n": 0})
    disk.room = room
    for number in range(1, 6):
        writer.append({"n": number})
    assert writer.trouble == "metrics.jsonl cannot be written: No space left on device"
    assert path.read_bytes().endswith(b"\n"), "what was torn is taken back"
    with pytest.raises(OSError, match="No space"):
        writer.sync()
    disk.room = 1 << 40
    writer.append({"n": 6})
    assert (writer.trouble, numbers(path)) == ("", list(range(7)))
    reader = RecordReader(path)
    reader.read()
    assert reader.damaged == 0


def test_what_waits_is_written_without_a_new_record_too(path, disk):
    disk.room = 0
    writer = RecordWriter(path)
    writer.append({"n": 1})
    assert not writer.retry() and writer.trouble
    disk.room = 100
    assert writer.retry() and not writer.trouble
    assert numbers(path) == [1]


def test_too_many_that_wait_are_counted(path, disk, monkeypatch):
    monkeypatch.setattr(jsonl, "BACKLOG", 3)
    disk.room = 0
    writer = RecordWriter(path)
    for number in range(5):
        writer.append({"n": number})
    assert writer.trouble == "metrics.jsonl cannot be written: No space left on device; 2 records are lost"
    disk.room = 1 << 20
    assert writer.retry()
    assert numbers(path) == [2, 3, 4]


def test_a_directory_that_is_not_there_yet(tmp_path):
    writer = RecordWriter(tmp_path / "later" / "events.jsonl")
    writer.append({"n": 1})
    assert writer.trouble == "events.jsonl cannot be written: No such file or directory"
    (tmp_path / "later").mkdir()
    writer.append({"n": 2})
    writer.sync()
    assert (writer.trouble, numbers(tmp_path / "later" / "events.jsonl")) == ("", [1, 2])


def test_after_a_failed_sync_the_file_is_written_anew(path, disk):
    writer = RecordWriter(path)
    writer.append({"n": 1})
    inode = path.stat().st_ino
    disk.syncs = False
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output"):
            writer.sync()
    assert writer.trouble == "metrics.jsonl cannot be written: Input/output error"
    writer.append({"n": 2})
    disk.syncs = True
    writer.sync()
    assert (writer.trouble, numbers(path)) == ("", [1, 2])
    assert path.stat().st_ino != inode, "what a failed sync left in memory is not trusted"


def test_what_a_killed_writer_left_unfinished_costs_only_itself(path):
    path.write_bytes(b'{"n":1}\n{"n":2')
    writer = RecordWriter(path)
    writer.append({"n": 3})
    assert numbers(path) == [1, 3]
    path.write_bytes(b'{"n":1}\n{"n":2}')
    writer.close()
    writer.append({"n": 3})
    assert numbers(path) == [1, 2, 3]


def test_a_number_that_is_not_finite_is_a_mistake_of_ours_and_waits_for_nothing(path):
    writer = RecordWriter(path)
    with pytest.raises(ValueError):
        writer.append({"n": float("nan")})
    writer.append({"n": 1, "path": "a\udcff"})
    assert read_records(path) == [{"n": 1, "path": "a\udcff"}]


def test_syncing_what_was_never_written_makes_no_file(path):
    RecordWriter(path).sync()
    assert not path.exists()


def test_syncing_in_another_thread_holds_up_nobody_who_appends(path, monkeypatch):
    writer = RecordWriter(path)
    writer.append({"n": 1})
    syncing, go_on = threading.Event(), threading.Event()
    sync = os.fsync

    def slow(descriptor):
        syncing.set()
        assert go_on.wait(20)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    thread = threading.Thread(target=writer.sync)
    thread.start()
    assert syncing.wait(20)
    writer.append({"n": 2})
    assert numbers(path) == [1, 2], "while the disk is still busy"
    writer.close()
    go_on.set()
    thread.join()
    writer.append({"n": 3})
    assert (numbers(path), writer.trouble) == ([1, 2, 3], "")
