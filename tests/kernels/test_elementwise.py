"""Exponential, sigmoid and tanh in loops over arrays, against NumPy in double precision."""

from typing import Any

import numpy as np
import pytest
from numba import njit

from gwt_ib.kernels.elementwise import dot, exp, sigmoid, tanh


def over(function: Any) -> Any:
    @njit(error_model="numpy")
    def loop(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = function(x[i])

    def call(x: np.ndarray) -> np.ndarray:
        out = np.empty_like(x)
        loop(x, out)
        return out

    return call


REFERENCES = {
    "exp": (exp, np.exp),
    "sigmoid": (sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    "tanh": (tanh, np.tanh),
}


@pytest.fixture(scope="module")
def loops() -> dict[str, Any]:
    return {name: over(function) for name, (function, _) in REFERENCES.items()}


@pytest.mark.parametrize("name", REFERENCES)
def test_errors_are_a_few_units_in_the_last_place(name: str, loops: dict[str, Any]) -> None:
    x = np.concatenate([np.linspace(-80, 80, 200_001), np.geomspace(1e-30, 1, 2000)]).astype(np.float32)
    expected = REFERENCES[name][1](x.astype(np.float64))
    error = np.abs(loops[name](x) - expected) / np.spacing(np.abs(expected).astype(np.float32))
    assert error.max() < 3


def test_the_ends_are_exact_and_not_a_number_stays_one(loops: dict[str, Any]) -> None:
    x = np.array([-np.inf, -1000, 0, 1000, np.inf, np.nan], np.float32)
    np.testing.assert_array_equal(loops["exp"](x), np.array([0, 0, 1, np.inf, np.inf, np.nan], np.float32))
    np.testing.assert_array_equal(loops["sigmoid"](x), np.array([0, 0, 0.5, 1, 1, np.nan], np.float32))
    np.testing.assert_array_equal(loops["tanh"](x), np.array([-1, -1, 0, 1, 1, np.nan], np.float32))


def test_a_sum_of_products_of_any_length() -> None:
    for length in (0, 1, 15, 16, 100):
        a = np.arange(length, dtype=np.float32)
        assert dot(a, a) == (a * a).sum()
