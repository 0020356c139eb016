"""Named seconds of one process."""

import time

import pytest

from gwt_ib.sections import Sections


@pytest.fixture
def clock(monkeypatch):
    """A monotonic clock that the test turns."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def turn(seconds):
        now[0] += seconds

    return turn


def test_the_end_of_a_section_adds_the_time_since_the_mark_and_moves_it(clock):
    sections = Sections()
    clock(5.0)
    sections.start()
    clock(1.0)
    sections.end("wait")
    clock(2.0)
    sections.end("batch")
    clock(0.5)
    sections.end("wait")
    assert sections.take() == {"wait": 1.5, "batch": 2.0}


def test_the_time_before_the_mark_belongs_to_no_section(clock):
    sections = Sections()
    sections.start()
    clock(3.0)
    sections.start()
    clock(0.25)
    sections.end("publish")
    assert sections.take() == {"publish": 0.25}


def test_what_is_taken_is_gone_and_the_mark_stays(clock):
    sections = Sections()
    sections.start()
    clock(1.0)
    sections.end("wait")
    first = sections.take()
    clock(1.0)
    sections.end("wait")
    assert (first, sections.take(), sections.take()) == ({"wait": 1.0}, {"wait": 1.0}, {})


def test_seconds_of_others_are_added_without_moving_the_mark(clock):
    sections = Sections()
    sections.start()
    clock(1.0)
    sections.add("environment", 0.5)
    sections.add("environment", 0.5)
    clock(1.0)
    sections.end("wait")
    assert sections.take() == {"environment": 1.0, "wait": 2.0}
