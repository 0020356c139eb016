"""Requests in a run's inbox: what is sent arrives whole, and what is no request is refused with a sentence."""

import json
import os

import pytest

from gwt_ib.runs.control import MAX_TEXT, Request, send_request, take_requests


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
