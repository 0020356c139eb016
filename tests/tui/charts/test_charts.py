from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwt_ib.gatecheck.statistics import gate_curve
from gwt_ib_tui.charts.axes import nice_ticks, tick_labels
from gwt_ib_tui.charts.curves import Curve, Level
from gwt_ib_tui.charts.gate_chart import gate_chart
from gwt_ib_tui.charts.lines import draw
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.charts.view import Symbols
from gwt_ib_tui.state.history.gate_history import GateCurve
from gwt_ib_tui.state.history.series import Column

BLUE, ORANGE, GRAY = "#0000ff", "#ff8800", "#888888"
COLORS = replace(DARK, line=BLUE, band="#224466", prior="#ff00ff", target=ORANGE, frame=GRAY, second=GRAY)


def exact(values: object, sparse: bool = False) -> Column:
    return Column.flat(np.asarray(values, dtype=float), sparse=sparse)


def drawn(values: object, width: int = 40, height: int = 10, x: object = None, **options: object) -> list[str]:
    column = exact(values, bool(options.pop("sparse", False)))
    steps = exact(np.arange(len(column.mean)) * 4096.0 if x is None else x)
    levels = [Level(0.35, ORANGE)]
    lines = draw(steps, [Curve(column, BLUE, **options)], levels, width, height, frame=GRAY, min_span=0.1).lines
    assert len(lines) == height
    assert {line.cell_len for line in lines} == {width}
    return [line.plain for line in lines]


def curve(seed: int = 0, size: int = 4000) -> GateCurve:
    random = np.random.default_rng(seed)
    td = np.abs(random.standard_t(3, size=size))
    prior = 1 / (1 + np.exp(-(5 * td - 2.5)))
    found = GateCurve.of(gate_curve(td, np.clip(prior + 0.1 * random.normal(size=size), 0, 1), prior))
    assert found is not None
    return found


DOTTED = re.compile(r"([⠁⠂⠄⡀])\1{5}")  # a level: one dot in each cell, all equally high

AWKWARD = [
    [],
    [1.0],
    [math.nan],
    [math.nan, 1.0],
    [0.5] * 20,
    [0.0] * 20,
    [1e308, -1e308, 5.0],
    [1e-308, 2e-308, 5e-324],
    [math.inf, -math.inf, 1.0, math.nan],
    [1e9, 1e9 + 1],
    list(np.sin(np.arange(3000) / 50)),
]


@pytest.mark.parametrize("values", AWKWARD)
def test_awkward_series_at_every_size(values: list[float]) -> None:
    for width in (1, 2, 3, 7, 8, 9, 12, 20, 41):
        for height in (1, 2, 4, 5, 6, 8, 13):
            drawn(values, width, height)
            drawn(values, width, height, sparse=True)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(), max_size=40), st.integers(1, 50), st.integers(1, 15), st.booleans())
def test_any_numbers(values: list[float], width: int, height: int, sparse: bool) -> None:
    drawn(values, width, height, sparse=sparse)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(), min_size=2, max_size=30))
def test_any_x(x: list[float]) -> None:
    drawn(np.arange(len(x)), x=x)


def test_no_size_no_lines() -> None:
    assert draw(exact([1.0]), [], [], 0, 5, frame=GRAY).lines == []
    assert gate_chart(curve(), 0.35, 10, 0, COLORS) == []


def test_a_spike_among_many_points_is_seen() -> None:
    values = np.zeros(20_000)
    values[12_345] = 1.0
    top = "".join(drawn(values, 60, 12)[:3])
    assert any("⠀" < char <= "⣿" for char in top)


def test_a_gap_is_not_bridged() -> None:
    values = np.full(60, 0.5)
    values[20:40] = math.nan
    whole, broken = ("".join(drawn(series, 60, 9)[:7]) for series in (np.full(60, 0.5), values))
    dots = [sum("⠀" < char <= "⣿" for char in text) for text in (whole, broken)]
    assert dots[1] < 0.75 * dots[0]


def test_a_gap_in_the_buckets_stays_open() -> None:
    values = np.full(6000, 0.5)
    values[2000:4000] = math.nan
    row = max(drawn(values, 60, 9)[:7], key=lambda line: sum("⠀" < char <= "⣿" for char in line))
    assert "┈┈┈" in row or "     " in row.strip(" │┤├")


def test_a_sparse_metric_is_dots() -> None:
    values = np.full(100, math.nan)
    values[9::10] = np.linspace(0, 1, 10)
    assert "".join(drawn(values, 60, 12, sparse=True)).count("•") == 10


def test_the_target_is_drawn_and_labelled_ticks_are_round() -> None:
    lines = drawn(np.linspace(0.2, 0.5, 50), 50, 12)
    assert any(DOTTED.search(line) for line in lines)
    assert [label for line in lines for label in line.split("┤")[:1] if "┤" in line]
    assert "100k" in lines[-1]


