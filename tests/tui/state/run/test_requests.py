from __future__ import annotations

from typing import Any

from gwt_ib.runs.events import Event, notice
from gwt_ib_tui.state.run.requests import Message, RequestLog


def event(kind: str, **fields: Any) -> Event:
    return Event.from_dict({"kind": kind, **fields})


def answer(request: str, result: str = "done", **fields: Any) -> Event:
    return event("acknowledged", time=1.0, update=31, request=request, result=result, **fields)


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
    paused = event("paused", time=1.0, update=31)
    log.take([answer("id-1"), paused], since=0.0)
    assert log.message.status == "done"
    log.take([event("warning", time=1.0, message="disk is slow")], since=0.0)
    assert log.message == Message("warning", "disk is slow")
    now[0] = 60.0
    log.take([paused], since=0.0)
    assert log.message == Message("notice", "run paused at update 31")


def test_what_died_is_not_pushed_away_by_what_replaced_it() -> None:
    now = [0.0]
    log = RequestLog(clock=lambda: now[0])
    replaced = event("actor_replaced", time=1.0, actor=1)
    log.take([event("actor_died", time=1.0, actor=1, message="boom"), replaced], since=0.0)
    assert log.message == Message("warning", "actor 1 died: boom")
    now[0] = 60.0
    log.take([replaced], since=0.0)
    assert log.message == Message("notice", "actor 1 replaced")


def test_what_happened_before_is_no_news() -> None:
    log = RequestLog()
    log.take([event("warning", time=1.0, message="old")], since=2.0)
    assert log.message.text == ""


def test_notices() -> None:
    died = event("actor_died", actor=1, message="boom", update=4)
    assert notice(died) == ("warning", "actor 1 died at update 4: boom")
    assert notice(event("verdict", verdict="fail", previous="pass")) == ("notice", "training FAIL, was PASS")
    assert notice(event("evaluation")) is None
    assert notice(Event.from_dict({})) is None
    assert notice(event("failed", message=None)) == ("failed", "the run failed")


def test_an_evaluation_tells_its_mean_return_and_a_setting_its_change() -> None:
    log = RequestLog()
    log.sent(log.ask("evaluate"), "id-1")
    done = event("evaluation", time=1.0, update=31, eval_return=-0.5, eval_returns=[-1.0, 0.0], request="id-1")
    log.take([done], since=0.0)
    assert log.message.status == "asked", "it is not acknowledged yet"
    log.take([answer("id-1", message="mean return -0.5000 over 2 episodes")], since=0.0)
    assert log.message == Message("done", "evaluation at update 31: mean return -0.5000 over 2 episodes")
    log.sent(log.ask("set", "lr 0.1 -> 0.2"), "id-2")
    assert log.message == Message("asked", "setting lr 0.1 -> 0.2: waiting for the trainer")
    setting = event("setting", time=1.0, update=31, field="lr", old=0.1, value=0.2, request="id-2")
    log.take([setting, answer("id-2", message="lr was 0.1 and is 0.2 from update 32 on")], since=0.0)
    assert log.message == Message("done", "setting at update 31: lr 0.1 -> 0.2")
    log.sent(log.ask("set", "lr 0.2 -> 0.2"), "id-3")
    log.take([answer("id-3", message="lr is 0.2 already")], since=0.0)
    assert log.message == Message("done", "setting at update 31: lr is 0.2 already")


def test_what_others_asked_for_is_a_notice() -> None:
    now = [0.0]
    log = RequestLog(clock=lambda: now[0])
    theirs = event("evaluation", time=1.0, update=7, eval_return=2.0, eval_returns=[2.0], request="theirs")
    log.take([theirs, answer("theirs")], since=0.0)
    assert log.message == Message("notice", "evaluation at update 7: mean return 2.000 over 1 episode")
    log.take([event("evaluation", time=1.0, update=10, eval_return=2.0)], since=0.0)
    assert "update 7" in log.message.text, "one of the schedule is not asked for"


def test_what_was_answered_is_given_once_with_its_path() -> None:
    log = RequestLog()
    number = log.ask("snapshot")
    log.take([answer("id-1", path="runs/x/snapshots/000000126976", env_steps=126976)], since=0.0)
    assert log.take_answered() == []
    log.sent(number, "id-1")
    (asked,) = log.take_answered()
    assert (asked.status, asked.where, asked.path, asked.env_steps) == (
        "done", " at update 31", "runs/x/snapshots/000000126976", 126976,
    )  # fmt: skip
    assert log.take_answered() == []


def test_a_notice_does_not_push_away_what_was_just_asked() -> None:
    log = RequestLog()
    log.ask("evaluate")
    log.take([event("paused", time=1.0)], since=0.0)
    assert log.message.status == "asked"


def test_what_was_said_goes_after_a_while_and_what_waits_stays() -> None:
    now = [0.0]
    log = RequestLog(clock=lambda: now[0])
    log.say("notice", "read")
    now[0] = 19.0
    assert not log.expire() and log.message.text == "read"
    now[0] = 20.0
    assert log.expire() and log.message == Message("", "")
    assert not log.expire()
    number = log.ask("snapshot")
    now[0] = 1e6
    assert not log.expire() and log.message.status == "asked"
    log.say("notice", "between")
    now[0] += 20.0
    assert log.expire() and log.message == Message("asked", "snapshot: waiting for the trainer")
    log.sent(number, "id-1")
    log.take([answer("id-1")], since=0.0)
    now[0] += 20.0
    assert log.expire() and log.message.text == ""
    log.say("failed", "the reader has stopped")
    now[0] += 119.0
    assert not log.expire()
    now[0] += 1.0
    assert log.expire()


def test_answers_to_what_others_asked_are_not_kept() -> None:
    log = RequestLog()
    first, second = log.ask("pause"), log.ask("snapshot")
    setting = event("setting", field="lr", old=1, value=2, request="theirs")
    log.take([setting, answer("theirs"), answer("id-2")], since=2.0)
    log.sent(first, "id-1")
    log.sent(second, "id-2")
    assert log.message.status == "done"
    assert (log._unclaimed, log._outcomes) == ({}, {})
