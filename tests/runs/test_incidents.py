"""Every failure leaves a file with its cause, whatever it was; telling it never fails, and files do not pile up."""

import json
import math
import os

import pytest
from support import task

from gwt_ib.envs.episode import EpisodeError
from gwt_ib.errors import UserError
from gwt_ib.runs import incidents
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.incidents import read_incident, record_incident


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.fixture
def run(tmp_path):
    return RunDirectory(tmp_path)


def failed(cause=None, actions=((1.0,), (2.0,)), episode=7, complete=True):
    rows = [list(row) for row in actions]
    return EpisodeError("mine:Env-v0", 4, episode, 99, rows, cause or OSError(5, "no world"), complete=complete)


def test_what_is_written_can_be_read_back(run):
    config = task("mine:Env-v0", prev_action=True)
    path = record_incident(run, config, failed(complete=False), actor=2)
    assert path is not None and path.parent == run.incidents
    assert json.loads(path.read_text())["actor"] == 2
    incident = read_incident(path)
    assert (incident.env_id, incident.prev_action) == ("mine:Env-v0", True)
    assert (incident.env_number, incident.episode, incident.seed) == (4, 7, 99)
    assert (incident.actions, incident.complete) == (((1.0,), (2.0,)), False)
    assert (incident.cause_type, incident.cause_text) == ("OSError", "[Errno 5] no world")


def test_the_traceback_is_the_causes(run):
    def broken_step():
        raise ZeroDivisionError("in the step")

    with pytest.raises(EpisodeError) as caught:
        try:
            broken_step()
        except ZeroDivisionError as error:
            raise failed(error) from error
    path = record_incident(run, task("mine:Env-v0"), caught.value)
    lines = json.loads(path.read_text())["traceback"]
    assert lines[-1] == "ZeroDivisionError: in the step"
    assert any("broken_step" in line for line in lines)
    assert path.name.startswith("evaluation-")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_hides_no_cause(run, number):
    path = record_incident(run, task("mine:Env-v0"), failed(actions=[(0.5, number)]))
    assert read_incident(path).actions == ((0.5, None),)
    assert read_incident(path).cause_text == "[Errno 5] no world"


@pytest.mark.parametrize("cause", [Mute(), SystemExit(), ValueError("\ud800 \x1b[2J"), MemoryError()])
def test_any_cause_can_be_told(run, cause):
    path = record_incident(run, task("mine:Env-v0"), failed(cause))
    assert read_incident(path).cause_type == type(cause).__name__


def test_a_disk_that_refuses_is_no_error(run, monkeypatch):
    def refuse(*_arguments, **_named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(incidents, "write_atomically", refuse)
    assert record_incident(run, task("mine:Env-v0"), failed()) is None


def test_the_oldest_go_when_there_are_too_many(run, monkeypatch):
    monkeypatch.setattr(incidents, "MAX_INCIDENTS", 3)
    for episode in range(6):
        path = record_incident(run, task("mine:Env-v0"), failed(episode=episode))
        os.utime(path, (episode, episode))
    assert {read_incident(path).episode for path in run.incidents.iterdir()} == {3, 4, 5}


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "incident.json").write_text("{}")
    with pytest.raises(UserError, match="it is no incident"):
        read_incident(tmp_path / "incident.json")
