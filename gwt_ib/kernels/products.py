"""Matrix products of the kernels, any sizes, float32, one thread, made of a register tile written as LLVM instructions.

A tile keeps ROWS x COLUMNS vectors of sums in registers while it walks along the inner dimension; in each step it loads
COLUMNS vectors of b and multiplies them by ROWS numbers of a. LLVM has no loop to recognise and nothing to guess, so a
tile runs near the processor's peak even where a product has only eight rows, which libraries do not reach.

Each sum is formed in the order of the inner dimension, whatever the tile. So a row of a product is the same, bit by bit,
with any number of rows beside it.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from gwt_ib.kernels.compiled import kernel
from gwt_ib.kernels.elementwise import ZERO
from gwt_ib.model.arrays import F32

_declare: Any = cgutils.get_or_insert_function
FLOAT, INDEX = ir.FloatType(), ir.IntType(64)
FEATURES = llvm.get_host_cpu_features()
WIDTH = 16 if FEATURES.get("avx512f") else 8 if FEATURES.get("avx") else 4
"""Numbers in one vector register."""
MANY_REGISTERS = bool(FEATURES.get("avx512f") or FEATURES.get("neon"))
FUSED = bool(FEATURES.get("fma") or FEATURES.get("neon"))
ROWS = 8 if MANY_REGISTERS else 4
"""Rows of a full tile; the sums take ROWS * COLUMNS of 32 or of 16 registers."""
COLUMNS = 2
"""Vectors in a row of a full tile."""
VECTOR = ir.VectorType(FLOAT, WIDTH)


def make_tile(rows: int, columns: int, *, masked: bool) -> Any:
    """An intrinsic that computes `out = (out if add else 0) + a @ b` for one tile.

    It is called as `tile(a, a_at, a_row, a_column, b, b_at, b_row, out, out_at, out_row, depth, width, add)`: three flat
    float32 arrays, where in each the tile begins, the distances between its rows (and the columns of a), how long the
    inner dimension is, and, where `masked`, how many of the tile's WIDTH columns exist.
    """

    @intrinsic
    def tile(
        typing_context: Any, a: Any, a_at: Any, a_row: Any, a_column: Any, b: Any, b_at: Any, b_row: Any,
        out: Any, out_at: Any, out_row: Any, depth: Any, width: Any, add: Any,
    ) -> Any:  # fmt: skip
        if any((x.dtype, x.ndim, x.layout) != (types.float32, 1, "C") for x in (a, b, out)):
            raise TypingError(f"a tile takes flat contiguous float32 arrays, not {a}, {b} and {out}")
        number = types.intp
        arguments = (a, number, number, number, b, number, number, out, number, number, number, number, types.boolean)

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            data = [context.make_array(signature.args[i])(context, builder, args[i]).data for i in (0, 4, 7)]
            _write_tile(builder, data, args, rows, columns, masked)
            return context.get_dummy_value()

        return types.void(*arguments), generate

    return tile


def _write_tile(builder: Any, data: list[Any], args: Any, rows: int, columns: int, masked: bool) -> None:
    _, a_at, a_row, a_column, _, b_at, b_row, _, out_at, out_row, depth, width, add = args
    a, b, out = data
    row_of_a = [builder.gep(a, [builder.add(a_at, builder.mul(_index(i), a_row))]) for i in range(rows)]
    start_of_b = builder.gep(b, [b_at])
    memory = _Memory(builder, width if masked else None)
    places = [
        builder.gep(out, [builder.add(builder.add(out_at, builder.mul(_index(i), out_row)), _index(j * WIDTH))])
        for i in range(rows)
        for j in range(columns)
    ]
    zero = ir.Constant(VECTOR, [0.0] * WIDTH)
    first = [builder.select(add, memory.load(place), zero) for place in places]

    before = builder.block
    loop, after = builder.append_basic_block("inner"), builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed(">", depth, _index(0)), loop, after)
    builder.position_at_end(loop)
    k = builder.phi(INDEX)
    k.add_incoming(_index(0), before)
    sums = [builder.phi(VECTOR) for _ in places]
    row_of_b = builder.gep(start_of_b, [builder.mul(k, b_row)])
    vectors = [memory.load(builder.gep(row_of_b, [_index(j * WIDTH)])) for j in range(columns)]
    nexts = []
    for i in range(rows):
        factor = memory.spread(builder.load(builder.gep(row_of_a[i], [builder.mul(k, a_column)])))
        nexts += [_multiply_add(builder, factor, vectors[j], sums[i * columns + j]) for j in range(columns)]
    k_next = builder.add(k, _index(1))
    k.add_incoming(k_next, loop)
    builder.cbranch(builder.icmp_signed("<", k_next, depth), loop, after)
    builder.position_at_end(after)
    results = []  # stored in a loop of its own: all phi nodes of a block have to stand at its beginning
    for start, current, following in zip(first, sums, nexts, strict=True):
        current.add_incoming(start, before)
        current.add_incoming(following, loop)
        result = builder.phi(VECTOR)
        result.add_incoming(start, before)
        result.add_incoming(following, loop)
        results.append(result)
    for result, place in zip(results, places, strict=True):
        memory.store(result, place)


def _multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """`a * b + c`, rounded once where the processor can do that; elsewhere LLVM would call a function for each lane."""
    if not FUSED:
        return builder.fadd(builder.fmul(a, b), c)
    fma = _declare(builder.module, ir.FunctionType(VECTOR, [VECTOR] * 3), f"llvm.fma.v{WIDTH}f32")
    return builder.call(fma, [a, b, c])


class _Memory:
    """Loads and stores of vectors; with a `width` only the first `width` numbers of a vector exist."""

    def __init__(self, builder: Any, width: Any | None) -> None:
        self._builder = builder
        self._mask = None
        if width is not None:
            lanes = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), list(range(WIDTH)))
            limit = self.spread(builder.trunc(width, ir.IntType(32)))
            self._mask = builder.icmp_signed("<", lanes, limit)

    def spread(self, scalar: Any) -> Any:
        """A vector with the same number in every lane."""
        kind = ir.VectorType(scalar.type, WIDTH)
        nothing = ir.Constant(kind, ir.Undefined)
        one = self._builder.insert_element(nothing, scalar, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
        return self._builder.shuffle_vector(one, nothing, zeros)

    def load(self, place: Any) -> Any:
        """The vector at a place; lanes that do not exist are 0."""
        pointer = self._builder.bitcast(place, VECTOR.as_pointer())
        if self._mask is None:
            vector = self._builder.load(pointer)
            vector.align = 4
            return vector
        zero = ir.Constant(VECTOR, [0.0] * WIDTH)
        kind = ir.FunctionType(VECTOR, [pointer.type, ir.IntType(32), self._mask.type, VECTOR])
        load = _declare(self._builder.module, kind, f"llvm.masked.load.v{WIDTH}f32.p0")
        return self._builder.call(load, [pointer, ir.Constant(ir.IntType(32), 4), self._mask, zero])

    def store(self, vector: Any, place: Any) -> None:
        """Store a vector at a place; lanes that do not exist are left alone."""
        pointer = self._builder.bitcast(place, VECTOR.as_pointer())
        if self._mask is None:
            self._builder.store(vector, pointer).align = 4
            return
        kind = ir.FunctionType(ir.VoidType(), [VECTOR, pointer.type, ir.IntType(32), self._mask.type])
        store = _declare(self._builder.module, kind, f"llvm.masked.store.v{WIDTH}f32.p0")
        self._builder.call(store, [vector, pointer, ir.Constant(ir.IntType(32), 4), self._mask])


def _index(value: int) -> Any:
    return ir.Constant(INDEX, value)


_WHOLE = make_tile(ROWS, COLUMNS, masked=False)
_EDGE = make_tile(ROWS, 1, masked=True)
_ROW = make_tile(1, COLUMNS, masked=False)
_CORNER = make_tile(1, 1, masked=True)
_PANEL = COLUMNS * WIDTH


@kernel
def product(
    a: F32, a_at: int, a_row: int, a_column: int, b: F32, b_at: int, b_row: int,
    out: F32, out_at: int, out_row: int, m: int, k: int, n: int, add: bool,
) -> None:  # fmt: skip
    """`out = (out if add else 0) + a @ b` for matrices [m, k] and [k, n] inside flat arrays.

    Each matrix begins at `..._at`, and its rows lie `..._row` numbers apart; the columns of a lie `a_column` apart, so
    that a transposed matrix is one with both distances exchanged.
    """
    whole_rows = m - m % ROWS
    for j in range(0, n - n % _PANEL, _PANEL):
        for i in range(0, whole_rows, ROWS):
            _WHOLE(a, a_at + i * a_row, a_row, a_column, b, b_at + j, b_row, out, out_at + i * out_row + j, out_row,
                   k, _PANEL, add)  # fmt: skip
        for i in range(whole_rows, m):
            _ROW(a, a_at + i * a_row, a_row, a_column, b, b_at + j, b_row, out, out_at + i * out_row + j, out_row,
                 k, _PANEL, add)  # fmt: skip
    for j in range(n - n % _PANEL, n, WIDTH):
        width = min(WIDTH, n - j)
        for i in range(0, whole_rows, ROWS):
            _EDGE(a, a_at + i * a_row, a_row, a_column, b, b_at + j, b_row, out, out_at + i * out_row + j, out_row,
                  k, width, add)  # fmt: skip
        for i in range(whole_rows, m):
            _CORNER(a, a_at + i * a_row, a_row, a_column, b, b_at + j, b_row, out, out_at + i * out_row + j, out_row,
                    k, width, add)  # fmt: skip


@kernel
def matmul(a: F32, b: F32, out: F32) -> None:
    """`out = a @ b` for a [m, k], b [k, n] and out [m, n], all contiguous; further columns of a are left out."""
    (m, row), (k, n) = a.shape, b.shape
    product(a.reshape(-1), 0, row, 1, b.reshape(-1), 0, n, out.reshape(-1), 0, n, m, k, n, False)


@kernel
def weight_gradient(d: F32, first: int, x: F32, out: F32) -> None:
    """`out` [m, K] `= d[:, first : first + m].T @ x` for `d` [N, ...] and `x` [N, K]."""
    (n, columns), k = d.shape, x.shape[1]
    product(d.reshape(-1), first, 1, columns, x.reshape(-1), 0, k, out.reshape(-1), 0, k, out.shape[0], n, k, False)


@kernel
def sum_columns(rows: F32, first: int, out: F32) -> None:
    """`out` = the sums of the columns of `rows` [N, ...] from column `first` on, as many as `out` has."""
    out.fill(ZERO)
    whole = rows.shape[0] - rows.shape[0] % 4
    for i in range(0, whole, 4):  # four rows at once: a quarter of the loads and stores of `out`
        for j in range(out.size):
            k = first + j
            out[j] += (rows[i, k] + rows[i + 1, k]) + (rows[i + 2, k] + rows[i + 3, k])
    for i in range(whole, rows.shape[0]):
        for j in range(out.size):
            out[j] += rows[i, first + j]
