"""`resume --branch`: a new run from another's snapshot, which is left as it was, even while it trains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from snapshots import SPEC, made_up_run
from support import events, small_config, updates

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.beginning import lock_run, prepare
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import RecordWriter
from gwt_ib.runs.snapshot import load_snapshot
from gwt_ib.runs.snapshot_store import list_snapshots
from gwt_ib.runs.verify import verify
from gwt_ib_tui.commands.branching import make_branch
from gwt_ib_tui.commands.resuming import Wish, prepare_to_resume

STEPS = small_config().steps_per_update
LONGER = {"total_timesteps": 10 * STEPS}


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return made_up_run(tmp_path / "run", updates=(1, 2, 3, 4))


def branch(run: RunDirectory, name: str = "branch", **wish: object) -> tuple[RunDirectory, int]:
    asked = {"flags": LONGER, **wish}
    return make_branch(run, Wish(**asked), run.path.parent / name, ["gwt-ib-tui", "resume"], lambda config: SPEC)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_it_begins_with_the_snapshot_and_the_metrics_up_to_it_and_says_where_from(run: RunDirectory) -> None:
    before = everything(run.path)
    made, update = branch(run, from_snapshot=str(2 * STEPS), assignments=["lr=0.001"])
    assert everything(run.path) == before
    assert update == 2 and updates(made) == [1, 2]
    assert [path.name for path in list_snapshots(made.snapshots)] == [f"{2 * STEPS:012d}"]
    assert made.read_config() == small_config(lr=0.001, total_timesteps=10 * STEPS)
    origin = made.read_run().branched_from
    assert (origin["run"], origin["env_steps"]) == ("run", 2 * STEPS)
    assert Path(origin["path"]) == run.path.resolve() and Path(origin["snapshot"]).is_dir()
    (event,) = events(made, "branched")
    assert event["message"] == "branched from run at 512 env steps" and event["update"] == 2
    assert [(each["field"], each["value"]) for each in events(made, "setting")] == [
        ("lr", 0.001),
        ("total_timesteps", 10 * STEPS),
    ]
    assert verify(made).problems == 0
    _, lock = prepare(made, resume=True)
    lock.release()
    assert made.read_run().branched_from == origin, "a trainer keeps it"


def test_the_other_run_may_be_training(run: RunDirectory) -> None:
    lock = lock_run(run)
    try:
        assert branch(run)[1] == 4
    finally:
        lock.release()


def test_what_a_resume_takes_with_a_word_alone_a_branch_takes_and_its_resumes_know_it(run: RunDirectory) -> None:
    made, _ = branch(run, assignments=["gamma=0.5", "seed=7"])
    assert (made.read_config().gamma, made.read_config().seed) == (0.5, 7)
    assert prepare_to_resume(made, Wish(flags={"total_timesteps": 20 * STEPS}), lambda config: SPEC) == 4


def test_with_another_seed_its_environments_begin_new_episodes(run: RunDirectory) -> None:
    same, other = branch(run)[0], branch(run, "other", assignments=["seed=7"])[0]
    assert set(load_snapshot(list_snapshots(same.snapshots)[0]).environments) == {"h", "td_prev"}
    assert not load_snapshot(list_snapshots(other.snapshots)[0]).environments


def test_it_begins_with_what_the_snapshot_was_trained_with_not_with_what_was_changed_since(run: RunDirectory) -> None:
    later = {"lr": 0.5, "ent_coef": 0.5, "eval_every": 7, "total_timesteps": 30 * STEPS}
    run.config.write_text(json.dumps({**run.read_settings(), **later}))
    made, _ = branch(run, flags={})
    assert made.read_config() == small_config(eval_every=7, total_timesteps=30 * STEPS)
    run.config.write_text("{")
    made, _ = branch(run, "second")
    assert made.read_config() == small_config(total_timesteps=10 * STEPS)


REFUSED = {
    "what shapes the agent": (
        {"assignments": ["hidden_size=9"]},
        ExitCode.BAD_CONFIGURATION,
        "hidden_size from 16 to 9",
    ),
    "what is no setting": ({"assignments": ["sed=9"]}, ExitCode.BAD_CONFIGURATION, "Did you mean seed"),
    "no such snapshot": ({"from_snapshot": "77"}, ExitCode.USAGE, "the nearest is 000000000256"),
    "nothing left to do": ({"flags": {}}, ExitCode.USAGE, "--total-timesteps"),
}


@pytest.mark.parametrize(("wish", "code", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_leaves_nothing(run: RunDirectory, wish: dict[str, object], code: int, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        branch(run, **wish)
    assert sentence in caught.value.message and caught.value.code == code
    assert [*run.path.parent.iterdir()] == [run.path]


@pytest.mark.parametrize("existed", [False, True])
def test_a_disk_that_fills_in_the_middle_leaves_nothing(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch, existed: bool
) -> None:
    if existed:
        (run.path.parent / "branch").mkdir()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RecordWriter, "append", refuse)
    with pytest.raises(UserError, match=r"Cannot make the branch .*No space left") as caught:
        branch(run)
    assert caught.value.code == ExitCode.CANNOT_CREATE_RUN
    assert not any((run.path.parent / "branch").iterdir()) if existed else [*run.path.parent.iterdir()] == [run.path]


def test_a_directory_that_is_used_is_left_alone(run: RunDirectory) -> None:
    before = everything(run.path)
    with pytest.raises(UserError):
        branch(run, "run")
    assert everything(run.path) == before
