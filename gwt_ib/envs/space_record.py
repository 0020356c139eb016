"""Gymnasium spaces as JSON and back: what acts later, without an environment, reads observations by the recorded space."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

MOST_NUMBERS = 65_536
"""Bounds that differ from number to number are recorded of at most so many; those of a larger space are not."""
DEEPEST = 32


def space_record(space: spaces.Space[Any]) -> dict[str, Any]:
    """A space as `space_of` reads it. Raises `ValueError` for one that cannot be recorded."""
    if isinstance(space, spaces.Dict):
        if not all(isinstance(key, str) for key in space.spaces):
            raise ValueError("a key of a Dict is no text")
        return {"kind": "Dict", "parts": [[key, space_record(part)] for key, part in space.spaces.items()]}
    if isinstance(space, spaces.Tuple):
        return {"kind": "Tuple", "parts": [space_record(part) for part in space.spaces]}
    if not isinstance(space, spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary | spaces.Box):
        raise ValueError(f"{type(space).__name__} is no space that an agent acts in")
    dtype = np.dtype(space.dtype).name
    if isinstance(space, spaces.Discrete):
        return {"kind": "Discrete", "n": int(space.n), "start": int(space.start), "dtype": dtype}
    shape = [int(length) for length in space.shape]
    if isinstance(space, spaces.MultiBinary):
        return {"kind": "MultiBinary", "shape": shape if isinstance(space.n, tuple) else shape[0]}
    if isinstance(space, spaces.MultiDiscrete):
        return {
            "kind": "MultiDiscrete",
            "shape": shape,
            "dtype": dtype,
            "n": _numbers(space.nvec),
            "start": _numbers(space.start),
        }
    if np.dtype(space.dtype).itemsize > 8:
        raise ValueError(f"{dtype} has more digits than JSON")
    return {"kind": "Box", "shape": shape, "dtype": dtype, "low": _numbers(space.low), "high": _numbers(space.high)}


def space_of(record: object, most_numbers: int, depth: int = 0) -> spaces.Space[Any]:
    """The space of a record, which anyone may have written. Raises `ValueError` where it is none.

    No part of it may have more than `most_numbers` numbers: so a file cannot ask for more memory than its agent has.
    """
    if not isinstance(record, dict) or depth > DEEPEST:
        raise ValueError("no record of a space")
    try:
        return _space_of(record, most_numbers, depth)
    except (KeyError, TypeError, OverflowError, AssertionError) as error:
        raise ValueError(f"no record of a space ({type(error).__name__}: {error})") from None


def _space_of(record: Mapping[str, Any], most: int, depth: int) -> spaces.Space[Any]:
    kind = record["kind"]
    if kind == "Dict":
        parts = [(str(key), space_of(part, most, depth + 1)) for key, part in record["parts"]]
        return spaces.Dict(OrderedDict(parts))  # those of a plain dict would be sorted
    if kind == "Tuple":
        return spaces.Tuple([space_of(part, most, depth + 1) for part in record["parts"]])
    if kind == "Discrete":
        dtype: Any = _dtype(record["dtype"], "iu")
        return spaces.Discrete(int(record["n"]), start=int(record["start"]), dtype=dtype.type)
    flat = isinstance(record["shape"], int)  # of MultiBinary(3), which is not MultiBinary((3,))
    shape = tuple(int(length) for length in ([record["shape"]] if flat else record["shape"]))
    if min(shape, default=1) < 1 or math.prod(shape) > most:
        raise ValueError(f"a space of the shape {shape} where there are {most} numbers")
    if kind == "MultiBinary":
        return spaces.MultiBinary(shape[0] if flat else shape)
    if kind == "MultiDiscrete":
        dtype = _dtype(record["dtype"], "iu")
        n, start = (_array(record[name], shape, np.dtype(np.int64)) for name in ("n", "start"))
        return spaces.MultiDiscrete(n, start=start, dtype=dtype.type)
    if kind != "Box":
        raise ValueError(f"there is no kind of space {str(kind)[:40]!r}")
    dtype = _dtype(record["dtype"], "biuf")
    low, high = (_array(record[name], shape, dtype) for name in ("low", "high"))
    return spaces.Box(low, high, shape, dtype.type)


def _numbers(values: Any) -> Any:
    """The numbers of an array as a flat list, or one number where all are equal; infinite ones as text, as in Python."""
    flat: NDArray[Any] = np.asarray(values).ravel()
    if flat.size and (flat == flat[0]).all():
        return _number(flat[0].item())
    if flat.size > MOST_NUMBERS:
        raise ValueError(f"{flat.size} different bounds")
    return [_number(value) for value in flat.tolist()]


def _number(value: Any) -> Any:
    return value if not isinstance(value, float) or math.isfinite(value) else str(value)


def _array(numbers: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    found: list[Any] = numbers if isinstance(numbers, list) else [numbers]
    read = int if dtype.kind in "iu" else float
    flat = np.array([read(value) for value in found], dtype)
    if flat.size not in (1, math.prod(shape)):
        raise ValueError(f"{flat.size} numbers for the shape {shape}")
    return np.full(shape, flat[0]) if flat.size == 1 else flat.reshape(shape)


def _dtype(name: Any, kinds: str) -> np.dtype[Any]:
    dtype = np.dtype(str(name))
    if dtype.kind not in kinds or dtype.itemsize > 8:
        raise ValueError(f"no numbers are of the type {dtype}")
    return dtype
