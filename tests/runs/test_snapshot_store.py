"""The snapshots of a run: the newest good and fitting one, those that are kept, those that are set aside."""

import errno
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from snapshots import CONFIG, SPEC, fitting
from support import small_config

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs import snapshot_store
from gwt_ib.runs.snapshot import NotFiniteSnapshotError, Snapshot, problem_of, save_snapshot
from gwt_ib.runs.snapshot_fit import fit_problem
from gwt_ib.runs.snapshot_store import (
    clean_temporary,
    keep_snapshots,
    list_aside,
    list_leftovers,
    list_snapshots,
    newest_good_snapshot,
    save_firmly,
    set_aside_newer,
)


def save(folder, steps, eval_return=None, **options):
    model = {"w": np.full(3, steps, np.float32)}
    state = {"update": steps, "env_steps": steps, "eval_return": eval_return}
    return save_snapshot(folder, Snapshot(model, {}, {}, state), steps, **options)


def kept(folder):
    return [int(path.name) for path in list_snapshots(folder)]


def spoil(path):
    (path / "model.safetensors").write_bytes(b"")


def test_the_newest_good_one_of_several_folders_is_taken(tmp_path):
    own, rescue = tmp_path / "own", tmp_path / "rescue"
    own.mkdir(), rescue.mkdir()
    save(own, 1), save(rescue, 2), spoil(save(own, 3)), save(own, 2)
    path, snapshot, refused = newest_good_snapshot([own, rescue, tmp_path / "none"])
    assert path == own / "000000000002" and snapshot.state["update"] == 2
    assert len(refused) == 1 and refused[0].endswith("model.safetensors does not match its checksum")
    spoil(path)
    assert newest_good_snapshot([own, rescue])[0] == rescue / "000000000002"


def test_more_steps_than_twelve_digits_are_newer(tmp_path):
    save(tmp_path, 10**12), save(tmp_path, 9)
    assert newest_good_snapshot(tmp_path)[1].state["update"] == 10**12


def test_the_newest_that_fits_is_taken_and_the_others_are_named(tmp_path):
    save(tmp_path, 1), save(tmp_path, 2)
    path, _, refused = newest_good_snapshot(
        [tmp_path], lambda snapshot: "too new" if snapshot.state["update"] > 1 else ""
    )
    assert path.name == "000000000001"
    assert refused == [f"{tmp_path}/000000000002 does not fit this run: too new"]
    with pytest.raises(UserError, match=r"no good snapshot to go on from: .*: no\. .*: no\.$") as caught:
        newest_good_snapshot([tmp_path], lambda snapshot: "no")
    assert caught.value.code == ExitCode.BAD_DATA


def test_a_folder_that_cannot_be_looked_into_is_a_sentence(tmp_path, monkeypatch):
    save(tmp_path, 1)
    real = snapshot_store.list_snapshots

    def broken(folder):
        if folder.name == "broken":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(folder)

    monkeypatch.setattr(snapshot_store, "list_snapshots", broken)
    path, _, refused = newest_good_snapshot([tmp_path / "broken", tmp_path])
    assert path.name == "000000000001"
    assert refused == [f"{tmp_path}/broken cannot be looked into: Input/output error"]


def test_what_fits_fits():
    assert fit_problem(fitting(), CONFIG, SPEC) == ""
    assert fit_problem(replace(fitting(), environments={}), CONFIG, SPEC) == ""
    assert fit_problem(replace(fitting(0), optimizer={}), CONFIG, SPEC) == ""


def without(tensors, name):
    return {key: value for key, value in tensors.items() if key != name}


