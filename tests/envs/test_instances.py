"""Instances of one id may differ in bounds, work in folders of their own and be few; sizes have to be the same."""

import os
from pathlib import Path

import numpy as np
import pytest
import unruly_envs
from driven import Driven
from support import task

from gwt_ib.envs import folders
from gwt_ib.envs.make import check_environment
from gwt_ib.errors import ExitCode, UserError


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """Where the environments write; the working folder is put back whatever they do."""
    before = Path.cwd()
    monkeypatch.setattr(unruly_envs, "FOLDER", tmp_path)
    for kind in (unruly_envs.OtherBounds, unruly_envs.OtherSize):
        monkeypatch.setattr(kind, "made", 0)
    yield tmp_path
    os.chdir(before)


def test_other_bounds_of_one_size_are_each_their_own():
    driven = Driven("unruly_envs:OtherBounds-v0", range(3))
    driven.step(1.0, 1.0, 1.0)
    assert driven.rewards.tolist() == [1, 2, 3], "1 is the upper bound of each"
    driven.step(-1.0, 0.0, 5.0)
    assert driven.rewards.tolist() == [-1, 0.5, 3]


def test_another_size_is_refused_with_what_it_has_and_what_the_first_had():
    with pytest.raises(UserError) as caught:
        Driven("unruly_envs:OtherSize-v0", range(4))
    assert caught.value.code is ExitCode.BAD_CONFIGURATION
    for words in (
        "'unruly_envs:OtherSize-v0' differs",
        "number 3 of this process has 4 numbers",
        "the first had 3 numbers",
    ):
        assert words in caught.value.message
    assert "\n" not in caught.value.message


def test_another_size_than_the_one_that_was_checked_is_refused():
    spec = check_environment(task("popgym-CountRecallEasy-v0"))
    Driven("popgym-CountRecallEasy-v0", [0], spec=spec)
    with pytest.raises(UserError, match=r"the first of this process has .* the one that was checked had 4 numbers"):
        Driven("unruly_envs:Calm-v0", [0], spec=spec)


def test_with_fewer_seats_than_asked_for_those_are_taken_where_that_is_enough():
    driven = Driven("unruly_envs:Licensed-v0", range(5), fewer=True)
    assert (driven.batch.made, driven.batch.size) == (3, 3)
    with pytest.raises(UserError, match="all 3 licences are in use"):
        Driven("unruly_envs:Licensed-v0", range(5), fewer=True)
    driven.batch.close()
    with pytest.raises(UserError, match="all 3 licences are in use"):
        Driven("unruly_envs:Licensed-v0", range(5))
    assert Driven("unruly_envs:Licensed-v0", range(3)).batch.made == 3, "those that were made are given back"


def test_a_batch_can_be_other_environments_and_fewer():
    usual, other = Driven("unruly_envs:Calm-v0", [7, 8]), Driven("unruly_envs:Calm-v0", [1, 2, 3])
    other.batch.take([7, 8], [0, 0])
    assert other.batch.size == 2
    rows = other.obs[:2]
    other.batch.reset(rows)
    np.testing.assert_array_equal(rows, usual.obs)
    with pytest.raises(ValueError, match="4 environments of 3"):
        other.batch.take(range(4), [0] * 4)


def test_each_works_in_its_own_folder_and_nobody_else_is_moved(folder):
    before = Path.cwd()
    driven = Driven("unruly_envs:OwnFolder-v0", range(3))
    assert Path.cwd() == before
    for steps in range(25):
        driven.step(0, 0, 0)
        assert driven.rewards.tolist() == [steps] * 3, "lines of its own file"
        assert Path.cwd() == before
    driven.batch.close()
    assert Path.cwd() == before
    assert list(folder.iterdir()) == []


def test_one_that_moves_in_its_reset_is_there_in_its_steps(folder):
    driven = Driven("unruly_envs:MovesInReset-v0", range(2))
    for _ in range(12):
        driven.step(0, 1)
    assert driven.failures == []
    assert Path.cwd() != folder


def test_a_replaced_instance_begins_where_the_first_one_did(folder, monkeypatch):
    driven = Driven("unruly_envs:OwnFolder-v0", range(2))
    first = driven.batch._instances._made[0].env.unwrapped
    monkeypatch.setattr(first, "step", lambda action: 1 / 0)
    driven.step(0, 0)
    driven.step(0, 0)  # now it is made anew
    assert driven.batch._instances._made[0].env.unwrapped is not first
    driven.step(0, 0)
    assert driven.rewards.tolist() == [0, 2]
    assert len(driven.failures) == 2


def test_where_nobody_moves_nothing_is_switched(monkeypatch):
    driven = Driven("unruly_envs:Calm-v0", range(2))
    monkeypatch.setattr(os, "fchdir", lambda descriptor: pytest.fail("it was switched"))
    for _ in range(25):
        driven.step(0, 1)


def test_a_deleted_working_folder_breaks_nothing(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert folders.working_folder() == ""
    assert check_environment(task("unruly_envs:Calm-v0")).observation_size == 3
    driven = Driven("unruly_envs:OwnFolder-v0", range(2))
    for _ in range(12):
        driven.step(0, 0)
    assert driven.failures == []
    driven.batch.close()


def test_no_descriptor_is_left_of_those_that_moved(folder):
    def descriptors():
        return len(list(Path("/proc/self/fd").iterdir()))

    Driven("unruly_envs:OwnFolder-v0", range(3)).batch.close()
    before = descriptors()
    for _ in range(5):
        driven = Driven("unruly_envs:OwnFolder-v0", range(3))
        for _ in range(12):
            driven.step(0, 0, 0)
        driven.batch.close()
    assert descriptors() == before


def test_one_that_rests_is_not_stepped_until_the_batch_is_taken_again():
    driven = Driven("unruly_envs:Calm-v0", range(3))
    driven.step(1, 1, 1)
    shown = driven.obs.copy()
    driven.batch.rest(1)
    for _ in range(15):
        driven.step(1, 1, 1)
        assert driven.rewards.tolist() == [1, 0, 1]
        assert not driven.terminated[1]
    np.testing.assert_array_equal(driven.obs[1], shown[1])
    driven.batch.take(range(3), [0] * 3)
    driven.batch.reset(driven.obs)
    driven.step(1, 1, 1)
    np.testing.assert_array_equal(driven.obs, shown)
