"""What a dead process is said to have said last: the end of its log where that tells of a fault."""

import logging

import pytest

from gwt_ib.log import record_lines
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
