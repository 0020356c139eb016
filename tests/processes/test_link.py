"""Messages between two processes: nobody waits to send, nothing is lost that can be read, a lost end is noticed."""

import socket

import pytest

from gwt_ib.processes import link
from gwt_ib.processes.link import Link


@pytest.fixture
def ends():
    both = tuple(map(Link, socket.socketpair()))
    yield both
    for end in both:
        end.close()


def test_two_that_send_at_the_same_time_without_reading_do_not_wait_for_each_other(ends):
    one, other = ends
    words = "x" * 1000
    for number in range(3000):  # far more than the sockets hold
        one.send({"number": number, "words": words})
        other.send({"number": -number, "words": words})
    found = {one: [], other: []}
    while len(found[one]) < 3000 or len(found[other]) < 3000:
        for end in ends:
            found[end] += [message["number"] for message in end.receive(1.0)]
    assert found[other] == list(range(3000))
    assert found[one] == [-number for number in range(3000)]


def test_what_an_end_sent_before_it_was_gone_can_still_be_read(ends):
    one, other = ends
    one.send({"kind": "ended"})
    one.close()
    other.send({"kind": "too late"})
    other.send({"kind": "and again"})
    assert other.receive(1.0) == [{"kind": "ended"}]
    assert other.receive(1.0) == [] and other.closed


def test_what_nobody_reads_has_an_end(ends, monkeypatch):
    monkeypatch.setattr(link, "MOST_BYTES", 100_000)
    one, other = ends
    for number in range(20_000):
        one.send({"number": number, "words": "x" * 100})
    read = []
    while messages := other.receive(0.2):
        read += [message["number"] for message in messages]
        one.flush()
    assert read == list(range(len(read))) and 1000 < len(read) < 20_000
    one.send({"number": -1})
    assert other.receive(1.0) == [{"number": -1}], "what was dropped leaves no torn message behind"


def test_a_flush_gives_up_in_time(ends):
    one, other = ends
    for _ in range(2000):
        one.send({"words": "x" * 1000})
    assert not one.flush(0.05)
    while other.receive(0.2):
        one.flush()
    assert one.flush()


def test_half_a_message_of_a_process_that_was_killed_costs_no_other(ends):
    one, other = ends
    one._connection.sendall(b'{"number": 1, "returns": [0.5, 0.')
    one.send({"number": 2})
    one.send({"number": 3})
    assert other.receive(1.0) == [{"number": 2}, {"number": 3}]
