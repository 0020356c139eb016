"""Any Gymnasium space as one flat float32 row: what `gymnasium.spaces.flatten` gives, made fast enough for every step.

Small one-hot spaces are tables that Gymnasium's own `flatten` filled in; every other leaf writes into its slice of the
row. `tests/envs/test_spaces.py` compares the rows with `flatten`'s, number by number.
"""

from __future__ import annotations

import itertools
import math
import reprlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from gwt_ib.errors import ExitCode, UserError

Row = NDArray[np.float32]
Encode = Callable[[Any, Row], None]

TABLE_ENTRIES = 4096
"""A one-hot space with at most this many members is a table."""
TABLE_NUMBERS = 2**20
"""And the whole table has at most this many numbers (4 MiB)."""


class ObservationEncoder:
    """Writes observations of one space as flat rows of `size` numbers.

    `encode(observation, row)` overwrites the whole row. It raises `ValueError` for an observation that does not fit
    the space; the row is then unspecified.
    """

    size: int
    encode: Encode

    def __init__(self, space: spaces.Space[Any]) -> None:
        """Raises `UserError` for a space that cannot be written as one row, such as Text or Graph."""
        _refuse_unsupported(space, space)
        self.size = int(spaces.flatdim(space))
        self.encode = _leaf_or_parts(space, 0, ())


def mismatch(space: spaces.Space[Any], observation: Any, where: str = "the observation") -> str:
    """What is wrong with an observation of `space`, as a clause; empty when nothing is.

    Python numbers and arrays of a wider dtype are taken as they are; a wrong structure, shape, kind of number or a
    value outside the bounds is not.
    """
    if isinstance(space, spaces.Dict):
        if not isinstance(observation, Mapping):
            return f"{where} is of type {type(observation).__name__} where the space is a Dict"
        if set(observation) != set(space.spaces):
            return f"{where} has the keys {sorted(map(str, observation))}, its space {sorted(map(str, space.spaces))}"
        parts = [(part, observation[key], f"{where}[{key!r}]") for key, part in space.spaces.items()]
    elif isinstance(space, spaces.Tuple):
        if not isinstance(observation, tuple | list):
            return f"{where} is of type {type(observation).__name__} where the space is a Tuple"
        if len(observation) != len(space.spaces):
            return f"{where} has {len(observation)} parts, its space {len(space.spaces)}"
        parts = [(part, observation[i], f"{where}[{i}]") for i, part in enumerate(space.spaces)]
    else:
        return _leaf_mismatch(space, observation, where)
    return next(filter(None, (mismatch(*part) for part in parts)), "")


def _leaf_mismatch(space: spaces.Space[Any], observation: Any, where: str) -> str:
    try:
        value = np.asarray(observation)
    except ValueError:
        return f"{where} is not an array of numbers"
    dtype = np.dtype(space.dtype)
    if value.dtype.kind not in "biuf" or (value.dtype.kind == "f" and dtype.kind != "f"):
        return f"{where} has dtype {value.dtype} where {_short(space)} has {dtype}"
    if value.shape != space.shape:
        return f"{where} has shape {value.shape} where {_short(space)} has {space.shape}"
    low: Any
    high: Any
    if isinstance(space, spaces.Box):
        low, high = space.low, space.high
        if dtype.kind == "f":
            value = value.astype(dtype)
    elif isinstance(space, spaces.MultiBinary):
        low, high = 0, 1
    elif isinstance(space, spaces.MultiDiscrete):
        low, high = space.start, space.start + (space.nvec - 1)
    else:
        assert isinstance(space, spaces.Discrete)
        low, high = int(space.start), int(space.start) + int(space.n) - 1
    if not (np.all(value >= low) and np.all(value <= high)):
        return f"{where}, {_short(observation)}, lies outside {_short(space)}"
    return ""


class _Parts:
    """A Tuple: its parts one after the other."""

    def __init__(self, parts: list[Encode]) -> None:
        self.parts = parts

    def encode(self, observation: Any, row: Row) -> None:
        try:
            for encode, part in zip(self.parts, observation, strict=True):
                encode(part, row)
        except TypeError as error:
            raise ValueError(f"{_short(observation)} is no tuple of {len(self.parts)} observations") from error