GOOD = fitting()
MISFITS = {
    "state.json has no td_std": {"state": without(GOOD.state, "td_std")},
    "state.json: the window has no mmer": {"state": {**GOOD.state, "window": without(GOOD.state["window"], "mmer")}},
    "it is of 3 environments, the run has 4": {"state": {**GOOD.state, "episodes": [0, 0, 0]}},
    "512 env steps are not 3 updates of 256": {"state": {**GOOD.state, "update": 3}},
    "model.safetensors has no critic.bias": {"model": without(GOOD.model, "critic.bias")},
    "model.safetensors: critic.bias is float32 [2], the run needs float32 [1]": {
        "model": {**GOOD.model, "critic.bias": np.zeros(2, np.float32)}
    },
    "model.safetensors: critic.bias is float64 [1], the run needs float32 [1]": {
        "model": {**GOOD.model, "critic.bias": np.zeros(1)}
    },
    "model.safetensors has no td_statistics.recent": {"model": without(GOOD.model, "td_statistics.recent")},
    "model.safetensors: return_statistics is no row of three float64 numbers": {
        "model": {**GOOD.model, "return_statistics": np.zeros(4)}
    },
    "model.safetensors: td_statistics.recent is no row of float32 numbers": {
        "model": {**GOOD.model, "td_statistics.recent": np.zeros((2, 2), np.float32)}
    },
    "optimizer.safetensors has no exp_avg.bias": {"optimizer": {}},
    "optimizer.safetensors has no exp_avg_sq.actor.bias": {
        "optimizer": without(GOOD.optimizer, "exp_avg_sq.actor.bias")
    },
    "optimizer.safetensors has no step": {"optimizer": without(GOOD.optimizer, "step")},
    "optimizer.safetensors: step is negative": {"optimizer": {**GOOD.optimizer, "step": np.array(-1, np.float32)}},
    "environments.safetensors: h is float32 [4, 5], the run needs float32 [4, 16]": {
        "environments": {"h": np.zeros((4, 5), np.float32)}
    },
    "environments.safetensors: td_prev is not finite": {
        "environments": {"td_prev": np.full(4, np.inf, np.float32)}
    },
}  # fmt: skip


@pytest.mark.parametrize(("sentence", "change"), MISFITS.items(), ids=MISFITS)
def test_what_does_not_fit_is_said_in_words(sentence, change):
    assert fit_problem(replace(GOOD, **change), CONFIG, SPEC) == sentence


def test_another_environment_or_size_does_not_fit():
    assert "encoder.weight is float32 [16, 3], the run needs" in fit_problem(
        GOOD, CONFIG, replace(SPEC, observation_size=4)
    )
    assert "float32" in fit_problem(GOOD, small_config(hidden_size=8), SPEC)
    assert "3 environments" not in fit_problem(GOOD, small_config(num_envs=8, num_actors=2), SPEC)


def test_the_newest_the_best_and_the_pinned_ones_are_kept(tmp_path):
    save(tmp_path, 1, pinned=True), save(tmp_path, 2, 0.5), save(tmp_path, 3, 0.25), save(tmp_path, 4)
    for steps in range(5, 9):
        save(tmp_path, steps, -1.0)
    assert [path.name[-1] for path in keep_snapshots(tmp_path)] == ["3", "4", "5"]
    assert kept(tmp_path) == [1, 2, 6, 7, 8]
    assert list_leftovers(tmp_path) == []
    assert keep_snapshots(tmp_path) == []
    save(tmp_path, 9, 0.5)  # as good, and newer
    keep_snapshots(tmp_path)
    assert kept(tmp_path) == [1, 7, 8, 9]


def test_what_does_not_look_good_counts_as_none_and_is_left_alone(tmp_path):
    for steps in range(1, 8):
        save(tmp_path, steps)
    for steps in (2, 5, 6):
        spoil(tmp_path / f"{steps:012d}")
    (tmp_path / "99").mkdir()
    (tmp_path / "notes").mkdir()
    keep_snapshots(tmp_path)
    assert kept(tmp_path) == [2, 3, 4, 5, 6, 7, 99] and (tmp_path / "notes").is_dir()


