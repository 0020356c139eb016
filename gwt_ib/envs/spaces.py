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

    def __init__(self, space: spaces.Space[Any]) -> None:
        """Raises `UserError` for a space that cannot be written as one row, such as Text or Graph."""
        self.encode = _encoder(space, 0, (), space)
        self.size = int(spaces.flatdim(space))


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
    elif isinstance(space, spaces.Tuple):
        if not isinstance(observation, tuple | list):
            return f"{where} is of type {type(observation).__name__} where the space is a Tuple"
        if len(observation) != len(space.spaces):
            return f"{where} has {len(observation)} parts, its space {len(space.spaces)}"
    else:
        return _leaf_mismatch(space, observation, where)
    found = (mismatch(part, observation[key], f"{where}[{key!r}]") for key, part in _parts(space))
    return next(filter(None, found), "")


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
            with np.errstate(over="ignore"):
                cast = value.astype(dtype)
            if np.count_nonzero(np.isinf(cast)) != np.count_nonzero(np.isinf(value)):
                return f"{where}, {_short(observation)}, is too large for the {dtype} of {_short(space)}"
            value = cast
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


def _encoder(
    space: spaces.Space[Any], start: int, outer: tuple[np.dtype[Any], ...], whole: spaces.Space[Any]
) -> Encode:
    """The encoder of a part of `whole` whose numbers begin at `start`; `outer` are the dtypes that `flatten` casts to."""
    if isinstance(space, spaces.Dict | spaces.Tuple):
        return _compound(space, start, outer, whole)
    if not isinstance(space, spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary | spaces.Box):
        inside = "" if space is whole else f" inside {_short(whole)}"
        raise UserError(
            f"Observations of the space {_short(space)}{inside} cannot be written as one row of numbers; "
            "Discrete, MultiDiscrete, MultiBinary, Box, Tuple and Dict can.",
            ExitCode.BAD_CONFIGURATION,
        )
    at = slice(start, start + int(spaces.flatdim(space)))
    if isinstance(space, spaces.Discrete):
        return _discrete(space, at)
    if isinstance(space, spaces.MultiDiscrete):
        return _multi_discrete(space, at)
    if isinstance(space, spaces.MultiBinary):
        return _multi_binary(space, at)
    return _box(space, at, outer)


def _compound(
    space: spaces.Dict | spaces.Tuple[Any], start: int, outer: tuple[np.dtype[Any], ...], whole: spaces.Space[Any]
) -> Encode:
    """Part after part, those of a Dict in the order in which Gymnasium keeps the keys."""
    joined = _joined_dtype(space)
    outer = outer if joined is None else (joined, *outer)
    encoders: list[tuple[Any, Encode]] = []
    for key, part in _parts(space):
        encoders.append((key, _encoder(part, start, outer, whole)))
        start += int(spaces.flatdim(part))
    is_tuple = isinstance(space, spaces.Tuple)
    kind = f"tuple of {len(encoders)} observations" if is_tuple else f"dictionary with the keys {[*space.spaces]}"

    def encode(observation: Any, row: Row) -> None:
        try:
            if is_tuple and len(observation) != len(encoders):
                raise IndexError
            for key, encode_part in encoders:
                encode_part(observation[key], row)
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"{_short(observation)} is no {kind}") from error

    return encode


def _discrete(space: spaces.Discrete[Any], at: slice) -> Encode:
    """One look-up where there are few members. Python's numbers and NumPy's are the same keys."""
    first, count = int(space.start), int(space.n)
    members = range(first, first + count) if _is_few(count, count) else ()
    rows = {value: _flattened(space, space.dtype.type(value)) for value in members}

    def encode(observation: Any, row: Row) -> None:
        try:
            row[at] = rows[observation]
        except (KeyError, TypeError):  # TypeError: an array of one number
            value = np.asarray(observation)
            if value.size != 1 or value.dtype.kind not in "iub" or not 0 <= int(value.item()) - first < count:
                raise _stranger(observation, space) from None
            row[at] = 0.0
            row[at.start + int(value.item()) - first] = 1.0

    return encode


