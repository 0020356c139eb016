"""Matrix products of the kernels: any sizes, float32, one thread, results that do not depend on the number of rows."""

from __future__ import annotations

from gwt_ib.kernels.compiled import kernel
from gwt_ib.kernels.tile import COLUMNS, ROWS, WIDTH, make_tile
from gwt_ib.model.arrays import F32

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
    """`out = a @ b` for a [m, k], b [k, n] and out [m, n], all contiguous."""
    (m, k), n = a.shape, b.shape[1]
    product(a.reshape(-1), 0, k, 1, b.reshape(-1), 0, n, out.reshape(-1), 0, n, m, k, n, False)
