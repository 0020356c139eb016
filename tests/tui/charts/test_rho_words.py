from __future__ import annotations

import itertools

import pytest

from gwt_ib_tui.charts.rho_words import rho_sentence

CASES = [
    ((None, None, None, None), "It cannot be said yet whether c follows |td_norm|: one of them hardly varies."),
    ((1.0, None, None, None), "c follows |td_norm| closely (1.00) through its prior alone."),
    ((0.8, None, 0.0, None), "c follows |td_norm| closely (0.80) through its prior alone: the router does not care (0.00)."),
    ((0.55, None, -0.28, None), "c follows |td_norm| (0.55) through its prior; the router works against it (-0.28)."),
    ((0.2, None, 0.3, None), "c follows |td_norm| loosely (0.20) through its prior and, beyond it, its router (0.30)."),
    ((0.05, None, -0.4, None), "c does not follow |td_norm| (0.05): the router undoes what the prior does (-0.40)."),
    ((0.05, None, 0.4, None), "c does not follow |td_norm| (0.05), though the router leans towards it (0.40)."),
    ((0.05, 0.0, None, None), "c does not follow |td_norm| (0.05); where surprise is large, c does not either (0.00)."),
    ((-0.3, None, -0.5, None), "c closes where |td_norm| is large (-0.30): the router overrules the prior (-0.50)."),
    ((-0.3, None, None, None), "c closes where |td_norm| is large (-0.30), against its prior."),
    (
        (0.84, 0.4, 0.02, -0.28),
        "c follows |td_norm| closely (0.84) through its prior alone: the router does not care (0.02); "
        "where surprise is large, c still rises with it (0.40), and the router presses it down (-0.28).",
    ),
    (
        (0.5, 0.05, None, 0.2),
        "c follows |td_norm| (0.50) through its prior alone; "
        "where surprise is large, c no longer changes with it (0.05), though the router rises (0.20).",
    ),
    (
        (0.5, -0.2, None, 0.01),
        "c follows |td_norm| (0.50) through its prior alone; where surprise is large, c falls with it (-0.20).",
    ),
    (
        (0.0, 0.5, None, 0.2),
        "c does not follow |td_norm| (0.00); "
        "where surprise is large, c rises with it (0.50), and so does the router (0.20).",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rhos", "sentence"), CASES)
def test_each_case_has_its_sentence(rhos: tuple[float | None, ...], sentence: str) -> None:
    assert rho_sentence(*rhos) == sentence


def test_every_mixture_is_one_sentence_with_all_numbers_that_matter() -> None:
    values = (None, -0.6, -0.05, 0.05, 0.6)
    for rhos in itertools.product(values, repeat=4):
        sentence = rho_sentence(*rhos)
        assert sentence.endswith(".") and sentence.count(". ") == 0
        assert rhos[0] is None or f"({rhos[0]:.2f})" in sentence
        assert rhos[0] is None or rhos[1] is None or f"({rhos[1]:.2f})" in sentence
