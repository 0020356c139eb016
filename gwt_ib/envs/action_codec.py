"""One row of numbers per action, and the action that an environment gets for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from gwt_ib.envs.spec import ActionLayout
from gwt_ib.errors import ExitCode, UserError


class ActionCodec(ActionLayout):
    """How the actions of one space are written in rows.

    A discrete row holds one index from 0 per component. A continuous row holds one number per dimension of the Box:
    where the dimension is bounded on both sides, -1 is its lower and 1 its upper bound; elsewhere it is the action
    itself. Numbers beyond a bound are moved to it. `to_env(row)` is the action for the environment; it is in the space
    for every finite row. It raises `ValueError` for an index that does not exist and for a number that is not finite.
    `to_envs(rows)` is the list of what `to_env` gives for each row of an array [B, width], faster.
    """

    to_env: Callable[[Any], Any]
    to_envs: Callable[[NDArray[Any]], list[Any]]

    def __init__(self, space: spaces.Space[Any]) -> None:
        """Raises `UserError` for a space other than Discrete, MultiDiscrete and Box."""
        form: _Choices | _Numbers
        if isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
            form = _Choices(space)
            super().__init__("discrete", form.sizes, len(form.sizes))
        elif isinstance(space, spaces.Box):
            form = _Numbers(space)
            super().__init__("continuous", (), int(spaces.flatdim(space)))
        else:
            raise UserError(
                f"Actions of the space {space} cannot be taken; the agent acts in Discrete, MultiDiscrete and Box.",
                ExitCode.BAD_CONFIGURATION,
            )
        object.__setattr__(self, "to_env", form.to_env)  # the layout is frozen
        object.__setattr__(self, "to_envs", form.to_envs)

    @property
    def layout(self) -> ActionLayout:
        """The same without the space."""
        return ActionLayout(self.kind, self.sizes, self.width)


class _Choices:
    """A MultiDiscrete, or a Discrete as the only component."""

    def __init__(self, space: spaces.Discrete[Any] | spaces.MultiDiscrete[Any]) -> None:
        self.single = isinstance(space, spaces.Discrete)
        counts = np.ravel(space.n if isinstance(space, spaces.Discrete) else space.nvec)
        self.sizes = tuple(map(int, counts))
        self.start = tuple(map(int, np.ravel(space.start)))
        self.shape, self.dtype = space.shape, space.dtype

    def to_env(self, row: Any) -> Any:
        action = []
        for index, size, start in zip(row, self.sizes, self.start, strict=True):
            if not 0 <= index < size:
                raise ValueError(f"there is no choice {index} among {size}")
            action.append(int(index) + start)
        return action[0] if self.single else np.array(action, self.dtype).reshape(self.shape)

    def to_envs(self, rows: NDArray[Any]) -> list[Any]:
        if self.single:
            indices: list[int] = rows[:, 0].tolist()
            if min(indices) >= 0 and max(indices) < self.sizes[0]:
                start = self.start[0]
                return [index + start for index in indices] if start else indices
        return [self.to_env(row) for row in rows.tolist()]


class _Numbers:
    """A Box. Works in float64 (or wider), where no bound of the usual dtypes is rounded."""

    def __init__(self, space: spaces.Box[Any]) -> None:
        self.shape = space.shape
        self.dtype = np.dtype(space.dtype)
        self.whole = self.dtype.kind != "f"
        self.low, self.high = space.low.ravel(), space.high.ravel()
        work = self.work = np.result_type(self.dtype, np.float64)
        bounded = (space.bounded_below & space.bounded_above).ravel()
        self.free = None if bounded.all() else ~bounded
        self.bottom = np.where(bounded, self.low, 0).astype(work)
        self.top = np.where(bounded, self.high, 0).astype(work)
        # The bounds in the type that is worked in, moved inwards where the cast to the Box's dtype would overflow.
        least, most = _castable(self.dtype, work)
        self.work_low = np.maximum(self.low.astype(work), least)
        self.work_high = np.minimum(self.high.astype(work), most)

    def to_env(self, row: Any) -> Any:
        return self.to_envs(np.asarray(row)[np.newaxis])[0]

    def to_envs(self, rows: NDArray[Any]) -> list[Any]:
        given = rows.astype(self.work)
        if not np.isfinite(given).all():
            raise ValueError(f"the action {given} is not finite")
        share = (np.minimum(np.maximum(given, -1.0), 1.0) + 1.0) / 2.0
        action: NDArray[Any] = self.bottom * (1.0 - share) + self.top * share  # exact at both ends, nothing overflows
        if self.free is not None:
            action = np.where(self.free, given, action)
        if self.whole:
            action = np.rint(action)
        action = np.minimum(np.maximum(action, self.work_low), self.work_high).astype(self.dtype)
        if self.whole:  # near the ends of 64 bits the bounds have no exact float64
            action = np.minimum(np.maximum(action, self.low), self.high)
        return [one.reshape(self.shape) for one in action]


def _castable(dtype: np.dtype[Any], work: np.dtype[Any]) -> tuple[Any, Any]:
    """The least and the greatest finite number of type `work` whose cast to `dtype` does not overflow."""
    if dtype.kind == "f":
        limits = np.finfo(dtype)
        return work.type(limits.min), work.type(limits.max)
    if dtype.kind == "b":
        return work.type(0), work.type(1)
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    greatest = work.type(most)
    return work.type(least), greatest if int(greatest) <= most else np.nextafter(greatest, work.type(0))