class _Keys:
    """A Dict: its parts in the order in which Gymnasium keeps the keys."""

    def __init__(self, parts: dict[Any, Encode]) -> None:
        self.parts = list(parts.items())

    def encode(self, observation: Any, row: Row) -> None:
        try:
            for key, encode in self.parts:
                encode(observation[key], row)
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(
                f"{_short(observation)} is no dictionary with the keys {[key for key, _ in self.parts]}"
            ) from error


class _Member:
    """A Discrete: one look-up where it has few members. Python's numbers and NumPy's are the same keys."""

    def __init__(self, space: spaces.Discrete[Any], at: slice) -> None:
        self.space = space
        self.at = at
        members = (
            range(int(space.start), int(space.start) + int(space.n)) if _is_few(int(space.n), int(space.n)) else ()
        )
        self.rows = {value: _flattened(space, space.dtype.type(value)) for value in members}

    def encode(self, observation: Any, row: Row) -> None:
        try:
            row[self.at] = self.rows[observation]
        except (KeyError, TypeError):  # TypeError: an array of one number
            row[self.at] = 0.0
            row[self.at.start + self.member(observation)] = 1.0

    def member(self, observation: Any) -> int:
        """The member, counted from 0."""
        value = np.asarray(observation)
        if value.size == 1 and value.dtype.kind in "iub":
            member = int(value.item()) - int(self.space.start)
            if 0 <= member < int(self.space.n):
                return member
        raise ValueError(f"{_short(observation)} is not in {_short(self.space)}")


class _Members:
    """A MultiDiscrete: one look-up under the bytes of the array where it has few members, else index arithmetic."""

    def __init__(self, space: spaces.MultiDiscrete[Any], at: slice) -> None:
        self.space = space
        self.at = at
        self.dtype = np.dtype(space.dtype)
        self.start = space.start.ravel().astype(np.int64)
        sizes = space.nvec.ravel()
        self.sizes = sizes.astype(np.uint64)
        self.first = at.start + np.cumsum(sizes, dtype=np.int64) - sizes.astype(np.int64)
        self.rows: dict[bytes, Row] = {}
        if _is_few(math.prod(map(int, sizes)), at.stop - at.start):
            for members in itertools.product(*map(range, map(int, sizes))):
                value = (np.array(members, np.int64) + self.start).astype(self.dtype).reshape(space.shape)
                self.rows[value.tobytes()] = _flattened(space, value)

    def encode(self, observation: Any, row: Row) -> None:
        if self.rows and type(observation) is np.ndarray and observation.dtype is self.dtype:
            found = self.rows.get(observation.tobytes())
            if found is not None:
                row[self.at] = found
                return
        ones = self.members(observation)
        ones += self.first
        row[self.at] = 0.0
        row[ones] = 1.0

    def members(self, observation: Any) -> NDArray[np.int64]:
        """Each component's member, counted from 0, in a new array."""
        value = np.asarray(observation)
        if value.dtype.kind not in "iub" or value.size != self.start.size:
            raise ValueError(f"{_short(observation)} is not in {_short(self.space)}")
        members: NDArray[np.int64] = value.ravel().astype(np.int64, copy=False) - self.start
        # As unsigned numbers those below the first member are the largest: one comparison finds both ends.
        if np.count_nonzero(members.view(np.uint64) >= self.sizes):
            raise ValueError(f"{_short(observation)} is not in {_short(self.space)}")
        return members


class _Bits:
    """A MultiBinary."""

    def __init__(self, space: spaces.MultiBinary, at: slice) -> None:
        self.space = space
        self.at = at
        self.size = at.stop - at.start

    def encode(self, observation: Any, row: Row) -> None:
        value = np.asarray(observation)
        if value.size != self.size or value.dtype.kind not in "biuf" or not ((value == 0) | (value == 1)).all():
            raise ValueError(f"{_short(observation)} is not in {_short(self.space)}")
        row[self.at] = value.reshape(-1)


