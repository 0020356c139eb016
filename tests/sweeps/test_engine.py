"""What the engine does with runs that end in every way, over an executor that only writes down how they end."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from gwt_ib.clock import utc_now
from gwt_ib.envs.spec import ActionLayout, EnvironmentSpec
from gwt_ib.errors import ExitCode
from gwt_ib.runs.control import send_request
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.sweeps.checks import environment_key
from gwt_ib.sweeps.definition import parse_definition
from gwt_ib.sweeps.directory import SweepDirectory, make_directory
from gwt_ib.sweeps.engine import Engine
from gwt_ib.sweeps.executor import Ended, Executor
from gwt_ib.sweeps.notices import Notice
from gwt_ib.sweeps.states import read_states

SPEC = EnvironmentSpec(2, ActionLayout("discrete", (2,), 1), "", "")
NOBODY = 2**22 + 1
How = Callable[[RunDirectory, bool], Ended]


def ended(state: str, code: int = 0, message: str = "", *, lost: bool = False, snapshot: bool = True) -> How:
    """A run that begins and ends in this state; killed ones leave `running` behind."""

    def train(run: RunDirectory, resume: bool) -> Ended:
        now = utc_now()
        record = replace(
            run.read_run(), state="running" if state == "killed" else state, started=now, heartbeat=now, exit_code=code,
            message=message, host=socket.gethostname(), trainer=NOBODY,
        )  # fmt: skip
        run.write_run(record)
        if snapshot:
            (run.snapshots / "000000000100").mkdir(exist_ok=True)
        return Ended(run, ExitCode(code), message, lost)

    return train


class Scripted:
    """An executor whose runs end in the ways that are given for each seed, one after another; then they finish."""

    def __init__(self, endings: dict[int, list[How]], parallel: int = 1) -> None:
        self.endings = endings
        self.parallel = parallel
        self.started: list[tuple[int, bool]] = []
        self.most = 0
        self.stops = self.closes = 0
        self.on_tend: Callable[[], None] = lambda: None
        self._now: list[tuple[RunDirectory, bool]] = []

    def room(self) -> int:
        return self.parallel - len(self._now)

    def start(self, run: RunDirectory, *, resume: bool) -> None:
        self.started.append((run.read_config().seed, resume))
        self._now.append((run, resume))
        self.most = max(self.most, len(self._now))

    def tend(self, timeout_s: float) -> Sequence[Ended]:
        self.on_tend()
        if not self._now:
            return []
        run, resume = self._now.pop(0)
        if self.stops:
            return [ended("stopped", 143, "Ended by SIGTERM.")(run, resume)]
        endings = self.endings.get(run.read_config().seed, [])
        return [(endings.pop(0) if endings else ended("finished"))(run, resume)]

    def stop(self) -> None:
        self.stops += 1

    def close(self) -> None:
        self.closes += 1


@pytest.fixture
def sweep(tmp_path: Path) -> SweepDirectory:
    found = SweepDirectory(tmp_path / "sweep")
    make_directory(found)
    definition = parse_definition("[base]\ntotal_timesteps = 8192\n[grid]\nseed = [1, 2, 3]", "f.toml")
    found.write_definition(definition)
    found.write_environments({environment_key(definition.members[0].config): SPEC})
    return found


def run(
    sweep: SweepDirectory, executor: Executor, *, signals: Sequence[int] = (), retry: bool = False
) -> tuple[int, list[Notice]]:
    notices: list[Notice] = []
    code = Engine(sweep, executor, retry_failed=retry, report=notices.append).run(signals)
    assert notices[-1].kind == "end" and notices[-1].exit_code == code
    return code, notices[:-1]


def kinds(notices: list[Notice]) -> list[str]:
    return [notice.kind for notice in notices]


def member(sweep: SweepDirectory, place: int = 0) -> RunDirectory:
    return sweep.run(sweep.read_definition().members[place])


def test_every_run_is_trained_once_and_no_more_at_a_time_than_there_is_room(sweep: SweepDirectory) -> None:
    executor = Scripted({}, parallel=2)
    code, notices = run(sweep, executor)
    assert code == 0 and executor.most == 2
    assert executor.started == [(1, False), (2, False), (3, False)]
    assert kinds(notices).count("finished") == 3
    again = Scripted({})
    assert run(sweep, again)[0] == 0
    assert again.started == [], "what has finished is never run again"
    assert (member(sweep).read_environment(), member(sweep).read_config().seed) == (SPEC, 1)


def test_a_run_that_failed_is_listed_and_tried_again_only_when_that_is_asked_for(sweep: SweepDirectory) -> None:
    code, notices = run(sweep, Scripted({2: [ended("failed", 70, "It broke.")]}))
    assert code == 69
    assert [(each.run, each.message) for each in notices if each.kind == "failed"] == [
        (member(sweep, 1).name, "It broke.")
    ]
    executor = Scripted({})
    code, notices = run(sweep, executor)
    assert (code, executor.started, kinds(notices)) == (69, [], ["failed"])
    executor = Scripted({})
    code, notices = run(sweep, executor, retry=True)
    assert (code, executor.started, kinds(notices)) == (0, [(2, True)], ["resumed", "finished"])


def test_a_trainer_that_dies_is_followed_by_another_one_but_not_for_ever(sweep: SweepDirectory) -> None:
    died = ended("killed", 69, "The trainer was killed by SIGKILL.")
    executor = Scripted({1: [died, died], 2: [died] * 9})
    assert run(sweep, executor)[0] == 69
    assert executor.started == [(1, False), (1, True), (1, True), (2, False), (2, True), (2, True), (3, False)]
    state = read_states(sweep).members[1]
    assert (state.status, state.cause) == ("failed", "The trainer was killed by SIGKILL.")


def test_a_run_that_was_lost_with_its_machine_costs_no_attempt(sweep: SweepDirectory) -> None:
    lost = ended("killed", 69, "The node is gone.", lost=True)
    executor = Scripted({1: [lost] * 7})
    code, notices = run(sweep, executor)
    assert code == 0 and len(executor.started) == 10
    assert kinds(notices).count("interrupted") == 7


def test_what_a_trainer_refuses_to_begin_with_has_failed_at_once(sweep: SweepDirectory) -> None:
    executor = Scripted({1: [ended("killed", 65, "There is no good snapshot.")]})
    assert run(sweep, executor)[0] == 69
    assert len(executor.started) == 3
    assert read_states(sweep).members[0].cause == "There is no good snapshot."


def test_a_run_that_was_stopped_by_hand_is_left_alone_until_the_sweep_is_started_again(sweep: SweepDirectory) -> None:
    executor = Scripted({1: [ended("stopped")]})
    code, notices = run(sweep, executor)
    assert (code, len(executor.started), kinds(notices)[1]) == (69, 3, "stopped")
    executor = Scripted({})
    assert (run(sweep, executor)[0], executor.started) == (0, [(1, True)])


def test_what_was_begun_goes_on_before_anything_new_and_without_a_snapshot_begins_anew(sweep: SweepDirectory) -> None:
    for place, snapshot in ((1, True), (2, False)):
        begun = sweep.read_definition().members[place]
        made = create_run(begun.config, sweep.member_path(begun), ["test"], SPEC)
        ended("killed", snapshot=snapshot)(made, False)
        (made.incidents / "1.json").write_text(str(place))
    executor = Scripted({})
    assert run(sweep, executor)[0] == 0
    assert executor.started == [(2, True), (3, False), (1, False)]
    [aside] = sweep.aside.iterdir()
    assert aside.name.startswith(member(sweep, 2).name)
    assert (aside / "incidents" / "1.json").read_text() == "2", "what a run has left is kept"


def test_a_directory_that_was_only_half_made_is_made_anew(sweep: SweepDirectory) -> None:
    path = member(sweep).path
    (path / "snapshots").mkdir(parents=True)
    (path / "run.lock").write_text("1")
    (path / ".config.json.tmp-1-1").write_text("{")
    assert run(sweep, Scripted({}))[0] == 0
    assert member(sweep).read_config().seed == 1


def test_a_run_that_another_process_still_trains_is_waited_for_and_the_others_go_on(sweep: SweepDirectory) -> None:
    path = member(sweep).path
    path.mkdir(parents=True)
    lock = FileLock(path / "run.lock")
    lock.acquire()
    executor = Scripted({})
    left = [6]

    def let_go() -> None:
        left[0] -= 1
        if not left[0]:
            lock.release()

    executor.on_tend = let_go
    code, notices = run(sweep, executor)
    assert code == 0 and [seed for seed, _ in executor.started] == [2, 3, 1]
    assert kinds(notices).count("waiting") == 1


def test_a_run_that_another_process_brings_to_its_end_is_not_trained_again(sweep: SweepDirectory) -> None:
    first = sweep.read_definition().members[0]
    made = create_run(first.config, sweep.member_path(first), ["test"], SPEC)
    lock = FileLock(made.lock)
    lock.acquire()
    executor = Scripted({})

    def finish() -> None:
        ended("finished")(made, False)
        lock.release()

    executor.on_tend = finish
    code, notices = run(sweep, executor)
    assert code == 0 and [seed for seed, _ in executor.started] == [2, 3]
    assert kinds(notices).count("finished") == 3


def test_the_first_signal_ends_the_runs_with_a_snapshot_and_the_second_at_once(sweep: SweepDirectory) -> None:
    executor, signals = Scripted({}, parallel=2), []
    executor.on_tend = lambda: signals.append(signal.SIGINT) if not signals else None
    executor.endings = {1: [ended("stopped", 143)]}
    code, notices = run(sweep, executor, signals=signals)
    assert (code, executor.stops) == (130, 1)
    assert "stopped" in kinds(notices) and len(executor.started) <= 3
    executor = Scripted({}, parallel=2)
    assert run(sweep, executor, signals=[signal.SIGTERM, signal.SIGHUP])[0] == 143
    assert (executor.started, executor.stops, executor.closes) == ([], 1, 1), "shells repeat a hang-up by themselves"
    executor = Scripted({}, parallel=2)
    assert run(sweep, executor, signals=[signal.SIGTERM, signal.SIGINT])[0] == 143
    assert executor.closes == 2


def test_a_request_that_a_sweep_before_did_not_take_stops_nothing(sweep: SweepDirectory) -> None:
    send_request(sweep.control, "stop")
    code, notices = run(sweep, executor := Scripted({}))
    assert (code, executor.stops) == (0, 0) and read_states(sweep).count("waiting") == 0
    assert any("from before this start" in notice.message for notice in notices)


def test_a_request_to_stop_ends_the_sweep_and_any_other_is_refused(sweep: SweepDirectory) -> None:
    executor = Scripted({})
    executor.on_tend = lambda: [send_request(sweep.control, kind) for kind in ("pause", "stop")] and None
    code, notices = run(sweep, executor)
    assert (code, executor.stops) == (0, 1)
    assert any("can only be asked to stop" in notice.message for notice in notices)
    assert read_states(sweep).count("waiting") >= 1


def test_a_machine_that_takes_no_further_process_ends_the_sweep_with_the_reason(sweep: SweepDirectory) -> None:
    executor = Scripted({})

    def refuse(run: RunDirectory, *, resume: bool) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    executor.start = refuse  # type: ignore[method-assign]
    notices: list[Notice] = []
    assert Engine(sweep, executor, report=notices.append).run() == 69
    assert notices[-1].message.startswith("A process cannot be started")


def test_the_last_notice_has_the_state_of_every_run(sweep: SweepDirectory) -> None:
    notices: list[Notice] = []
    Engine(sweep, Scripted({}), report=notices.append).run()
    told = notices[-1].as_dict()
    assert (told["kind"], told["exit_code"], told["finished"], told["runs"]) == ("end", 0, 3, 3)
    assert [each["status"] for each in told["members"]] == ["finished"] * 3
