"""The table of events: what is written is what is read, and a mistake of ours is seen in tests and ends no run."""

import pytest

from gwt_ib.runs import events
from gwt_ib.runs.events import KINDS, Event, event, forms, line, notice

DIED = {"time": 5.0, "kind": "actor_died", "update": 4, "env_steps": 40, "actor": 0, "message": "was killed by SIGKILL"}


def test_what_is_written_is_what_is_read():
    assert Event.from_dict(DIED).as_dict() == DIED
    record = event("snapshot", path="runs/a", update=3, env_steps=30, request="1")
    assert record == {"kind": "snapshot", "path": "runs/a", "update": 3, "env_steps": 30, "request": "1"}
    assert Event.from_dict(record) == Event("snapshot", None, 3, 30, "1", {"path": "runs/a"})


@pytest.mark.parametrize(("kind", "fields"), [("snapshto", {}), ("snapshot", {"paht": "x"})])
def test_a_misspelt_kind_or_field_is_an_error_here_and_a_line_of_the_log_in_a_run(kind, fields, monkeypatch, caplog):
    with pytest.raises(ValueError, match=kind):
        event(kind, **fields)
    monkeypatch.setattr(events, "STRICT", False)
    events.LOGGER.addHandler(caplog.handler)  # it is not in logging's tree
    try:
        assert event(kind, **fields) == {"kind": kind, **fields}
    finally:
        events.LOGGER.removeHandler(caplog.handler)
    assert kind in caplog.text


@pytest.mark.parametrize("kind", [*KINDS, "moon_landing"])
def test_every_kind_can_be_said_without_any_of_its_fields(kind):
    bare = Event(kind)
    assert all(forms(bare)) and line(bare).startswith(kind.replace("_", " "))
    assert notice(bare) is None or all(notice(bare))


def test_a_line_for_people_has_what_may_be_copied():
    assert line(Event.from_dict(DIED)) == "update 4: actor died 0 was killed by SIGKILL"
    assert line(Event("snapshot", update=50, fields={"path": "runs/a  b/1"})) == "update 50: snapshot runs/a b/1"


def test_odd_values_are_absent():
    odd = Event.from_dict({"kind": 5, "time": "x", "update": [1], "env_steps": True, "request": 7, "path": None})
    assert odd == Event("?", fields={"path": None})