class _Numbers:
    """A Box: the numbers as they are, its bounds not looked at, as in `flatten`."""

    def __init__(self, space: spaces.Box[Any], at: slice, outer: tuple[np.dtype[Any], ...]) -> None:
        self.space = space
        self.at = at
        self.size = at.stop - at.start
        self.dtype = np.dtype(space.dtype)
        # `flatten` joins the parts of a Tuple or Dict in a dtype that fits all: beside a float an integer of 64 bits
        # becomes a float64 before it becomes a float32, and is then rounded twice.
        self.rounded = self.dtype.kind in "iu" and self.dtype.itemsize == 8 and np.dtype(np.float64) in outer

    def encode(self, observation: Any, row: Row) -> None:
        try:
            value = np.asarray(observation, self.dtype)
        except (TypeError, OverflowError) as error:
            raise ValueError(f"{_short(observation)} is not in {_short(self.space)}: {error}") from error
        if value.size != self.size:
            raise ValueError(f"an observation of shape {value.shape} is not in {_short(self.space)}")
        if self.rounded:
            value = value.astype(np.float64)
        row[self.at] = value if value.ndim == 1 else value.reshape(-1)


def _leaf_or_parts(space: spaces.Space[Any], start: int, outer: tuple[np.dtype[Any], ...]) -> Encode:
    """The encoder of a space whose numbers begin at `start`; `outer` are the dtypes that `flatten` casts them to."""
    if isinstance(space, spaces.Dict | spaces.Tuple):
        keyed = space.spaces if isinstance(space, spaces.Dict) else dict(enumerate(space.spaces))
        joined = _joined_dtype(space)
        outer = outer if joined is None else (joined, *outer)
        parts: dict[Any, Encode] = {}
        for key, part in keyed.items():
            parts[key] = _leaf_or_parts(part, start, outer)
            start += int(spaces.flatdim(part))
        return _Keys(parts).encode if isinstance(space, spaces.Dict) else _Parts(list(parts.values())).encode
    at = slice(start, start + int(spaces.flatdim(space)))
    if isinstance(space, spaces.Discrete):
        return _Member(space, at).encode
    if isinstance(space, spaces.MultiDiscrete):
        return _Members(space, at).encode
    if isinstance(space, spaces.MultiBinary):
        return _Bits(space, at).encode
    assert isinstance(space, spaces.Box)
    return _Numbers(space, at, outer).encode


def _flattened(space: spaces.Space[Any], value: Any) -> Row:
    return np.asarray(spaces.flatten(space, value)).astype(np.float32)


def _is_few(members: int, size: int) -> bool:
    return members <= TABLE_ENTRIES and members * size <= TABLE_NUMBERS


def _joined_dtype(space: spaces.Space[Any]) -> np.dtype[Any] | None:
    """The dtype of what `flatten` returns; None for a Tuple or Dict without parts, which it cannot join."""
    if not isinstance(space, spaces.Dict | spaces.Tuple):
        return np.dtype(space.dtype)
    parts = space.spaces.values() if isinstance(space, spaces.Dict) else space.spaces
    dtypes = [dtype for dtype in map(_joined_dtype, parts) if dtype is not None]
    return np.result_type(*dtypes) if dtypes else None


def _refuse_unsupported(space: spaces.Space[Any], whole: spaces.Space[Any]) -> None:
    if isinstance(space, spaces.Dict | spaces.Tuple):
        for part in space.spaces.values() if isinstance(space, spaces.Dict) else space.spaces:
            _refuse_unsupported(part, whole)
    elif not isinstance(space, spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary | spaces.Box):
        inside = "" if space is whole else f" inside {_short(whole)}"
        raise UserError(
            f"Observations of the space {_short(space)}{inside} cannot be written as one row of numbers; "
            "Discrete, MultiDiscrete, MultiBinary, Box, Tuple and Dict can.",
            ExitCode.BAD_CONFIGURATION,
        )


def _short(value: Any) -> str:
    """A value's or a space's text on one line of at most 200 characters."""
    text = " ".join((repr(value) if isinstance(value, spaces.Space | np.ndarray) else reprlib.repr(value)).split())
    return text if len(text) <= 200 else f"{text[:197]}..."
