from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from gwt_ib_tui.charts.glyphs import GLYPHS
from gwt_ib_tui.charts.heat_map import (
    HeatMarks,
    gate_mass,
    heat_map,
    mass_over_time,
    shade_legend,
)
from gwt_ib_tui.charts.palette import DARK, blend
from gwt_ib_tui.state.history.gate_history import GateCurve, GateHistory, Moment

SHADES = GLYPHS["braille"].shades
COLORS = replace(DARK, target="#ff8800")


def curve(c: list[float], std: list[float], count: list[float]) -> GateCurve:
    edges = np.linspace(0.0, 10.0, len(c) + 1)
    return GateCurve(edges, np.array(c), np.array(std), np.full(len(c), 0.5), np.array(count, dtype=float))


def history(*curves: GateCurve) -> GateHistory:
    return GateHistory(tuple(Moment(n + 1.0, (n + 1) * 4096.0, item) for n, item in enumerate(curves)))


def test_a_narrow_bin_lies_in_its_row() -> None:
    mass = gate_mass(curve([0.35], [0.0], [100]), 10)
    assert mass[3] == pytest.approx(100) and mass.sum() == pytest.approx(100)


@pytest.mark.parametrize("c", [0.0, 1.0, -3.0, 7.0])
def test_the_ends_of_the_range_are_in_it(c: float) -> None:
    mass = gate_mass(curve([c], [0.0], [8]), 10)
    assert mass[0 if c <= 0 else 9] == pytest.approx(8)


def test_two_bins_are_two_modes() -> None:
    mass = gate_mass(curve([0.15, 0.85], [0.01, 0.01], [300, 100]), 10)
    assert mass[1] == pytest.approx(300) and mass[8] == pytest.approx(100)


def test_a_bins_spread_is_that_of_a_normal() -> None:
    mass = gate_mass(curve([0.5], [0.1], [1000]), 10)
    inside = math.erf(1 / math.sqrt(2)) / math.erf(5 / math.sqrt(2))
    assert mass[4] + mass[5] == pytest.approx(1000 * inside, rel=1e-4)
    assert mass[4] == pytest.approx(mass[5])


@pytest.mark.parametrize("rows", [1, 2, 7, 30])
def test_the_mass_is_the_count_of_all_bins_that_have_a_mean(rows: int) -> None:
    random = np.random.default_rng(rows)
    c, std, count = random.random(20), random.random(20), random.integers(0, 900, 20).astype(float)
    c[3], std[4], std[5] = np.nan, np.nan, 1e9
    mass = gate_mass(curve(c.tolist(), std.tolist(), count.tolist()), rows)
    assert (mass >= 0).all()
    assert mass.sum() == pytest.approx(count.sum() - count[3])


def test_no_steps_are_no_mass() -> None:
    assert gate_mass(curve([math.nan], [math.nan], [0]), 4).tolist() == [0, 0, 0, 0]


def test_time_runs_across_and_a_moment_holds_on_until_the_next() -> None:
    low, high = curve([0.1], [0.0], [10]), curve([0.9], [0.0], [99])
    shares = mass_over_time(history(low, high), 6, 4)
    assert shares.shape == (4, 6)
    assert shares[0].tolist() == pytest.approx([1, 1, 1, 1, 1, 0])
    assert shares[3].tolist() == pytest.approx([0, 0, 0, 0, 0, 1])


def test_moments_that_share_a_column_count_alike_whatever_their_steps() -> None:
    low, high = curve([0.1], [0.0], [10]), curve([0.9], [0.0], [990])
    assert mass_over_time(history(low, high), 1, 2)[:, 0].tolist() == pytest.approx([0.5, 0.5])


def test_a_moment_without_steps_shows_the_one_before() -> None:
    empty = curve([math.nan], [math.nan], [0])
    shares = mass_over_time(history(empty, curve([0.1], [0.0], [5]), empty), 3, 2)
    assert np.isnan(shares[:, 0]).all()
    assert shares[0, 1:].tolist() == pytest.approx([1, 1])


