"""Requests in a run's inbox: what is sent arrives whole, and what is no request is refused with a sentence."""

import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gwt_ib.runs.control import (
    MAX_TEXT,
    MOST,
    MOST_WAITING,
    REQUEST_NAMES,
    Inbox,
    Request,
    send_request,
    take_requests,
)


def put(inbox, **content):
    (inbox / "1.json").write_text(json.dumps({"id": "a", **content}))


def test_a_setting_travels_with_its_field_and_value(tmp_path):
    setting, other = send_request(tmp_path, "set", "lr", 1e-4), send_request(tmp_path, "evaluate")
    requests, refused = take_requests(tmp_path)
    assert set(requests) == {Request(setting, "set", "lr", 1e-4), Request(other, "evaluate")}
    assert refused == []


def test_only_a_setting_has_a_field(tmp_path):
    put(tmp_path, kind="pause", field="lr", value=1.0)
    assert take_requests(tmp_path) == ([Request("a", "pause")], [])


def test_a_whole_number_is_a_number(tmp_path):
    put(tmp_path, kind="set", field="lr", value=0)
    (request,) = take_requests(tmp_path)[0]
    assert (request.value, type(request.value)) == (0.0, float)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"value": 1}, "printable text 'field', not None"),
        ({"field": ["lr"], "value": 1}, "printable text 'field', not ['lr']"),
        ({"field": "l\x1br", "value": 1}, "printable text 'field'"),
        ({"field": "lr"}, "to set lr has a finite number 'value', not None"),
        ({"field": "lr", "value": "0.1"}, "finite number 'value', not '0.1'"),
        ({"field": "lr", "value": True}, "finite number 'value', not True"),
        ({"field": "lr", "value": float("nan")}, "not nan"),
        ({"field": "lr", "value": float("-inf")}, "not -inf"),
        ({"field": "lr", "value": 10**400}, "finite number 'value'"),
        ({"field": "lr", "value": {"a": 1}}, "not {'a': 1}"),
        ({"id": 7}, "printable text 'id'"),
        ({"id": "half a \ud800"}, "printable text 'id'"),
        ({"kind": "x" * 5000}, "unknown kind 'xxx"),
        ({"kind": ["set"]}, "unknown kind ['set']"),
    ],
)
def test_wrong_types_are_refused_with_a_short_sentence(tmp_path, content, sentence):
    put(tmp_path, **{"kind": "set", **content})
    requests, (refused,) = take_requests(tmp_path)
    assert requests == []
    assert sentence in refused and refused.startswith("'1.json': ") and len(refused) < 200
    refused.encode()  # it becomes an event


def test_long_texts_are_cut(tmp_path):
    put(tmp_path, id="i" * 5000, kind="set", field="f" * 5000, value=1)
    (request,) = take_requests(tmp_path)[0]
    assert (len(request.id), len(request.field)) == (MAX_TEXT, MAX_TEXT)


def test_files_that_would_trip_a_reader_do_not(tmp_path):
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "deep.json").write_text("[" * 60_000)
    (tmp_path / os.fsdecode(b"\xff.json")).write_text("{}")
    requests, refused = take_requests(tmp_path)
    assert requests == [] and len(refused) == 2
    for sentence in refused:
        sentence.encode()
    assert take_requests(tmp_path) == ([], [])


def test_a_file_that_cannot_be_removed_is_refused_once_and_never_obeyed(tmp_path, monkeypatch):
    put(tmp_path, kind="stop")
    inbox = Inbox(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
        requests, (refused,) = inbox.take()
        assert requests == [] and "cannot be removed (Read-only file system)" in refused
        assert inbox.take() == ([], [])
    assert inbox.take() == ([], []), "it is known, also when it could be removed again"
    put(tmp_path, kind="pause")  # the same name, another request
    assert inbox.take() == ([Request("a", "pause")], [])


def test_many_requests_are_taken_in_parts_and_too_many_are_thrown_away(tmp_path):
    for number in range(MOST_WAITING + 7):
        (tmp_path / f"{number:06d}.json").write_text(json.dumps({"id": str(number), "kind": "snapshot"}))
    inbox = Inbox(tmp_path)
    requests, refused = inbox.take()
    assert [request.id for request in requests] == [str(number) for number in range(MOST)]
    assert refused == [f"7 requests at once: more than {MOST_WAITING:,} were waiting"]
    taken = [len(inbox.take()[0]) for _ in range(MOST_WAITING // MOST)]
    assert sum(taken) == MOST_WAITING - MOST and list(tmp_path.iterdir()) == []


def test_an_inbox_that_is_gone_is_said_once(tmp_path):
    inbox = Inbox(tmp_path / "gone")
    assert inbox.take() == ([], ["the inbox cannot be read: No such file or directory"])
    assert inbox.take() == ([], [])


@pytest.mark.timeout(20)
def test_a_link_to_a_device_and_a_long_name_are_refused(tmp_path):
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    (tmp_path / "far.json").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text(json.dumps({"id": "a", "kind": "pause"}))
    (tmp_path / ("n" * 200 + ".json")).write_text(json.dumps({"id": "a", "kind": "pause"}))
    requests, refused = take_requests(tmp_path)
    assert requests == [Request("a", "pause")], "a link to a request is one"
    assert len(refused) == 1 and "name is too long" in refused[0] and len(refused[0]) < 100
    assert (tmp_path / "elsewhere").exists() and not (tmp_path / "far.json").is_symlink()


REQUEST = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text() | st.integers() | st.none(),
        "kind": st.sampled_from([*REQUEST_NAMES, "reboot"]) | st.text() | st.lists(st.integers()),
        "field": st.text() | st.none() | st.booleans(),
        "value": st.floats() | st.integers() | st.text() | st.none() | st.lists(st.floats()),
    },
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300) | REQUEST.map(lambda request: json.dumps(request).encode()))
def test_whatever_bytes_are_sent_the_answer_is_a_request_or_one_sentence(tmp_path, payload):
    (tmp_path / "1.json").write_bytes(payload)
    requests, refused = take_requests(tmp_path)
    assert len(requests) + len(refused) == 1 and not list(tmp_path.iterdir())
    for sentence in refused:
        assert sentence.isprintable() and len(sentence) < 400
        sentence.encode()
    for request in requests:
        assert request.kind in REQUEST_NAMES and request.id.isprintable() and len(request.id) <= MAX_TEXT
        assert request.kind != "set" or (request.field is not None and math.isfinite(request.value))


def test_requests_arrive_once_in_order_and_strange_files_are_refused(tmp_path):
    inbox = tmp_path
    first, second = send_request(inbox, "pause"), send_request(inbox, "snapshot")
    (inbox / "0.json").write_text(json.dumps({"id": "x", "kind": "reboot"}))
    (inbox / "1.json").write_text("nonsense")
    (inbox / "2.json").write_bytes(b" " * 70_000)
    (inbox / ".half.json.tmp-1").write_text("{")
    requests, refused = take_requests(inbox)
    assert {request.id for request in requests} == {first, second}
    assert [request.kind for request in requests if request.id == first] == ["pause"]
    assert len(refused) == 3 and any("unknown kind 'reboot'" in sentence for sentence in refused)
    assert take_requests(inbox) == ([], [])
