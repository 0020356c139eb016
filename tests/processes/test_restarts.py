"""What is asked of a run while its learner dies and is started again; the learners here die where a test wants them to."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from snapshots import made_up_run
from support import events, small_config, updates

from gwt_ib.envs.make import check_environment
from gwt_ib.processes import watch
from gwt_ib.processes.trainer import Trainer
from gwt_ib.runs.control import send_request
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import RunDirectory

pytestmark = [pytest.mark.processes, pytest.mark.side_by_side, pytest.mark.usefixtures("nothing_left")]

DIES_AT_ONCE = "import os\nos._exit(3)\n"
DIES_IN_ITS_LAST_SAVE = """
import os, sys
from pathlib import Path
from gwt_ib.processes import learner_process
from gwt_ib.training.loop import Training
once, save = Path(__file__).with_suffix(".once"), Training.last_snapshot
def die(training):
    if once.exists():
        return save(training)
    once.touch()
    os._exit(9)
Training.last_snapshot = die
learner_process.main(sys.argv[1:])
learner_process.leave()
"""
SECOND_DIES_AT_ONCE = """
import os, sys
from pathlib import Path
from gwt_ib.processes import learner_process
count = Path(__file__).with_suffix(".count")
number = int(count.read_text()) if count.exists() else 0
count.write_text(str(number + 1))
if number == 1:
    os._exit(3)
learner_process.main(sys.argv[1:])
learner_process.leave()
"""

DIES_IN_TROUBLE = """
import os, sys
from pathlib import Path
from gwt_ib.processes import learner_process
from gwt_ib.runs.events import event
once, train = Path(__file__).with_suffix(".once"), learner_process.LearnerRun._train
def die(self, *arguments):
    if once.exists():
        return train(self, *arguments)
    once.touch()
    self._link.send(event("trouble", message="No space is left."))
    self._link.flush(5.0)
    os._exit(9)
learner_process.LearnerRun._train = die
learner_process.main(sys.argv[1:])
learner_process.leave()
"""


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[Trainer, RunDirectory]]:
    """The trainer of a run that would go on for days, and whose learners are such a program."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH")))))

    def make(program: str) -> tuple[Trainer, RunDirectory]:
        (tmp_path / "another_learner.py").write_text(program)
        config = small_config(total_timesteps=2_000_000_000, eval_every=0)
        run = create_run(config, tmp_path / "run", [], check_environment(config))
        return Trainer(run, config, resume=False, learner_module="another_learner"), run

    return make


def test_a_signal_in_the_pause_before_a_restart_starts_nothing_more(trainer, monkeypatch):
    monkeypatch.setattr(watch, "FIRST_PAUSE_S", 1000.0)
    monkeypatch.setattr(watch, "LONGEST_PAUSE_S", 1000.0)
    made, run = trainer(DIES_AT_ONCE)
    heartbeat = made._heartbeat

    def end_it_in_the_pause(**options: bool) -> None:
        heartbeat(**options)
        if len(events(run, "learner_died")) == 2 and not sent:
            sent.append(True)
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)  # and a second one

    sent: list[bool] = []
    asked = send_request(run.control, "snapshot")
    monkeypatch.setattr(made, "_heartbeat", end_it_in_the_pause)
    assert made.run() == 143
    assert len(events(run, "learner_died")) == 2
    (answer,) = events(run, "acknowledged")
    assert (answer["request"], answer["result"]) == (asked, "refused"), "nobody waits for it for ever"
    assert run.read_run().state == "stopped"


def test_a_learner_that_dies_in_its_last_save_is_followed_by_one_that_stops_too(trainer):
    made, run = trainer(DIES_IN_ITS_LAST_SAVE)

    def stop_once() -> None:
        if events(run, "started") and not asked:
            asked.append(send_request(run.control, "stop"))

    asked: list[str] = []
    assert made.run(stop_once) == 0
    assert len(events(run, "learner_died")) == 1
    assert run.read_run().state == "stopped" and [each["request"] for each in events(run, "acknowledged")] == asked


def test_a_run_stays_paused_though_its_next_learner_dies_before_it_can_pause(trainer):
    made, run = trainer(SECOND_DIES_AT_ONCE)

    def steer() -> None:
        pauses, deaths = len(events(run, "paused")), len(events(run, "learner_died"))
        if step == ["begin"] and events(run, "started"):
            step.append(send_request(run.control, "pause"))
        elif len(step) == 2 and pauses == 1:
            step.append("killed")
            os.kill(run.read_run().learner or 0, signal.SIGKILL)
        elif len(step) == 3 and deaths == 2 and pauses == 2:
            step.append(send_request(run.control, "stop"))

    step = ["begin"]
    assert made.run(steer) == 0
    assert len(step) == 4 and not events(run, "unpaused")


def test_the_trouble_of_a_learner_ends_with_it(trainer):
    made, run = trainer(DIES_IN_TROUBLE)

    def stop_once() -> None:
        if events(run, "started") and not seen:
            seen.append(run.read_run().trouble)
            send_request(run.control, "stop")

    seen: list[str] = []
    assert made.run(stop_once) == 0
    assert seen == [""]
    assert [each["message"] for each in events(run, "trouble")] == ["No space is left.", ""]


@pytest.mark.parametrize("resumed", [True, False])
def test_a_run_whose_snapshots_are_where_they_were_rescued_to_never_begins_again(tmp_path, resumed):
    made_up_run(tmp_path / "run", updates=(1,))
    run = RunDirectory(tmp_path / "run")
    (tmp_path / "rescue" / "run").mkdir(parents=True)
    (snapshot,) = run.snapshots.iterdir()
    snapshot.rename(tmp_path / "rescue" / "run" / snapshot.name)
    config = small_config(rescue_dir=str(tmp_path / "rescue"))
    made = Trainer(run, config, resume=resumed)
    made._start_again()
    assert made._resume and updates(run) == [1] and not run.metrics_aside.exists()
