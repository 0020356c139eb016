"""Records of named arrays: each field says once, beside its name, its axes and its dtype; memory is made from that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from math import prod
from typing import Any, NamedTuple, TypeVar, get_type_hints

import numpy as np
from numpy.typing import DTypeLike, NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
Sizes = Mapping[str, int]
R = TypeVar("R")


class Field(NamedTuple):
    """The metadata of one array: `x: Annotated[F32, Field("T B O")]` in a `NamedTuple`.

    Axes are letters, which `Sizes` turns into lengths, or lengths.
    """

    axes: str
    dtype: DTypeLike | None = np.float32
    """None: the dtype of the environment's action rows."""

    @property
    def batch_axis(self) -> int | None:
        """The number of the axis B, of environments or sequences."""
        axes = self.axes.split()
        return axes.index("B") if "B" in axes else None

    def shape(self, sizes: Sizes) -> tuple[int, ...]:
        """The lengths of all axes."""
        return tuple(int(axis) if axis.isdigit() else sizes[axis] for axis in self.axes.split())


@cache
def fields_of(record: Callable[..., Any]) -> dict[str, Field]:
    """The fields of a record by name, in their order."""
    hints = get_type_hints(record, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}


def zeros(record: Callable[..., R], sizes: Sizes, action_dtype: DTypeLike | None = None) -> R:
    """A record whose arrays are all zero."""
    fields = fields_of(record)
    return record(**{name: np.zeros(field.shape(sizes), field.dtype or action_dtype) for name, field in fields.items()})


def first_of(record: R, sizes: Sizes) -> R:
    """A record of these sizes in the memory of a larger one: what fits into the beginning of each array."""
    kind: Callable[..., R] = type(record)
    shapes = {name: field.shape(sizes) for name, field in fields_of(kind).items()}
    flat = {name: getattr(record, name).reshape(-1) for name in shapes}
    return kind(**{name: flat[name][: prod(shape)].reshape(shape) for name, shape in shapes.items()})
