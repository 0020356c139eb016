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
    assert line(Event.from_dict(DIED)) == "update 4: actor died: actor 0 was killed by SIGKILL"
    assert line(Event("snapshot", update=50, fields={"path": "runs/a  b/1"})) == "update 50: snapshot runs/a b/1"


def test_trouble_that_is_over_is_good_news_and_says_so():
    over = Event("trouble", update=71, fields={"message": ""})
    assert (line(over), forms(over), over.severity) == ("update 71: trouble: over", ("no trouble any more",), "good")
    assert Event("trouble", fields={"message": "the disk is full"}).severity == "bad"


def test_where_there_is_little_room_a_failure_is_its_cause_and_a_death_its_signal():
    where = "a:B-v0: environment 8 failed in episode 5 (seed 16)"
    failed = Event("environment_failed", fields={"actor": 1, "message": f"{where}: RuntimeError: lost"})
    assert forms(failed)[-1] == "RuntimeError: lost"
    died = Event("actor_died", fields={"actor": 0, "message": "was killed by SIGKILL (its memory was 9 MiB)"})
    assert forms(died)[-2:] == ("actor 0: killed by SIGKILL", "actor 0: SIGKILL")


def test_odd_values_are_absent():
    odd = Event.from_dict({"kind": 5, "time": "x", "update": [1], "env_steps": True, "request": 7, "path": None})
    assert odd == Event("?", fields={"path": None})
