"""The newest part of a run's logs: followed whatever happens to the files, merged, and bounded."""

from __future__ import annotations

import logging
import os
import tracemalloc
from pathlib import Path

import pytest

from gwt_ib.log import record_lines
from gwt_ib_tui.state.history import log_tail
from gwt_ib_tui.state.history.log_tail import (
    FAR_BEHIND,
    FILES_AT_ONCE,
    FIRST_BYTES,
    LONGEST_TEXT,
    OUT,
    SLICE_BYTES,
    LogTail,
    LogView,
)

START = 1795394352.0


def record(after_s: float, words: str, process: str = "learner", level: int = logging.INFO) -> bytes:
    return record_lines(START + after_s, level, process, words).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


def add(folder: Path, process: str, data: bytes) -> None:
    with (folder / f"{process}.log").open("ab") as file:
        file.write(data)


def texts(view: LogView) -> list[str]:
    return [line.text for line in view.lines]


def test_several_files_are_merged_by_time(folder: Path) -> None:
    add(folder, "learner", record(0, "a") + record(4, "d") + record(5, "e"))
    add(folder, "trainer", record(1, "b", "trainer") + record(9, "f", "trainer"))
    add(folder, "actor-10", record(3, "c", "actor-10"))
    add(folder, "actor-9", b"")
    (folder / "notes.txt").write_text("no log")
    view = LogTail(folder).read(START + 10)
    assert texts(view) == ["a", "b", "c", "d", "e", "f"]
    assert [line.process for line in view.lines][:3] == ["learner", "trainer", "actor-10"]
    assert [line.number for line in view.lines] == [1, 2, 3, 4, 5, 6]
    assert view.processes == ("trainer", "learner", "actor-9", "actor-10")


def test_a_growing_file_is_followed_line_by_line(folder: Path) -> None:
    tail = LogTail(folder)
    assert texts(tail.read(START)) == []
    whole = record(1, "first") + record(2, "second")
    add(folder, "learner", whole[:30])
    assert texts(tail.read(START + 1)) == []
    add(folder, "learner", whole[30:])
    view = tail.read(START + 2)
    assert texts(view) == ["first", "second"]
    assert tail.read(START + 3) is view, "nothing came"


def test_a_clock_that_jumps_back_does_not_turn_a_file_around(folder: Path) -> None:
    add(folder, "learner", record(9, "a\nb") + record(1, "c\nd"))
    assert [text.strip() for text in texts(LogTail(folder).read(START))] == ["a", "b", "c", "d"]


def test_further_lines_belong_to_their_record_and_prints_are_out(folder: Path) -> None:
    add(folder, "actor-0", b"before\n" + record(1, "it failed\nTraceback\n  File", "actor-0", logging.ERROR))
    add(folder, "actor-0", b"printed\n    indented\n" + record(2, "goes on", "actor-0"))
    view = LogTail(folder).read(START + 3)
    assert [(line.level, line.begins) for line in view.lines] == [
        (OUT, True), (logging.ERROR, True), (logging.ERROR, False), (logging.ERROR, False), (OUT, True), (OUT, True),
        (logging.INFO, True),
    ]  # fmt: skip
    assert view.lines[4].time == START + 1 and view.lines[6].time == START + 2


def test_what_was_printed_before_the_first_reading_has_the_best_time_that_is_known(folder: Path) -> None:
    add(folder, "actor-0", b"before\n" + record(1, "begins", "actor-0") + b"after\n")
    add(folder, "actor-1", b"alone\n")
    for number in (0, 1):
        os.utime(folder / f"actor-{number}.log", (START + 7 + number, START + 7 + number))
    view = LogTail(folder).read(START + 9)
    assert [(line.text, line.time - START) for line in view.lines] == [
        ("before", 1), ("begins", 1), ("after", 7), ("alone", 8)
    ]  # fmt: skip


def test_what_python_itself_prints_of_a_fault_is_an_error(folder: Path) -> None:
    add(folder, "learner", b"Traceback (most recent call last):\n  File x\n    y = 1\nValueError: z\nafter\n")
    view = LogTail(folder).read(START)
    assert [line.level for line in view.lines] == [logging.ERROR] * 4 + [OUT]
    assert view.count("learner", logging.ERROR) == 1


def test_what_is_printed_now_is_not_put_among_old_records(folder: Path) -> None:
    tail = LogTail(folder)
    add(folder, "actor-0", record(0, "begins", "actor-0"))
    add(folder, "learner", record(50, "update 1"))
    tail.read(START + 60)
    add(folder, "actor-0", b"printed\n")
    add(folder, "learner", record(60.5, "update 2"))
    view = tail.read(START + 61)
    assert texts(view) == ["begins", "update 1", "printed", "update 2"]
    assert view.lines[2].time == START + 60


def test_a_file_that_is_truncated_replaced_or_removed_is_begun_again(folder: Path) -> None:
    tail, path = LogTail(folder), folder / "learner.log"
    path.write_bytes(record(0, "a long first line") * 3)
    assert len(tail.read(START).lines) == 3
    path.write_bytes(record(1, "truncated"))
    assert texts(tail.read(START + 1))[-1] == "truncated"
    other = folder / "other"
    other.write_bytes(record(2, "rotated") * 9)
    other.replace(path)
    assert texts(tail.read(START + 2))[-9:] == ["rotated"] * 9
    path.unlink()
    view = tail.read(START + 3)
    assert view.processes == () and texts(view)[-1] == "rotated"
    path.write_bytes(record(4, "back"))
    assert texts(tail.read(START + 4))[-1] == "back"


