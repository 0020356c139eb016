from __future__ import annotations

from typing import Any

from gwt_ib_tui.state.requests import Message, RequestLog, notice


def answer(request: str, result: str = "done", **fields: Any) -> dict[str, Any]:
    return {"kind": "acknowledged", "time": 1.0, "update": 31, "request": request, "result": result, **fields}


def test_from_asked_to_done() -> None:
    log = RequestLog()
    number = log.ask("snapshot")
    assert log.message.status == "asked"
    assert log.pending("snapshot")
    log.sent(number, "id-1")
    log.take([answer("other")], since=0.0)
    assert log.message.status == "asked"
    log.take([answer("id-1", "accepted")], since=0.0)
    assert log.message.status == "accepted"
    assert log.pending("snapshot")
    log.take([answer("id-1", path="runs/x/snapshots/000000126976")], since=0.0)
    assert log.message == Message("done", "snapshot at update 31: runs/x/snapshots/000000126976")
    assert log.pending("snapshot") is None


def test_an_answer_that_overtakes_the_sending() -> None:
    log = RequestLog()
    number = log.ask("pause")
    log.take([answer("id-1")], since=0.0)
    assert log.message.status == "asked"
    log.sent(number, "id-1")
    assert log.message == Message("done", "pause at update 31")


def test_refused_and_not_sent() -> None:
    log = RequestLog()
    log.sent(log.ask("pause"), "id-1")
    log.take([answer("id-1", "refused", message="the run is ending")], since=0.0)
    assert log.message == Message("refused", "pause at update 31: the run is ending")
    log.not_sent(log.ask("stop"), "cannot write\nto x")
    assert log.message == Message("refused", "stop: cannot write to x")
    newest = log.newest("stop")
    assert newest is not None and newest.status == "refused"


def test_an_answer_is_not_pushed_away_at_once() -> None:
    now = [0.0]
    log = RequestLog(clock=lambda: now[0])
    log.sent(log.ask("pause"), "id-1")
    paused = {"kind": "paused", "time": 1.0, "update": 31}
    log.take([answer("id-1"), paused], since=0.0)
    assert log.message.status == "done"
    log.take([{"kind": "warning", "time": 1.0, "message": "disk is slow"}], since=0.0)
    assert log.message == Message("warning", "disk is slow")
    now[0] = 60.0
    log.take([paused], since=0.0)
    assert log.message == Message("notice", "run paused at update 31")


def test_what_happened_before_is_no_news() -> None:
    log = RequestLog()
    log.take([{"kind": "warning", "time": 1.0, "message": "old"}], since=2.0)
    assert log.message.text == ""


def test_notices() -> None:
    assert notice({"kind": "actor_died", "actor": 1, "message": "boom", "update": 4}) == Message(
        "warning", "actor 1 died at update 4: boom"
    )
    assert notice({"kind": "verdict", "verdict": "fail", "previous": "pass"}) == Message(
        "notice", "GateCheck: FAIL, was PASS"
    )
    assert notice({"kind": "evaluation"}) is None
    assert notice({}) is None
    assert notice({"kind": "failed", "message": None}) == Message("failed", "the run failed")