def _multi_discrete(space: spaces.MultiDiscrete[Any], at: slice) -> Encode:
    """One look-up under the bytes of the array where there are few members, else index arithmetic."""
    dtype = np.dtype(space.dtype)
    start, counts = space.start.ravel().astype(np.int64), space.nvec.ravel()
    unsigned = counts.astype(np.uint64)
    first = at.start + np.cumsum(counts, dtype=np.int64) - counts.astype(np.int64)
    rows: dict[bytes, Row] = {}
    if _is_few(math.prod(map(int, counts)), at.stop - at.start):
        for members in itertools.product(*map(range, map(int, counts))):
            value = (np.array(members, np.int64) + start).astype(dtype).reshape(space.shape)
            rows[value.tobytes()] = _flattened(space, value)

    def encode(observation: Any, row: Row) -> None:
        if rows and type(observation) is np.ndarray and observation.dtype is dtype:
            found = rows.get(observation.tobytes())
            if found is not None:
                row[at] = found
                return
        value = np.asarray(observation)
        if value.dtype.kind not in "iub" or value.size != start.size:
            raise _stranger(observation, space)
        members: NDArray[np.int64] = value.ravel().astype(np.int64, copy=False) - start
        # As unsigned numbers those below the first member are the largest: one comparison finds both ends.
        if np.count_nonzero(members.view(np.uint64) >= unsigned):
            raise _stranger(observation, space)
        members += first
        row[at] = 0.0
        row[members] = 1.0

    return encode


def _multi_binary(space: spaces.MultiBinary, at: slice) -> Encode:
    def encode(observation: Any, row: Row) -> None:
        value = np.asarray(observation)
        binary = value.dtype.kind in "biuf" and ((value == 0) | (value == 1)).all()
        if value.size != at.stop - at.start or not binary:
            raise _stranger(observation, space)
        row[at] = value.reshape(-1)

    return encode


def _box(space: spaces.Box[Any], at: slice, outer: tuple[np.dtype[Any], ...]) -> Encode:
    """The numbers as they are; bounds are ignored, as in `flatten`."""
    shape, dtype = space.shape, np.dtype(space.dtype)
    # `flatten` joins the parts of a Tuple or Dict in a dtype that fits all: beside a float an integer of 64 bits
    # becomes a float64 before it becomes a float32, and is then rounded twice.
    rounded_twice = dtype.kind in "iu" and dtype.itemsize == 8 and np.dtype(np.float64) in outer
    wide = dtype.kind == "f" and dtype.itemsize > 4

    def encode(observation: Any, row: Row) -> None:
        if type(observation) is np.ndarray and observation.dtype is dtype:
            value = observation
        else:
            value = _cast(observation, space, dtype)
        if value.shape != shape:
            raise ValueError(f"an observation of shape {value.shape} is not in {_short(space)}")
        if rounded_twice:
            value = value.astype(np.float64)
        if wide:
            with np.errstate(over="ignore"):  # beyond float32 it is infinite: `limits` looks at that
                row[at] = value.reshape(-1)
        else:
            row[at] = value if value.ndim == 1 else value.reshape(-1)

    return encode


def _cast(observation: Any, space: spaces.Box[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An observation as an array of the space's dtype. Raises `ValueError` where a number would become another one."""
    try:
        value = np.asarray(observation)
    except ValueError:  # rows of different lengths
        raise _stranger(observation, space) from None
    if value.dtype.kind not in "biuf" or (value.dtype.kind == "f" and dtype.kind != "f"):
        raise ValueError(f"{_short(observation)} has dtype {value.dtype} and is not in {_short(space)}")
    with np.errstate(over="ignore"):
        cast = value.astype(dtype)
    if dtype.kind != "f" and not np.array_equal(cast, value):
        raise _stranger(observation, space)
    return cast


def _stranger(observation: Any, space: spaces.Space[Any]) -> ValueError:
    return ValueError(f"{_short(observation)} is not in {_short(space)}")


def _flattened(space: spaces.Space[Any], value: Any) -> Row:
    return np.asarray(spaces.flatten(space, value)).astype(np.float32)


def _is_few(members: int, size: int) -> bool:
    return members <= TABLE_ENTRIES and members * size <= TABLE_NUMBERS


def _parts(space: spaces.Dict | spaces.Tuple[Any]) -> list[tuple[Any, spaces.Space[Any]]]:
    """The parts of a space by key or number."""
    return list(space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces))


def _joined_dtype(space: spaces.Space[Any]) -> np.dtype[Any] | None:
    """The dtype of what `flatten` returns; None for a Tuple or Dict without parts, which it cannot join."""
    if not isinstance(space, spaces.Dict | spaces.Tuple):
        return np.dtype(space.dtype)
    dtypes = [dtype for _, part in _parts(space) if (dtype := _joined_dtype(part)) is not None]
    return np.result_type(*dtypes) if dtypes else None


def _short(value: Any) -> str:
    """A value's or a space's text on one line of at most 200 characters."""
    text = " ".join((repr(value) if isinstance(value, spaces.Space | np.ndarray) else reprlib.repr(value)).split())
    return text if len(text) <= 200 else f"{text[:197]}..."
