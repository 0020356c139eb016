"""Requests held down, in bursts, and files in the inbox that are none: the run answers, and is not held up."""

from __future__ import annotations

import json
import os
import signal

import pytest
from chaos import Chaos

from gwt_ib.runs.control import send_request
from gwt_ib.runs.snapshot import problem_of
from gwt_ib.runs.snapshot_store import list_snapshots

pytestmark = [pytest.mark.processes, pytest.mark.side_by_side]


def answers(run: Chaos, asked: list[str]) -> list[dict[str, object]]:
    """The answers to requests."""
    return [event for event in run.events("acknowledged") if event["request"] in set(asked)]


def test_fifty_presses_of_the_snapshot_key_are_at_most_a_few_saves(toy):
    toy.launch(snapshot_every=0, snapshot_minutes=0.0)
    toy.wait_for_update(10)
    before = len(list_snapshots(toy.run.snapshots))
    held = toy.kill(toy.learner, signal.SIGSTOP)  # so that requests come faster than saves, however busy the machine is
    asked = [send_request(toy.run.control, "snapshot") for _ in range(50)]
    toy.wait(lambda: not list(toy.run.control.glob("*.json")), "every one is taken")
    toy.kill(held, signal.SIGCONT)
    toy.wait(lambda: len(answers(toy, asked)) == 50, "every request is answered")
    assert {answer["result"] for answer in answers(toy, asked)} == {"done"}
    made = list_snapshots(toy.run.snapshots)
    assert 1 <= len(made) - before <= 12
    assert all(problem_of(path) == "" for path in made)
    toy.more_updates(5)
    assert toy.stop() == 143


def test_a_thousand_requests_at_once_hold_nobody_up(toy):
    toy.launch()
    toy.wait_for_update(5)
    for number in range(200):
        send_request(toy.run.control, "pause" if number % 2 else "unpause")
    toy.wait(lambda: not list(toy.run.control.glob("*.json")), "every one is taken")
    asked = send_request(toy.run.control, "unpause")  # those of one millisecond come in any order
    toy.wait(lambda: answers(toy, [asked]), "the last one is answered")
    toy.more_updates(5)
    for _ in range(1000):
        send_request(toy.run.control, "snapshot")
    toy.signal(signal.SIGTERM)
    assert toy.ends() == 143


def test_what_lies_in_the_inbox_and_is_no_request_is_refused_or_left_alone(toy):
    toy.launch()
    toy.wait_for_update(5)
    inbox = toy.run.control
    hostile = {
        "deep": b"[" * 60_000,
        "large": b'{"id": "' + b"x" * 1_000_000 + b'"}',
        "bytes": bytes(range(256)),
        "empty": b"",
        "no-kind": b'{"id": "a"}',
        "odd-kind": b'{"id": "a", "kind": ["stop"]}',
        "escape": json.dumps({"id": "\x1b[2J", "kind": "stop"}).encode(),
        "surrogate": b'{"id": "\\ud800", "kind": "stop"}',
        "no-field": b'{"id": "a", "kind": "set", "field": null, "value": 1}',
        "infinite": b'{"id": "a", "kind": "set", "field": "lr", "value": 1e999}',
        "fatal": b'{"id": "fatal", "kind": "set", "field": "ent_coef", "value": 1e38}',
        "other-field": b'{"id": "other", "kind": "set", "field": "hidden_size", "value": 4}',
    }
    for name, content in hostile.items():
        (inbox / f".{name}").write_bytes(content)
        (inbox / f".{name}").rename(inbox / f"{name}.json")
    os.mkfifo(inbox / "pipe.json")
    (inbox / "folder.json").mkdir()
    (inbox / "endless.json").symlink_to("/dev/zero")
    (inbox / "circle.json").symlink_to("circle.json")
    outside = toy.folder / "outside.json"
    outside.write_text('{"id": "outside", "kind": "no such kind"}')
    (inbox / "elsewhere.json").symlink_to(outside)
    toy.more_updates(20)
    asked = send_request(inbox, "snapshot")
    toy.wait(lambda: answers(toy, [asked]), "an honest request is still answered")
    assert outside.exists()
    refused = [event["message"] for event in toy.events("warning") if "refused" in event["message"]]
    assert len(refused) >= 9
    assert all("\x1b" not in message and len(message) < 1000 for message in refused)
    assert not any(event["result"] == "done" for event in answers(toy, ["fatal", "other"]))
    assert toy.stop() == 143
    assert "\x1b[2J" not in toy.output
