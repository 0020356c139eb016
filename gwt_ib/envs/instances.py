"""The instances behind a batch: made as many as can be, of one size, each called in its own folder, replaced, closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.folders import Folders
from gwt_ib.envs.instance import Form, Instance
from gwt_ib.envs.make import Env, registered_name
from gwt_ib.envs.refusal import refusal
from gwt_ib.envs.spaces import Row
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import UserError


class Instances:
    """A number of environments of one id, and what a step needs of each: `steps` and `encoders`.

    `beat`, one int64, is counted up after every single call of an environment, for whoever watches for a hang.
    """

    steps: list[Callable[[Any], Any]]
    encoders: list[Callable[[Any, Row], None]]
    to_envs: Callable[[NDArray[Any]], list[Any]]
    """What `ActionCodec.to_envs` gives for the row of each instance. Raises `ValueError`."""

    def __init__(
        self,
        config: Config,
        count: int,
        beat: memoryview,
        spec: EnvironmentSpec | None,
        fewer: bool,
        make: Callable[[Config], Env] | None = None,
    ) -> None:
        """Raises `UserError` when they cannot be made, with `fewer` only when not even one can; or differ in size."""
        self.beat = beat
        self._config = config
        self._make_env = make
        registered_name(config.env_id)  # imports its module, which may go to another folder as well
        self._folders = Folders(count)
        self._made: list[Instance] = []
        self._first: Form | None = None
        self._resting: set[int] = set()
        try:
            for i in range(count):
                try:
                    instance = self._make(i)
                except UserError:
                    if not (fewer and i):
                        raise
                    break
                self._made.append(instance)
                self._require_sizes(i, spec)
        except BaseException:
            self.close()
            raise
        self._arrange()

    def __len__(self) -> int:
        return len(self._made)

    @property
    def first(self) -> Form:
        """The spaces of the first instance that was made."""
        assert self._first is not None
        return self._first

    def form(self, i: int) -> Form:
        """The spaces of instance `i`."""
        return self._made[i].form

    def _each_by_its_own(self, rows: NDArray[Any]) -> list[Any]:
        return [instance.form.actions.to_env(row) for instance, row in zip(self._made, rows, strict=False)]

    def reset(self, i: int, seed: int, row: Row) -> bool:
        """Start an episode and write its first observation; True where numbers were moved to the limit."""
        moved = self._folders.moved
        self._folders.enter(i)
        try:
            return self._made[i].reset(seed, row)
        finally:
            self._folders.leave(i)
            self.beat[0] += 1
            if self._folders.moved and not moved:
                self._arrange()

    def step(self, i: int, action: Any, row: Row) -> tuple[float, bool, bool]:
        """Take a step in one instance and write what it shows: the reward, and whether the episode is over, or cut."""
        self._folders.enter(i)
        try:
            return self._made[i].step(action, row)
        finally:
            self._folders.leave(i)
            self.beat[0] += 1

    def rest(self, i: int) -> None:
        """Step instance `i` no more: its row stays as it is, and it is paid nothing."""
        self._resting.add(i)
        self._arrange()

    def wake(self) -> None:
        """Step them all again."""
        self._resting.clear()
        self._arrange()

    def renew(self, i: int) -> None:
        """Put a new instance in the place of one that failed. Raises `UserError`."""
        self._close(i)
        self._made[i] = self._make(i)
        self._arrange()
        self._require_sizes(i)

    def close(self) -> None:
        """Close every environment, whatever closing one of them raises. A second call does nothing."""
        for i in range(len(self._made)):
            self._close(i)
        self._folders.close()

    def _make(self, i: int) -> Instance:
        self._folders.enter(i)
        try:
            instance = Instance(self._config, self._first, self._make_env)
        finally:
            self._folders.leave(i)
            self.beat[0] += 1
        if self._first is None:
            self._first = instance.form
        return instance

    def _close(self, i: int) -> None:
        self._folders.enter(i)
        try:
            self._made[i].close()
        finally:
            self._folders.leave(i)
            self._folders.forget(i)

    def _arrange(self) -> None:
        """Note what a step calls, after an instance was made or an environment has gone to a folder of its own."""
        self.steps = [instance.env.step for instance in self._made]
        if self._folders.moved:
            self.steps = [self._folders.inside(i, step) for i, step in enumerate(self.steps)]
        self.encoders = [instance.form.encoder.encode for instance in self._made]
        for i in self._resting:
            self.steps[i], self.encoders[i] = _nothing_happens, _nothing_new
        codec = self.first.actions
        alike = all(instance.form.actions is codec for instance in self._made)
        self.to_envs = codec.to_envs if alike else self._each_by_its_own

    def _require_sizes(self, i: int, spec: EnvironmentSpec | None = None) -> None:
        """Raises `UserError` where instance `i` has other sizes than the first, or the first than the checked one."""
        form, first = self._made[i].form, self._first
        if spec is not None and i == 0 and form.sizes != (spec.observation_size, spec.actions):
            other = (
                f"{spec.observation_size} numbers to observe ({spec.observation_space}) and acts in {spec.action_space}"
            )
            which, whose = "the first", "the one that was checked"
        elif first is not None and form.sizes != first.sizes:
            other, which, whose = str(first), f"number {i + 1}", "the first"
        else:
            return
        words = f"differs from instance to instance: {which} of this process has {form}, and {whose} had {other}"
        raise refusal(self._config.env_id, " ".join(words.split()))


def _nothing_happens(action: Any) -> tuple[None, float, bool, bool, None]:
    return None, 0.0, False, False, None


def _nothing_new(observation: Any, row: Row) -> None:
    """It is not read again."""


def counter() -> memoryview:
    """A beat that nobody looks at."""
    return memoryview(bytearray(8)).cast("q")
