"""Colours and signs of runs: stable, apart, and told by the name."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from textual.theme import Theme

from gwt_ib_tui.charts.palette import DARK, LIGHT, THEMES, Palette
from gwt_ib_tui.state.compare.run_set import COLORS, FIRST_COLORS, LETTERS, MOST_RUNS, colors_of, letters_of
from gwt_ib_tui.state.history.series import Doubles

NAMES = [f"popgym-CountRecallEasy-v0__s{seed}__20261122T0{seed}0000Z-ab{seed:02}" for seed in range(8)]

# Linear RGB as people without one of the three kinds of cones see it (Machado and others, 2009), and as others do.
SIGHTS = {
    "without long": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "without middle": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "without short": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
    "with all": np.eye(3).tolist(),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def linear(color: str) -> Doubles:
    values = np.array(list(bytes.fromhex(color[1:]))) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(color: str) -> float:
    return float((TO_XYZ @ linear(color))[1])


def lab(rgb: Doubles) -> Doubles:
    """CIE L*a*b*, in which distances are differences as they are seen."""
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def test_every_theme_has_all_colours_and_no_two_are_alike() -> None:
    for palette in (DARK, LIGHT):
        assert len(palette.runs) == len(set(palette.runs)) == COLORS


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
def test_the_colours_are_apart_for_every_kind_of_eyes(palette: Palette, sight: str) -> None:
    seen = [lab(SIGHTS[sight] @ linear(color)) for color in palette.runs]

    def nearest(count: int) -> float:
        pairs = itertools.combinations(seen[:count], 2)
        return min(float(np.linalg.norm(one - other)) for one, other in pairs)

    assert nearest(FIRST_COLORS) > 25 and nearest(COLORS) > 15


@pytest.mark.parametrize(("palette", "theme"), list(zip((DARK, LIGHT), THEMES, strict=True)), ids=["dark", "light"])
def test_the_colours_stand_out_from_the_ground(palette: Palette, theme: Theme) -> None:
    ground = luminance(str(theme.surface))
    for color in palette.runs:
        bright, dark = sorted((luminance(color), ground), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) > 3.0


def test_a_colour_comes_from_the_name_alone() -> None:
    assert all(colors_of([name]) == colors_of([name, name]) for name in NAMES)
    assert len({colors_of([name])[name] for name in NAMES}) > 3, "they are spread"


def test_the_order_of_the_runs_makes_no_difference() -> None:
    expected = colors_of(NAMES)
    for order in itertools.islice(itertools.permutations(NAMES), 0, 40000, 5001):
        assert colors_of(order) == expected


def test_while_there_are_enough_colours_no_two_runs_share_one() -> None:
    names = [f"run {number}" for number in range(COLORS)]
    for count in range(1, COLORS + 1):
        colors = set(colors_of(names[:count]).values())
        assert len(colors) == count
        assert max(colors) < FIRST_COLORS or count > FIRST_COLORS, "those that differ most come first"


def test_more_runs_than_colours_share_them_equally() -> None:
    colors = list(colors_of([f"run {number}" for number in range(3 * COLORS)]).values())
    assert all(colors.count(color) == 3 for color in range(COLORS))


def test_a_run_that_comes_later_takes_no_colour_away() -> None:
    before = colors_of(NAMES[:4])
    after = colors_of(NAMES, before)
    assert {name: after[name] for name in NAMES[:4]} == before
    assert len(set(after.values())) == len(NAMES)


def test_runs_get_letters_in_order_and_then_digits() -> None:
    letters = letters_of([f"run {number}" for number in range(32)])
    assert "".join(letters.values()) == LETTERS[:32] == "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456"
    assert len(set(LETTERS)) == len(LETTERS) == MOST_RUNS, "as many as runs can be compared"


def test_a_sign_stays_with_its_run() -> None:
    before = letters_of(["a", "b", "c"])
    assert letters_of(["new", "c", "a"], before) == {"new": "B", "c": "C", "a": "A"}


def test_names_from_outside_do_no_harm() -> None:
    assert set(colors_of(["\udcff", "", "x" * 10_000])) == {"\udcff", "", "x" * 10_000}
