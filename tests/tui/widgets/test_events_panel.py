"""The events panel: one wording for each kind, what matters is never cut away, and nothing is said twice."""

from __future__ import annotations

from typing import Any

import pytest

from gwt_ib.runs.events import Event, forms, notice
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.widgets.events_panel import event_line, fitting, newest_to_show

RETURNS = [0.4083333] * 20
DIED = {"kind": "actor_died", "actor": 1, "message": "was killed by SIGKILL: begins with block 0"}

SAID = [
    ({"kind": "setting", "field": "lr", "old": 0.001, "value": 0.00025}, "lr 0.001 -> 0.00025"),
    ({"kind": "evaluation", "eval_return": 0.4083}, "mean return 0.408"),
    (
        {"kind": "evaluation", "eval_return": 0.4083, "eval_returns": RETURNS, "request": "1"},
        "mean return 0.4083 over 20 episodes",
    ),
    ({"kind": "verdict", "verdict": "pass", "previous": "fail"}, "training PASS, was FAIL"),
    ({"kind": "snapshot", "path": "runs/a/snapshots/000000106496"}, "snapshot 000000106496"),
    ({"kind": "snapshot"}, "snapshot"),
    ({"kind": "resumed", "path": "runs/a/snapshots/000000106496"}, "resumed from 000000106496"),
    (DIED, "actor 1: killed by SIGKILL: begins with block 0"),
    ({"kind": "actor_replaced", "actor": 1, "restarts": 2}, "actor 1: replaced, restart 2"),
    ({"kind": "failed", "message": "the disk is full", "exit_code": 74}, "failed: the disk is full"),
    ({"kind": "finished", "message": "", "exit_code": 0}, "finished"),
    ({"kind": "warning", "message": "not finite: td_std"}, "warning: not finite: td_std"),
    (
        {"kind": "acknowledged", "request_kind": "set", "result": "refused", "message": "lr is too large"},
        "setting refused: lr is too large",
    ),
    ({"kind": "paused"}, "paused"),
    ({"kind": "moon_landing", "crew": [1, 2, 3], "fuel": 0.5}, "moon landing  crew 3 values, fuel 0.5"),
]


@pytest.mark.parametrize(("event", "words"), SAID, ids=[words for _, words in SAID])
def test_each_kind_has_one_wording(event: dict[str, Any], words: str) -> None:
    assert forms(Event.from_dict(event))[0] == words
    assert (
        event_line(Event.from_dict({**event, "time": 0.0, "update": 36}), DARK, 100, 2).plain == f" 00:00:00 36 {words}"
    )


def test_what_matters_stays_in_a_narrow_panel() -> None:
    for event, words in (
        (SAID[0][0], "lr 0.001 -> 0.00025"),
        (SAID[2][0], "mean return 0.408"),
        (SAID[3][0], "PASS, was FAIL"),
        (DIED, "actor 1: SIGKILL"),
    ):
        assert fitting(forms(Event.from_dict(event)), 22) == words
    assert fitting(("warning: not finite",), 10) == "warning: …"
    assert [fitting(("abc",), width) for width in (0, 1, 2, 3)] == ["", "…", "a…", "abc"]


def test_an_acknowledgement_is_shown_only_where_it_says_something_new() -> None:
    def answer(request: str, kind: str, result: str = "done", message: str = "") -> Event:
        fields = {"request_kind": kind, "result": result, "message": message}
        return Event("acknowledged", request=request, fields=fields)

    setting = Event("setting", request="a", fields={"field": "lr", "old": 1, "value": 2})
    refused, already, stop = (
        answer("b", "set", "refused", "no such field"),
        answer("d", "pause", message="already paused"),
        answer("e", "stop", "accepted"),
    )
    paused = Event("paused")
    events = [setting, answer("a", "set", message="lr was 1"), refused, paused, answer("c", "pause"), already, stop]
    assert newest_to_show(events, 9) == [setting, refused, paused, already, stop]
    assert newest_to_show(events, 2) == [already, stop] and newest_to_show(events, 0) == []


@pytest.mark.parametrize("kind", [*(str(event["kind"]) for event, _ in SAID), 5, None, ["a"], "\x1b[2J[red]"])
def test_a_damaged_event_does_no_harm(kind: object) -> None:
    names = ("path", "message", "actor", "restarts", "eval_return", "eval_returns", "verdict", "previous", "request")
    for value in (None, 5, -1e999, [1, [2]], {"a": 1}, "\x1b[2J\u202e", True):
        record = {"kind": kind, "field": value, "request_kind": value, "result": value, **dict.fromkeys(names, value)}
        event = Event.from_dict(record)
        assert notice(event) is None or "\x1b" not in str(notice(event))
        assert newest_to_show([event], 5) in ([event], [])
        line = event_line(event, DARK, 40).plain
        assert "\x1b" not in line and "\u202e" not in line and len(line) <= 40
