"""What a dead process is said to have said last: the end of its log where that tells of a fault."""

import logging

import pytest

from gwt_ib import log as logs
from gwt_ib.log import cap_log, record_lines
from gwt_ib.processes.log_files import last_words

FAULT = record_lines(0, logging.CRITICAL, "actor-0", "ended by an exception\nTraceback:\n  x\nValueError: it broke")
INFO = record_lines(0, logging.INFO, "actor-0", "begins with block 0\nand more")


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (INFO + FAULT, "ValueError: it broke"),
        (record_lines(0, logging.ERROR, "actor-0", "cannot go on"), "cannot go on"),
        (INFO + "free(): invalid pointer", "free(): invalid pointer"),
        ("Traceback:\n    x\nImportError: y\n\n", "ImportError: y"),
        ("Traceback:\n    x\ngwt_ib.envs.episode.EpisodeError: a:B-v0: it broke\n", "a:B-v0: it broke"),
        (FAULT + "    gwt_ib.envs.episode.EpisodeError: a:B-v0: it broke\n", "a:B-v0: it broke"),
        ("Traceback:\n    x\nmy.package.Broken: z\n", "my.package.Broken: z"),
        ("    x\n" * 2000, "x"),
        (INFO, ""),
        (FAULT + INFO, ""),
        ("", ""),
    ],
)
def test_last_words(tmp_path, log, words):
    (tmp_path / "log").write_text(log)
    assert last_words(tmp_path / "log") == words


def test_without_a_log_there_are_none(tmp_path):
    assert last_words(tmp_path / "absent") == ""


def test_a_log_that_is_too_long_is_cut_to_whole_lines_of_its_end_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "MOST_LOG_BYTES", 10_000)
    monkeypatch.setattr(logs, "KEPT_LOG_BYTES", 1_000)
    log = tmp_path / "log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"".join(b"line %06d\n" % number for number in range(500)))
        cap_log(log)
        assert log.stat().st_size == 6_000, "it is not too long yet"
        writer.write(b"".join(b"line %06d\n" % number for number in range(500, 1000)))
        cap_log(log)
        writer.write(b"and more\n")
    first, *lines = log.read_bytes().splitlines()
    assert first == b"[11004 bytes before this were too many and are left out]"
    assert lines == [*(b"line %06d" % number for number in range(917, 1000)), b"and more"]
    cap_log(tmp_path / "absent")
