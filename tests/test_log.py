"""The log of a run's processes: what is written can be read back line by line, and nothing that is logged does harm."""

import io
import logging
import os
import subprocess
import sys

import pytest

from gwt_ib.log import INDENT, LOGGER, LogHandler, RateLimit, log_to_file, parse_line, record_lines

MOMENT = 1795394352.345


def test_a_record_is_one_line_that_can_be_read_back():
    line = record_lines(MOMENT, logging.WARNING, "learner", "no snapshot was written")
    assert line == "2026-11-23T00:39:12.345Z WARNING learner: no snapshot was written\n"
    assert parse_line(line.rstrip()) == (MOMENT, logging.WARNING, "no snapshot was written")


@pytest.mark.parametrize(
    "line",
    ["", "hello", "2026-11-23T01:19:12.345Z LOUD learner: x", "2026-13-23T01:19:12.345Z INFO learner: x", "\ufffd"],
)
def test_what_begins_no_record_is_none(line):
    assert parse_line(line) is None


def test_further_lines_of_a_record_are_indented_and_hold_no_control_characters():
    message = "first\nsecond\r\nthird\x1b[31m red\x1b[0m \x1b]52;c;aGk=\x07 \u202eabc\x85fourth \ud800\n\n"
    first, *further = record_lines(MOMENT, logging.ERROR, "actor-1", message).splitlines()
    assert parse_line(first).words == "first"
    assert further == [
        INDENT + "second", INDENT + r"third red \x1b]52;c;aGk=\x07 \u202eabc", INDENT + r"fourth \ud800"
    ]  # fmt: skip


def test_a_message_cannot_pretend_to_be_another_record():
    forged = "x\n2026-11-23T01:19:12.345Z CRITICAL trainer: the run has failed"
    lines = record_lines(MOMENT, logging.INFO, "actor-0", forged).splitlines()
    assert [parse_line(line) is not None for line in lines] == [True, False]


def test_a_log_is_appended_to_and_only_while_it_is_asked_for(tmp_path):
    path = tmp_path / "trainer.log"
    for words in ("first", "second"):
        with log_to_file(path, "trainer", "info"):
            LOGGER.info("the %s time", words)
            LOGGER.debug("too fine")
        LOGGER.error("nobody hears this")
    assert [parse_line(line).words for line in path.read_text().splitlines()] == ["the first time", "the second time"]


def test_a_log_that_cannot_be_written_is_no_error(tmp_path):
    with log_to_file(tmp_path / "absent" / "trainer.log", "trainer", "info"):
        LOGGER.info("nowhere")
    with log_to_file("/dev/full", "trainer", "info"):
        LOGGER.info("the disk is full")
    assert not any(tmp_path.iterdir())


def test_after_a_record_that_the_disk_took_in_part_the_next_begins_a_line(tmp_path, monkeypatch):
    write, path = os.write, tmp_path / "log"
    handler = LogHandler(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "learner")

    def half(descriptor, data):
        if len(data) < 40:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:30])

    monkeypatch.setattr(os, "write", half)
    handler.emit(logging.makeLogRecord({"msg": "the first", "levelno": logging.INFO}))
    monkeypatch.setattr(os, "write", write)
    handler.emit(logging.makeLogRecord({"msg": "the second", "levelno": logging.INFO}))
    handler.end()
    assert [getattr(parse_line(line), "words", None) for line in path.read_text().splitlines()] == [None, "the second"]


def test_of_a_frequent_kind_one_in_a_period_is_at_info(monkeypatch):
    moments = iter((0.0, 1.0, 29.0, 30.0, 31.0, 31.0))
    monkeypatch.setattr("gwt_ib.log.time.monotonic", lambda: next(moments))
    limit = RateLimit(30.0)
    levels = [limit.level("evaluation") for _ in range(5)]
    assert levels == [logging.INFO, logging.DEBUG, logging.DEBUG, logging.INFO, logging.DEBUG]
    assert limit.level("snapshot") == logging.INFO


