"""Going on from a snapshot where the disk does not take what that changes."""

import errno

import pytest
from snapshots import SPEC, made_up_run
from training_here import training_here

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.training import going_on


@pytest.mark.parametrize("refusing", ["set_aside_newer", "cut_back"])
def test_what_the_disk_refuses_is_a_sentence_and_no_death(tmp_path, monkeypatch, refusing):
    run = made_up_run(tmp_path / "run", updates=(1, 2))
    training, _ = training_here(run, run.read_config())

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "metrics.jsonl")

    monkeypatch.setattr(going_on, refusing, full)
    monkeypatch.setattr(going_on, "fit_problem", lambda *_: "")
    monkeypatch.setattr(training, "restore", lambda _: True)
    with pytest.raises(UserError, match=r"cannot be gone on with. No space left on device: metrics\.jsonl") as caught:
        going_on.go_on(training, SPEC)
    assert caught.value.code is ExitCode.INPUT_OUTPUT


def test_what_the_disk_refuses_for_a_while_is_waited_for_and_said(tmp_path, monkeypatch):
    run = made_up_run(tmp_path / "run", updates=(1, 2))
    events, waits = [], []
    training, _ = training_here(run, run.read_config(), events.append)
    cut_back = going_on.cut_back

    def full_for_a_while(*given):
        if len(waits) < 3:
            raise OSError(errno.ENOSPC, "No space left on device", "metrics.jsonl")
        return cut_back(*given)

    monkeypatch.setattr(going_on, "cut_back", full_for_a_while)
    monkeypatch.setattr(going_on, "fit_problem", lambda *_: "")
    monkeypatch.setattr(training, "restore", lambda _: True)
    assert going_on.go_on(training, SPEC, lambda: waits.append(1) is None)
    assert len(waits) == 3
    assert [event["kind"] for event in events] == ["trouble", "resumed"]
    training.recorder.report_trouble(0)
    assert events[-1]["kind"] == "trouble" and events[-1]["message"] == ""
