"""What is wrong with a run is said once, again where it is another problem, and that it is over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from recorded_run import RecordedRun

from gwt_ib.runs.record import UNKNOWN
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.problems import BROKEN, Problems
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.state.run.run_view import DAMAGED, RunView

NOTHING = Message("", "")


@pytest.fixture
def good(tmp_path: Path) -> RunView:
    run = RecordedRun(tmp_path / "run")
    run.learn(3)
    return replace(Feed(run.directory).read_everything(), state="running")


def troubled(good: RunView, trouble: str) -> RunView:
    return replace(good, run=replace(good.run, trouble=trouble))


def test_a_problem_is_said_once_and_a_number_that_grows_is_no_other_one(good: RunView) -> None:
    problems = Problems(live=True)
    assert problems.take(good, NOTHING) == [] and problems.still(good) is None
    said = problems.take(troubled(good, "silent for 5 s"), NOTHING)
    assert said == [Message("trouble", "silent for 5 s")]
    later = troubled(good, "silent for 12 s")
    assert problems.take(later, said[0]) == []
    assert problems.still(later) == Message("trouble", "silent for 12 s")
    assert problems.take(troubled(good, "the disk is full"), said[0]) == [Message("trouble", "the disk is full")]


@pytest.mark.parametrize(("up", "words"), [("trouble", ["over: the disk is full"]), ("done", [])])
def test_that_it_is_over_is_said_while_its_message_is_up(good: RunView, up: str, words: list[str]) -> None:
    problems = Problems(live=True)
    problems.take(troubled(good, "the disk is full"), NOTHING)
    assert [message.text for message in problems.take(good, Message(up, "something"))] == words
    assert problems.still(good) is None


def test_the_word_before_it_says_how_bad_it_is(good: RunView) -> None:
    for view, message in (
        (replace(good, problem="cannot read"), Message("warning", "cannot read")),
        (replace(good, state=UNKNOWN), Message("failed", DAMAGED)),
        (replace(good, state="failed", run=replace(good.run, message="It broke.")), Message("failed", "It broke.")),
    ):
        assert Problems(live=True).take(view, NOTHING) == [message]


def test_of_a_recorded_run_only_what_cannot_be_read_is_said(good: RunView) -> None:
    assert Problems(live=False).take(troubled(good, "the disk is full"), NOTHING) == []
    assert len(Problems(live=False).take(replace(good, problem="cannot read"), NOTHING)) == 1


def test_each_file_is_told_of_once(good: RunView) -> None:
    problems = Problems(live=True)
    assert problems.take(replace(good, file_problems=("a", "b")), NOTHING) == [Message("warning", "a; b")]
    assert problems.take(replace(good, file_problems=("b", "c")), NOTHING) == [Message("warning", "c")]


def test_a_reader_that_has_stopped_is_told_of_once_and_stays_a_problem(good: RunView) -> None:
    problems = Problems(live=True)
    assert problems.reader_stopped() == Message("failed", BROKEN)
    assert problems.reader_stopped() is None
    still = problems.still(good)
    assert still is not None and still.text == BROKEN
