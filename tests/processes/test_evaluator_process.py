"""The evaluator's side of its conversation with the learner."""

import os
import socket
import threading

from support import small_config

from gwt_ib.envs.make import check_environment
from gwt_ib.processes.evaluator import Evaluator
from gwt_ib.processes.link import Link
from gwt_ib.runs.directory import RunDirectory


def test_an_answer_that_is_more_than_a_socket_takes_at_once_arrives(tmp_path, monkeypatch):
    returns = [float(number) / 7 for number in range(10_000)]
    monkeypatch.setattr(Evaluator, "_answer", lambda *_: {"returns": returns})
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    alive, trainer = os.pipe()
    config = small_config()
    evaluator = Evaluator(
        RunDirectory(tmp_path), config, check_environment(config), Link(theirs), alive, -1, memoryview(b"")
    )
    thread = threading.Thread(
        target=evaluator.serve,
    )
    thread.start()
    learner = Link(ours)
    learner.send({"number": 1})
    answers = []
    while not answers:
        answers = learner.receive(20.0)
        assert not learner.closed
    assert answers == [{"number": 1, "returns": returns}]
    os.close(trainer)
    thread.join()
    os.close(alive)
