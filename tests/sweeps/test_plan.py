"""Before a sweep starts: what fits what is there already, how many go side by side, how long it takes; and its page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.envs.make import WRAPPERS
from gwt_ib.envs.spec import ActionLayout, EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.create import create_run
from gwt_ib.sweeps import checks, parallel
from gwt_ib.sweeps.checks import SHAPES_ENVIRONMENT, Found, environment_key
from gwt_ib.sweeps.definition import parse_definition
from gwt_ib.sweeps.directory import Holder, SweepDirectory, find_sweep, lock_sweep, make_directory
from gwt_ib.sweeps.estimate import START_S, estimate, speed_up
from gwt_ib.sweeps.notices import KINDS
from gwt_ib.sweeps.states import MemberState
from gwt_ib.sweeps.taking_over import left_out, refuse_changed

SPEC = EnvironmentSpec(2, ActionLayout("discrete", (2,), 1), "", "")
PAGE = Path(__file__).parents[2] / "docs" / "sweeps.md"
OLD = parse_definition("[base]\nlr = 0.001\n[grid]\nseed = [1, 2]", "f.toml")
NEW = parse_definition("[base]\nlr = 0.01\n[grid]\nseed = [1, 2]", "f.toml")


@pytest.fixture
def sweep(tmp_path: Path) -> SweepDirectory:
    found = SweepDirectory(tmp_path / "sweep")
    make_directory(found)
    found.write_definition(OLD)
    return found


def begin(sweep: SweepDirectory, config: Config) -> None:
    run = create_run(config, sweep.member_path(OLD.members[0]), ["test"])
    run.write_run(replace(run.read_run(), started=utc_now(), state="stopped"))


def test_a_run_that_was_begun_with_another_setting_is_refused_with_its_name(sweep: SweepDirectory) -> None:
    begin(sweep, OLD.members[0].config)
    refuse_changed(sweep, OLD)
    with pytest.raises(UserError) as caught:
        refuse_changed(sweep, NEW)
    assert caught.value.code == 78
    assert "was begun with lr = 0.001, and its definition says 0.01 now" in caught.value.message
    assert OLD.members[0].name in caught.value.message


def test_a_setting_that_was_changed_while_a_run_trained_is_its_own_affair(sweep: SweepDirectory) -> None:
    begin(sweep, OLD.members[0].config.model_copy(update={"lr": 0.5}))
    refuse_changed(sweep, OLD)


def test_a_run_that_never_began_may_change(sweep: SweepDirectory) -> None:
    create_run(OLD.members[0].config, sweep.member_path(OLD.members[0]), ["test"])
    refuse_changed(sweep, NEW)


def test_runs_that_the_file_has_not_any_more_are_named_and_stay(sweep: SweepDirectory) -> None:
    begin(sweep, OLD.members[0].config)
    assert left_out(sweep, OLD) == []
    assert left_out(sweep, parse_definition("[grid]\nseed = [9]", "f.toml")) == [OLD.members[0].name]


def test_a_sweep_that_is_held_names_its_holder(sweep: SweepDirectory) -> None:
    with lock_sweep(sweep):
        sweep.write_holder(2, "this machine")
        with pytest.raises(UserError) as caught:
            lock_sweep(sweep)
    assert caught.value.code == 75 and f"pid {sweep.read_holder().pid}" in caught.value.message
    assert sweep.read_holder().alive and not Holder().alive
    sweep.holder.write_text('{"pid": "many"}')
    assert sweep.read_holder().pid is None


def test_a_sweep_is_found_by_its_directory_and_others_are_named(
    sweep: SweepDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_sweep(str(sweep.path)) == sweep
    (tmp_path / "sweeps" / "memory").mkdir(parents=True)
    (tmp_path / "sweeps" / "memory" / "sweep.toml").touch()
    monkeypatch.chdir(tmp_path)
    assert find_sweep("memory").path == Path("sweeps/memory")
    for name, words in (("memoy", "Did you mean memory?"), (str(tmp_path), "has no sweep.toml")):
        with pytest.raises(UserError, match=re.escape(words)):
            find_sweep(name)


def test_an_environment_is_checked_once_for_what_it_is_made_by() -> None:
    assert ("env_id", *(name for name, _ in WRAPPERS)) == SHAPES_ENVIRONMENT
    assert environment_key(Config(seed=1)) == environment_key(Config(seed=2, lr=0.5))
    assert environment_key(Config()) != environment_key(Config(prev_action=True))


def test_a_device_that_nodes_may_have_is_not_looked_for_here(monkeypatch: pytest.MonkeyPatch) -> None:
    member, definition = SimpleNamespace(config=Config(device="cuda")), SimpleNamespace(tasks_at="")
    spec = SimpleNamespace(notes=())
    monkeypatch.setattr(checks, "check_in_child", lambda *given, **options: spec)

    def find_none(device: str) -> None:
        raise UserError("no such device here", ExitCode.BAD_CONFIGURATION)

    monkeypatch.setattr(checks, "check_device", find_none)
    with pytest.raises(UserError, match="no such device"):
        checks.check_members(definition, [member])  # type: ignore[arg-type, list-item]
    assert checks.check_members(definition, [member], devices=False).specs  # type: ignore[arg-type, list-item]


class Memory:
    def __init__(self, available: int) -> None:
        self.available = available


def test_as_many_runs_go_side_by_side_as_there_are_cores_runs_and_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(100 << 30))
    configs = [Config(seed=seed) for seed in range(5)]
    assert [parallel.default_parallel(configs, cores) for cores in (1, 2, 4, 64)] == [1, 2, 4, 5]
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(2 << 30))
    assert parallel.default_parallel(configs, 64) == 2
    parallel.refuse_too_many(configs, 2)
    with pytest.raises(UserError, match="use --parallel 2") as caught:
        parallel.refuse_too_many(configs, 5)
    assert caught.value.code == 69


def states(*configs: Config, steps: int = 10**6, **fields: object) -> list[MemberState]:
    made = parse_definition("", "f.toml").members[0]
    return [
        MemberState(replace(made, name=str(place), config=config), Path(str(place)), total_steps=steps, **fields)  # type: ignore[arg-type]
        for place, config in enumerate(configs)
    ]


def found_for(*configs: Config, step_s: Sequence[float]) -> Found:
    keys = [environment_key(config) for config in configs]
    return Found(dict.fromkeys(keys, SPEC), dict(zip(keys, step_s, strict=True)))


def test_the_time_is_what_was_measured_and_what_each_task_takes_by_itself() -> None:
    quick, slow = Config(env_id="a-v0", num_actors=1), Config(env_id="b-v0", num_actors=1)
    measured: list[str] = []

    def measure(config: Config, spec: EnvironmentSpec) -> float:
        measured.append(config.env_id)
        return 30e-6

    known = found_for(quick, slow, step_s=[10e-6, 1e-3])
    told = estimate(states(quick, slow), known, 1, measure)
    assert measured == ["a-v0"], "the quickest of those with one way of learning"
    assert told.env_steps == 2 * 10**6
    assert told.seconds == pytest.approx(30 + 1020, abs=10)
    assert "measured alone" in told.source


def test_what_has_been_trained_is_the_better_source_and_what_is_short_is_not_measured() -> None:
    config = Config()

    def never(config: Config, spec: EnvironmentSpec) -> float:
        raise AssertionError("nothing has to be measured")

    told = estimate(states(config, steps_per_s=1000.0, env_steps=500_000), Found(), 1, never)
    assert (told.seconds, told.env_steps) == (500.0 + START_S, 500_000)
    assert estimate(states(config, steps=1000), Found(), 1, never).seconds is None
    assert estimate(states(config, status="finished"), Found(), 1, never).seconds == 0.0


def test_what_a_run_alone_leaves_of_the_cores_is_what_runs_side_by_side_gain() -> None:
    default, lean = [Config()], [Config(num_actors=1, learner_threads=1)]
    assert speed_up(1, lean, 2) == speed_up(8, default, 1) == 1.0
    assert 1.0 < speed_up(2, default, 2) < 1.2 and speed_up(2, lean, 2) == 2.0
    assert speed_up(9, lean, 2) == 2.0 < speed_up(4, lean, 4)


def test_the_page_names_every_notice_status_and_file() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{kind}`" in page for kind in KINDS)
    files = [name for name in vars(SweepDirectory) if isinstance(getattr(SweepDirectory, name), property)]
    paths = [getattr(SweepDirectory(Path("s")), name) for name in files if name != "name"]
    assert all(f"`{path.name}" in page for path in paths), "each file of the directory"
