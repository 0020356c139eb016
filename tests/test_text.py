from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwt_ib.text import count, duration, number, plain, short_count, shortened


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0149, "0.0149"),
        (-1.512, "-1.51"),
        (0.69, "0.690"),
        (0, "0"),
        (2017.3, "2,017"),
        (1.5e-7, "1.5e-7"),
        (12345678, "1.2e7"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_number(value: float | None, text: str) -> None:
    assert number(value) == text


@given(st.floats())
def test_every_number_is_short(value: float) -> None:
    assert 1 <= len(number(value)) <= 9
    assert short_count(value if math.isfinite(value) else 0.0)


def test_durations_and_counts() -> None:
    assert [duration(seconds) for seconds in (None, 42, 725, 11220, 1e6)] == [
        "–",
        "0:42",
        "12:05",
        "3:07:00",
        "11d 13:46",
    ]
    assert (count(None), count(1234567)) == ("–", "1,234,567")
    assert [short_count(value) for value in (0, 250_000, 1.25e6)] == ["0", "250k", "1.25M"]


def test_plain_removes_what_could_harm_a_terminal() -> None:
    assert plain("a\x1b[31mb\n[red]x[/]\u202e\x9b\x07") == "a[31mb [red]x[/]"
    assert plain("x" * 600, 10) == "x" * 9 + "…"


@given(st.text(), st.integers(0, 30))
def test_shortened_fits(text: str, width: int) -> None:
    assert len(shortened(text, width)) <= max(width, 0)


def test_shortened_keeps_both_ends() -> None:
    assert shortened("popgym-CountRecallEasy__s42__9f3a", 15) == "popgym-…2__9f3a"