def test_the_darkest_shade_is_in_the_row_of_c_and_time_ends_at_the_right() -> None:
    lines = heat_map(history(curve([0.05], [0.0], [9]), curve([0.95], [0.0], [9])), HeatMarks(), 24, 12, COLORS)
    text = [line.plain for line in lines]
    assert text[1].endswith(SHADES[-1]) and text[9][5] == SHADES[-1]
    assert sum(line.count(SHADES[-1]) for line in text) == 19
    assert [line.split("┤")[0] for line in text[1:10:2]] == ["1.00", "0.75", "0.50", "0.25", "0.00"]
    assert text[11].split() == ["6k", "8k"] and text[11].endswith("8k")


def test_the_moment_its_ghost_and_the_target_are_marked() -> None:
    moments = history(*[curve([0.9], [0.0], [9])] * 5)
    text = [line.plain for line in heat_map(moments, HeatMarks(0.05, shown=5 * 4096, ghost=4096), 24, 12, COLORS)]
    assert text[10].endswith("▲") and text[10][5] == "△"
    assert text[9].startswith("0.00┤⠁⠁⠁"), "0.05 is above the middle of the row of 0"


def test_a_target_that_was_changed_lies_in_each_column_where_it_was_then() -> None:
    moments = history(*[curve([0.9], [0.0], [9])] * 20)
    targets = moments.env_steps, np.where(np.arange(20) < 10, 0.05, 0.65)
    text = [line.plain for line in heat_map(moments, HeatMarks(0.65, targets=targets), 24, 12, COLORS)]
    assert text[9][5:] == "⠁" * 10 + " " * 9
    assert text[4][5:] == " " * 10 + "⠂" * 9
    nothing = moments.env_steps, np.full(20, math.nan)
    assert "⠂" * 19 in [line.plain for line in heat_map(moments, HeatMarks(0.65, targets=nothing), 24, 12, COLORS)][4]


def test_the_target_is_seen_through_the_shades_and_these_through_it() -> None:
    line = heat_map(history(*[curve([0.35], [0.0], [9])] * 20), HeatMarks(0.35), 24, 12, COLORS)[6]
    assert line.plain[5:] == (("⠄" + SHADES[-1] * 3) * 5)[:19]
    styles = {str(span.style) for span in line.spans if line.plain[span.start] == "⠄"}
    assert all(style.startswith("#ff8800 on #") for style in styles) and styles


def test_in_ascii_it_is_ascii_and_says_the_same() -> None:
    moments = history(*[curve([0.05, 0.5], [0.0, 0.05], [9, 9])] * 5)
    marks = HeatMarks(0.95, shown=5 * 4096, ghost=4096)
    braille, plain = (heat_map(moments, marks, 24, 12, COLORS, symbols) for symbols in ("braille", "ascii"))
    text = [line.plain for line in plain]
    assert "".join(text).isascii() and shade_legend(COLORS, "ascii").plain.isascii()
    assert text[10].endswith("!") and text[10][5] == "o"
    assert text[1].startswith("1.00>---")
    shades = str.maketrans(dict(zip(GLYPHS["braille"].shades, GLYPHS["ascii"].shades, strict=True)))
    assert [line.plain[5:].translate(shades) for line in braille[2:10]] == [line[5:] for line in text[2:10]]


@pytest.mark.parametrize("count", [0, 1, 2, 500])
def test_every_size_is_filled_exactly(count: int) -> None:
    random = np.random.default_rng(count)
    moments = history(*(curve([float(random.random())], [0.1], [9]) for _ in range(count)))
    for width in (1, 2, 5, 11, 12, 13, 40, 57):
        for height in (1, 2, 4, 5, 6, 13):
            lines = heat_map(moments, HeatMarks(0.35, 8192, 4096), width, height, COLORS)
            assert len(lines) == height and {line.cell_len for line in lines} == {width}
    assert heat_map(moments, HeatMarks(), 0, 5, COLORS) == []


def test_damaged_steps_break_nothing() -> None:
    item = curve([0.5], [0.1], [9])
    for steps in ((1e308, -1e308), (5.0, 5.0), (9.0, 2.0)):
        moments = GateHistory(tuple(Moment(n + 1.0, at, item) for n, at in enumerate(steps)))
        assert len(heat_map(moments, HeatMarks(0.3, steps[0], steps[1]), 30, 10, COLORS)) == 10


def test_each_shade_is_explained() -> None:
    assert shade_legend(COLORS).plain == "░2% ▒8% ▓20% █40%"


def test_colours_are_blended() -> None:
    assert [blend("#000000", "#ff8000", share) for share in (0, 0.5, 1)] == ["#000000", "#804000", "#ff8000"]
