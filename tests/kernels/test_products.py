"""The kernels' matrix products against NumPy's, at sizes that end inside a tile on every side."""

import numpy as np
import pytest
from numba.core.errors import TypingError

from gwt_ib.kernels.products import COLUMNS, ROWS, WIDTH, matmul, product

SIZES = [
    (1, 1, 1),
    (3, 5, 7),
    (ROWS, 4, COLUMNS * WIDTH),
    (2 * ROWS + 3, 33, 3 * COLUMNS * WIDTH + WIDTH + 2),
    (9, 0, 20),
    (64, 512, 18),
]


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize(("m", "k", "n"), SIZES)
def test_products_are_numpys(m: int, k: int, n: int) -> None:
    a, b, out = random(m, k), random(k, n), np.full((m, n), np.nan, np.float32)
    expected = a.astype(np.float64) @ b
    tolerance = 1e-6 * max(1, k)
    matmul(a, b, out)
    np.testing.assert_allclose(out, expected, atol=tolerance)
    # The same added once more, of the transposed matrix: its rows and columns have changed places.
    transposed = np.ascontiguousarray(a.T)
    product(transposed.reshape(-1), 0, 1, m, b.reshape(-1), 0, n, out.reshape(-1), 0, n, m, k, n, True)
    np.testing.assert_allclose(out, 2 * expected, atol=2 * tolerance)


def test_a_row_is_the_same_bit_by_bit_whatever_rows_are_beside_it() -> None:
    a, b = random(2 * ROWS + 3, 50), random(50, 2 * WIDTH + 5)
    whole = np.empty((a.shape[0], b.shape[1]), np.float32)
    matmul(a, b, whole)
    for rows in (slice(0, 1), slice(3, 8), slice(2, ROWS + 3), slice(ROWS, None)):
        part = np.empty((a[rows].shape[0], b.shape[1]), np.float32)
        matmul(a[rows], b, part)
        assert np.array_equal(part, whole[rows])


def test_a_product_inside_larger_matrices_writes_nothing_beside_itself() -> None:
    a, b = random(12, 40), random(12, 23)
    out = np.full((20, 30), 7.0, np.float32)
    # The columns 3 to 12 of a, transposed, times the columns 2 to 22 of b, into the rows from 5 and the columns from 4 on.
    product(a.reshape(-1), 3, 1, 40, b.reshape(-1), 2, 23, out.reshape(-1), 5 * 30 + 4, 30, 10, 12, 21, False)
    np.testing.assert_allclose(out[5:15, 4:25], a[:, 3:13].T @ b[:, 2:], atol=1e-5)
    out[5:15, 4:25] = 7.0
    assert (out == 7.0).all()


def test_arrays_of_another_type_are_refused() -> None:
    a, b = random(3, 4), random(4, 5)
    with pytest.raises(TypingError, match="flat contiguous float32"):
        matmul(a, b.astype(np.float64), np.empty((3, 5), np.float32))