def test_damaged_bytes_and_endless_lines_do_no_harm(folder: Path) -> None:
    tail = LogTail(folder)
    add(folder, "actor-0", b"\xff\xfe\x00 \xc3\n\n \n" + b"x" * 100_000)
    assert len(tail.read(START).lines) == 2
    add(folder, "actor-0", b"y" * 100_000)
    add(folder, "actor-0", b"z\n" + record(1, "whole", "actor-0"))
    view = tail.read(START + 1)
    assert [len(text) for text in texts(view)] == [5, LONGEST_TEXT, 5]
    assert texts(view)[1] == "x" * LONGEST_TEXT and texts(view)[2] == "whole"


def test_the_last_words_of_a_killed_process_are_seen_without_their_end(folder: Path) -> None:
    tail = LogTail(folder)
    add(folder, "actor-0", b"Segmentation fault")
    assert texts(tail.read(START)) == []
    assert texts(tail.read(START + 2)) == ["Segmentation fault"]
    assert texts(tail.read(START + 4)) == ["Segmentation fault"]


def test_a_progress_bar_is_shown_as_it_is_seen(folder: Path) -> None:
    add(folder, "actor-0", b"10 %\r50 %\r100 %\r\n")
    assert texts(LogTail(folder).read(START)) == ["100 %"]


def test_of_a_long_file_the_newest_part_is_read_at_first(folder: Path) -> None:
    add(folder, "learner", b"".join(record(place, f"line {place}") for place in range(20_000)))
    view = LogTail(folder).read(START)
    assert texts(view)[-1] == "line 19999"
    assert FIRST_BYTES // 2 < sum(len(text) + 40 for text in texts(view)) <= FIRST_BYTES * 1.1
    assert all(text.startswith("line ") for text in texts(view))


def test_a_flood_is_watched_at_its_end_in_bounded_memory(folder: Path) -> None:
    tail = LogTail(folder, kept=1000)
    add(folder, "learner", record(0, "begins") + record(0, "a warning", level=logging.WARNING))
    tail.read(START)
    flood = b"".join(b"%090d\n" % place for place in range(300_000))
    add(folder, "actor-0", record(0, "begins", "actor-0"))
    tail.read(START)
    tracemalloc.start()
    for second in range(3):
        add(folder, "actor-0", flood)
        view = tail.read(START + second)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4e6
    assert len(view.lines) == 1000 and int(view.lines[-1].text) == 299_999
    assert view.lines[-1].number < 3 * SLICE_BYTES / 90 + 10
    assert [line.text for line in view.serious] == ["a warning"]


def test_what_a_flood_leaves_out_is_said(folder: Path) -> None:
    tail = LogTail(folder)
    add(folder, "actor-0", b"begins\n")
    tail.read(START)
    add(folder, "actor-0", b"x" * 99 + b"\n" + (b"y" * 99 + b"\n") * (FAR_BEHIND // 100))
    assert texts(tail.read(START + 1))[1] == f"… {(FAR_BEHIND + 76 - SLICE_BYTES) / 1e6:.1f} MB were passed over"


def test_less_than_a_flood_is_read_in_slices_and_whole(folder: Path) -> None:
    tail = LogTail(folder, kept=100_000)
    add(folder, "actor-0", b"begins\n")
    tail.read(START)
    add(folder, "actor-0", b"".join(b"%090d\n" % place for place in range(FAR_BEHIND // 100)))
    for second in range(9):
        view = tail.read(START + second)
    assert [int(text) for text in texts(view)[1:]] == list(range(FAR_BEHIND // 100))


def test_thousands_of_files_are_looked_at_in_turn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3 * FILES_AT_ONCE):
        add(folder, f"actor-{number}", record(number, str(number)))
    looked_at = []
    read = log_tail.LogFile.read
    monkeypatch.setattr(log_tail.LogFile, "read", lambda file, now: looked_at.append(file) or read(file, now))
    tail = LogTail(folder)
    tail.read(START)
    assert len(looked_at) == FILES_AT_ONCE
    tail.read(START)
    assert sorted(map(int, texts(tail.read(START)))) == list(range(3 * FILES_AT_ONCE))


def test_warnings_and_errors_are_counted_by_process(folder: Path) -> None:
    add(folder, "learner", record(0, "a", level=logging.WARNING) + record(0, "b\nc", level=logging.CRITICAL))
    add(folder, "actor-0", record(0, "d", "actor-0", logging.ERROR) + b"no record\n")
    view = LogTail(folder).read(START)
    assert (view.count("", logging.WARNING), view.count("", logging.ERROR)) == (3, 2)
    assert (view.count("actor-0", logging.WARNING), view.count("trainer", logging.WARNING)) == (1, 0)


def test_what_cannot_be_read_is_said_and_the_others_are_read(folder: Path) -> None:
    os.mkfifo(folder / "actor-0.log")  # opening it would wait for ever
    (folder / "actor-1.log").symlink_to(folder / "actor-1.log")
    add(folder, "learner", record(0, "begins"))
    view = LogTail(folder).read(START)
    assert texts(view) == ["begins"]
    assert view.problem == f"cannot read {folder / 'actor-1.log'}: Too many levels of symbolic links"
    assert LogTail(folder / "absent").read(START).problem == ""
    assert "Not a directory" in LogTail(folder / "learner.log").read(START).problem


def test_lines_before_those_on_show_are_known_of(folder: Path) -> None:
    add(folder, "trainer", record(0, "a") + record(1, "b"))
    tail = LogTail(folder, kept=3)
    assert not tail.read(START).older
    add(folder, "trainer", record(2, "c") + record(3, "d"))
    assert tail.read(START + 1).older, "one line is kept no more"
    add(folder, "learner", record(0, "x" * 99) * (FIRST_BYTES // 50))
    assert LogTail(folder, kept=1 << 20).read(START).older, "only the end of the file was read"