def test_waiting() -> None:
    assert any("waiting for data" in line for line in drawn([]))
    assert any("waiting" in line.plain for line in gate_chart(None, 0.35, 40, 9, COLORS))


def test_gate_chart_has_all_its_parts() -> None:
    lines = gate_chart(curve(), 0.35, 60, 18, COLORS)
    text = "\n".join(line.plain for line in lines)
    assert len(lines) == 18
    assert {line.cell_len for line in lines} == {60}
    assert DOTTED.search(text), "the target"
    assert "█" in text and "n│" in text, "the counts"
    assert all(tick in lines[-1].plain for tick in ("0", "0.4", "1", "2", "5", "10"))
    painted = {str(span.style) for line in lines for span in line.spans}
    for color in (COLORS.line, COLORS.prior, COLORS.band, COLORS.target):
        assert any(color in style for style in painted), color


@pytest.mark.parametrize("symbols", ["braille", "block", "ascii"])
def test_gate_chart_at_every_size_with_empty_bins(symbols: Symbols) -> None:
    for shown in (curve(size=3), curve()):
        for width in (*range(1, 16), 30, 61):
            for height in range(1, 20):
                lines = gate_chart(shown, 0.35, width, height, COLORS, symbols=symbols)
                assert len(lines) == height
                assert {line.cell_len for line in lines} == {width}


@given(st.floats(-1e300, 1e300), st.floats(1e-300, 1e300), st.integers(1, 12))
def test_ticks(low: float, span: float, most: int) -> None:
    high = low + span
    ticks = nice_ticks(low, high, most)
    assert 1 <= len(ticks) <= most
    assert len(tick_labels(ticks)) == len(ticks)


def test_tick_labels_differ() -> None:
    assert tick_labels([0.0, 0.25, 0.5]) == ["0.00", "0.25", "0.50"]
    assert tick_labels([-1.0, -0.9]) == ["-1.0", "-0.9"]
    assert tick_labels([0.0, 1e-5, 2e-5]) == ["0", "1e-5", "2e-5"]
    assert tick_labels([100000.0, 150000.0]) == ["1e5", "1.5e5"]


def test_a_ghost_adds_dots_and_its_own_bins_are_laid_on_those_of_the_curve() -> None:
    shown, other = curve(1), curve(2)
    high = GateCurve(other.edges, np.full_like(other.c, 0.95), other.c_std, other.prior, other.count)
    halves = GateCurve(np.array([0.0, 1.0, 10.0]), np.array([0.05, 0.95]), np.zeros(2), np.zeros(2), np.ones(2))

    def braille(ghost: GateCurve | None) -> list[int]:
        lines = gate_chart(shown, None, 60, 16, COLORS, ghost)
        assert len(lines) == 16 and {line.cell_len for line in lines} == {60}
        dots = [sum((ord(sign) - 0x2800).bit_count() for sign in line.plain if "⠀" <= sign <= "⣿") for line in lines]
        return dots

    without, above, split = braille(None), braille(high), braille(halves)
    assert sum(above) > sum(without) and sum(above[:3]) > sum(without[:3]) and above[8:] == without[8:]
    assert sum(split[:3]) > sum(without[:3]) and split[-4] >= without[-4]


def test_a_gate_chart_in_ascii_is_ascii_with_all_its_parts() -> None:
    shown, ghost = curve(), curve(1)
    high = GateCurve(ghost.edges, np.full_like(ghost.c, 0.1), ghost.c_std, ghost.prior, ghost.count)
    text = [line.plain for line in gate_chart(shown, 0.35, 60, 18, COLORS, high, symbols="ascii")]
    assert "".join(text).isascii()
    assert all(sign in "".join(text[:15]) for sign in "*=-:o"), "curve, prior, target, spread, ghost"
    assert "#" in text[15]


def test_blocks_lie_where_the_dots_of_braille_do() -> None:
    canvases = []
    for symbols in ("braille", "block"):
        lines = gate_chart(curve(), None, 60, 16, COLORS, symbols=symbols)
        canvases.append([[sign not in " ⠀" for sign in line.plain[4:]] for line in lines[:13]])
    braille, block = np.array(canvases[0]), np.array(canvases[1])
    assert (braille == block).mean() > 0.93


def test_bars_of_two_lines_are_twice_as_tall() -> None:
    text = [line.plain for line in gate_chart(curve(), None, 60, 16, COLORS, count_rows=2)]
    assert "█" in text[12] or "▁" in text[12]
    assert text[13].lstrip().startswith("n│") and text[13].count("█") > text[12].count("█")
