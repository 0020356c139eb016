"""A run's snapshots through everything that can happen to them, in any order: the newest good one is what a model says."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gwt_ib.errors import UserError
from gwt_ib.runs import snapshot as snapshots
from gwt_ib.runs.snapshot import BadSnapshotError, Snapshot, load_snapshot, pin, problem_of, save_snapshot
from gwt_ib.runs.snapshot_store import (
    clean_temporary,
    keep_snapshots,
    list_aside,
    list_leftovers,
    list_snapshots,
    newest_good_snapshot,
    set_aside_newer,
)


class Killed(BaseException):
    """The process ends at this call."""


def made(steps: int, past: int, eval_return: float | None) -> Snapshot:
    """A snapshot whose weights tell in which past it was made."""
    model = {"w": np.array([steps, past], np.float32)}
    return Snapshot(
        model, {}, {"h": np.zeros(2, np.float32)}, {"update": steps, "env_steps": steps, "eval_return": eval_return}
    )


class Store(RuleBasedStateMachine):
    """`good` holds, by env steps, the past of every snapshot that a resume may find; `bad` are damaged ones."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.good: dict[int, int] = {}
        self.bad: set[int] = set()
        self.rated: dict[int, float] = {}
        self.pinned: set[int] = set()
        self.aside: int = 0
        self.steps = 0
        self.past = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def path(self, steps: int) -> Path:
        return self.folder / f"{steps:012d}"

    @initialize()
    def begin(self) -> None:
        self.save(None, False)

    @rule(eval_return=st.sampled_from([None, -1.0, 0.5, 1.0]), pinned=st.sampled_from([False, False, False, True]))
    def save(self, eval_return: float | None, pinned: bool) -> None:
        """The run goes on and saves."""
        self.steps += 1
        save_snapshot(self.folder, made(self.steps, self.past, eval_return), self.steps, pinned=pinned)
        self.good[self.steps] = self.past
        self.bad.discard(self.steps)
        self.pinned.discard(self.steps)
        self.rated.pop(self.steps, None)
        if eval_return is not None:
            self.rated[self.steps] = eval_return
        if pinned:
            self.pinned.add(self.steps)

    @rule(pinned=st.booleans())
    def save_again(self, pinned: bool) -> None:
        """The same moment once more, as at the end of a run; a good one that is there is kept, a bad one replaced."""
        assume(self.steps in self.good or self.steps in self.bad)
        save_snapshot(self.folder, made(self.steps, self.past, None), self.steps, pinned=pinned)
        if self.steps in self.bad:
            self.bad.discard(self.steps)
            self.rated.pop(self.steps, None)
            self.pinned.discard(self.steps)
            self.good[self.steps] = self.past
        if pinned:
            self.pinned.add(self.steps)

    @rule(call=st.sampled_from(["write_new", "sync_directory", "rename"]), at=st.integers(0, 7), error=st.booleans())
    def fail_in_a_save(self, call: str, at: int, error: bool) -> None:
        """A save is killed, or refused by the disk, at one of its calls."""
        owner = Path if call == "rename" else snapshots
        original, left = getattr(owner, call), [at]

        def broken(*arguments: object, **options: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(28, "No space left on device") if error else Killed
            return original(*arguments, **options)

        remove = snapshots._remove
        setattr(owner, call, broken)
        if not error:
            snapshots._remove = lambda path: None  # a killed process cleans nothing up
        try:
            save_snapshot(self.folder, made(self.steps + 1, self.past, None), self.steps + 1)
        except (OSError, Killed):
            pass
        finally:
            setattr(owner, call, original)
            snapshots._remove = remove
        if self.path(self.steps + 1).exists():  # it came as far as its name
            self.steps += 1
            self.good[self.steps] = self.past
            self.rated.pop(self.steps, None)
            self.pinned.discard(self.steps)
        self.bad.discard(self.steps + 1)

    @precondition(lambda self: len(self.good) > 1)
    @rule(data=st.data())
    def damage(self, data: st.DataObject) -> None:
        """A file of a snapshot is cut, changed or gone."""
        steps = data.draw(st.sampled_from(sorted(self.good)))
        file = self.path(steps) / data.draw(st.sampled_from([*snapshots.FILES, snapshots.MANIFEST]))
        content = file.read_bytes()
        how = data.draw(st.sampled_from(["cut", "flip", "gone", "pipe"]))
        if how == "cut":
            file.write_bytes(content[:-3])
        elif how == "flip":
            place = len(content) // 2
            file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        else:
            file.unlink()
            if how == "pipe":
                os.mkfifo(file)
        assume(problem_of(self.path(steps)))  # a flipped space in a manifest changes nothing that it says
        del self.good[steps]
        self.bad.add(steps)

    @precondition(lambda self: len(self.good) > 1)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """Somebody deletes a snapshot."""
        steps = data.draw(st.sampled_from(sorted(self.good)))
        shutil.rmtree(self.path(steps))
        del self.good[steps]

    @rule(data=st.data())
    def pin_one(self, data: st.DataObject) -> None:
        """A snapshot is to be kept for good."""
        steps = data.draw(st.sampled_from(sorted(self.good)))
        pin(self.path(steps))
        self.pinned.add(steps)

    @rule(newest=st.integers(1, 3))
    def keep(self, newest: int) -> None:
        """Those that are not worth keeping go; damaged ones that do not look good stay."""
        before = set(self.good)
        gone = {int(path.name) for path in keep_snapshots(self.folder, newest)}
        assert max(before) not in gone, "the newest good one stays"
        assert not gone & self.pinned, "what is pinned stays"
        assert before - gone >= set(sorted(before)[-newest:]) or self.bad, "the newest stay"
        best = max((self.rated[steps] for steps in before if steps in self.rated), default=None)
        looking = {steps for steps in self.rated if steps in before | self.bad}
        assert best is None or any(self.rated[steps] >= best for steps in looking - gone), "the best stays"
        for steps in gone:
            self.good.pop(steps, None)
            self.bad.discard(steps)

    @rule()
    def clean(self) -> None:
        """What killed processes left goes, at the next start."""
        clean_temporary(self.folder)
        assert list_leftovers(self.folder) == []

    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        """The run goes on from its newest good snapshot, or from an older one, in another past from then on."""
        steps = data.draw(st.sampled_from(sorted(self.good)))
        self.aside += len(set_aside_newer(self.folder, steps))
        self.good = {each: past for each, past in self.good.items() if each <= steps}
        self.bad = {each for each in self.bad if each <= steps}
        self.steps, self.past = steps, self.past + 1

    @invariant()
    def the_newest_good_one_is_what_the_model_says(self) -> None:
        if not self.good:
            with pytest.raises(UserError):
                newest_good_snapshot([self.folder])
            return
        newest = max(self.good)
        path, snapshot, refused = newest_good_snapshot([self.folder])
        assert path == self.path(newest)
        assert snapshot.model["w"].tolist() == [newest, self.good[newest]]
        assert len(refused) == len([steps for steps in self.bad if steps > newest])

    @invariant()
    def every_snapshot_is_good_or_known_to_be_bad(self) -> None:
        found = {int(path.name) for path in list_snapshots(self.folder)}
        assert found == set(self.good) | self.bad
        for steps, past in self.good.items():
            assert load_snapshot(self.path(steps)).model["w"].tolist() == [steps, past]
        for steps in self.bad:
            with pytest.raises(BadSnapshotError):
                load_snapshot(self.path(steps))
        assert len(list_aside(self.folder)) == self.aside


TestStore = Store.TestCase
TestStore.settings = settings(
    max_examples=120, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