def test_prints_warnings_and_the_exception_that_ends_a_process_stand_in_their_order():
    program = """
import warnings
from gwt_ib.log import LOGGER, start_log
start_log("actor-0", "info")
LOGGER.info("begins")
print("printed")
warnings.warn("\\x1b[33mold\\x1b[0m")
LOGGER.debug("too fine")
raise ValueError("the glass broke")
"""
    result = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    begins = [parse_line(line) for line in lines]
    assert [(record.level, record.words) for record in begins if record] == [
        (logging.INFO, "begins"), (logging.WARNING, "<string>:7: UserWarning: old"),
        (logging.CRITICAL, "ended by an exception"),
    ]  # fmt: skip
    assert lines[1] == "printed"
    assert lines[-1] == INDENT + "ValueError: the glass broke"
    assert len([line for line in lines if not line.startswith(INDENT)]) == 4


def test_a_record_that_cannot_be_put_into_words_is_told_and_ends_nothing(tmp_path, capsys, monkeypatch):
    path = tmp_path / "log"
    handler = LogHandler(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "actor-0")
    wrong = logging.makeLogRecord({"msg": "step %d", "args": ("a",), "levelno": logging.WARNING})
    handler.emit(wrong)
    assert "step %d" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stderr", None)
    handler.emit(wrong)
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    handler.emit(wrong)
    handler.emit(logging.makeLogRecord({"msg": "the next", "levelno": logging.INFO}))
    handler.end()
    assert [parse_line(line).words for line in path.read_text().splitlines()] == ["the next"]


UNRULY = {
    "existing loggers are disabled": "logging.config.dictConfig({'version': 1, 'disable_existing_loggers': True})",
    "everything is disabled": "logging.disable(logging.CRITICAL)",
    "handlers are removed and closed": "logging.basicConfig(force=True, handlers=[logging.NullHandler()])",
    "all loggers are set up anew": "[setattr(l, 'disabled', True) or l.handlers.clear() for l in"
    " (logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict)))]",
    "levels have other names": "logging.addLevelName(logging.WARNING, '\\x1b[33mW')",
    "records are of another kind": "logging.setLogRecordFactory(lambda *a, **k: 1 / 0)",
    "the root logs nothing": "logging.getLogger().setLevel(logging.CRITICAL + 1)",
    "logging is shut down": "logging.shutdown()",
}


@pytest.mark.parametrize("what", UNRULY)
def test_an_environment_that_configures_logging_silences_nothing(what):
    program = f"""
import logging, logging.config
from gwt_ib.log import LOGGER, start_log
start_log("actor-0", "info")
{UNRULY[what]}
LOGGER.warning("the %s is said", "fault")
LOGGER.debug("too fine")
"""
    result = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    assert result.returncode == 0
    (record,) = map(parse_line, result.stderr.splitlines())
    assert (record.level, record.words) == (logging.WARNING, "the fault is said")


@pytest.mark.parametrize("what", UNRULY)
def test_nor_the_log_of_a_trainer(tmp_path, what):
    program = f"""
import logging, logging.config, pathlib
from gwt_ib.log import LOGGER, log_to_file
with log_to_file(pathlib.Path("trainer.log"), "trainer", "info"):
    {UNRULY[what]}
    LOGGER.warning("said")
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
    assert [parse_line(line).words for line in (tmp_path / "trainer.log").read_text().splitlines()] == ["said"]


def test_a_record_appears_once_and_other_packages_are_heard_too():
    program = """
import logging
from gwt_ib.log import LOGGER, start_log
start_log("actor-0", "info")
LOGGER.warning("ours")
logging.getLogger("simulator").warning("theirs")
"""
    result = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    assert [parse_line(line).words for line in result.stderr.splitlines()] == ["ours", "theirs"]