def test_the_last_one_that_verifies_is_never_deleted(tmp_path):
    for steps in range(1, 8):
        path = save(tmp_path, steps)
        if steps > 1:  # of the same size, so it looks good until it is read
            data = bytearray((path / "model.safetensors").read_bytes())
            data[-1] ^= 1
            (path / "model.safetensors").write_bytes(data)
    keep_snapshots(tmp_path)
    assert kept(tmp_path) == [1, 5, 6, 7] and newest_good_snapshot(tmp_path)[0].name == "000000000001"
    spoil(tmp_path / "000000000001")
    save(tmp_path, 2, pinned=True), spoil(tmp_path / "000000000002")
    assert keep_snapshots(tmp_path, 1) == [], "of none that verifies none is deleted"


def test_a_deletion_that_fails_is_tried_again_another_time(tmp_path, monkeypatch):
    for steps in range(1, 6):
        save(tmp_path, steps)
    with monkeypatch.context() as broken:
        broken.setattr(snapshot_store, "discard", lambda path: (_ for _ in ()).throw(OSError(errno.EIO, "")))
        assert keep_snapshots(tmp_path) == []
    with monkeypatch.context() as broken:  # killed half-way: out of sight, but there
        broken.setattr(shutil, "rmtree", lambda *_, **__: None)
        assert len(keep_snapshots(tmp_path)) == 2
    assert kept(tmp_path) == [3, 4, 5] and len(list_leftovers(tmp_path)) == 2
    clean_temporary(tmp_path)
    assert list_leftovers(tmp_path) == []
    assert keep_snapshots(tmp_path / "none") == []


def test_only_our_own_leftovers_are_cleaned_away(tmp_path):
    path = save(tmp_path, 1)
    leftovers = [
        tmp_path / ".000000000002.tmp-17-18",
        tmp_path / ".trash-000000000001-5",
        path / ".manifest.json.tmp-3",
    ]
    leftovers[0].mkdir(), (leftovers[0] / "state.json").write_text("x")
    leftovers[1].symlink_to(path)
    leftovers[2].write_text("x")
    others = [tmp_path / ".notes", tmp_path / "a.tmp-1", path / ".hidden"]
    for other in others:
        other.mkdir()
    clean_temporary(tmp_path)
    assert not any(os.path.lexists(leftover) for leftover in leftovers)
    assert all(other.is_dir() for other in others) and problem_of(path) == ""


def test_newer_ones_are_set_aside_and_never_come_back_by_themselves(tmp_path):
    save(tmp_path, 1), save(tmp_path, 2), spoil(save(tmp_path, 3))
    moved = set_aside_newer(tmp_path, 1)
    assert [path.relative_to(tmp_path).as_posix() for path in moved] == ["aside-1/000000000002", "aside-1/000000000003"]
    assert moved == list_aside(tmp_path) and kept(tmp_path) == [1]
    assert set_aside_newer(tmp_path, 1) == [] == set_aside_newer(tmp_path / "none", 1)
    again = save(tmp_path, 2)
    assert [path.parent.name for path in set_aside_newer(tmp_path, 1)] == ["aside-2"]
    assert newest_good_snapshot(tmp_path)[0].name == "000000000001"
    (tmp_path / "aside-1" / again.name).rename(again)  # by hand
    assert newest_good_snapshot(tmp_path)[0] == again
    keep_snapshots(tmp_path), clean_temporary(tmp_path)
    assert len(list_aside(tmp_path)) == 2


def test_saving_firmly_tries_again_and_then_elsewhere(tmp_path, monkeypatch):
    calls = []
    real = snapshot_store.save_snapshot

    def unwilling(folder, *arguments, **options):
        calls.append(folder.name)
        if folder.name == "own" or len(calls) < 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(folder, *arguments, **options)

    monkeypatch.setattr(snapshot_store, "save_snapshot", unwilling)
    own, rescue = tmp_path / "own", tmp_path / "deep" / "rescue"
    assert save_firmly([own, rescue], fitting(), 512, pinned=True) == rescue / "000000000512"
    assert calls == ["own"] * 3 + ["rescue"] * 2
    with pytest.raises(OSError, match="No space"):
        save_firmly([own], fitting(), 512)
    with pytest.raises(NotFiniteSnapshotError):
        monkeypatch.undo()
        save_firmly([own], replace(GOOD, model={"w": np.array(np.nan, np.float32)}), 512)
