"""The curves of several runs in one chart: who is in front, in which colour, with which sign, and the band over seeds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recorded_run import RecordedRun

from gwt_ib_tui.charts.compared import BEHIND, compared_curves, run_color, shared_range
from gwt_ib_tui.charts.curves import Curve
from gwt_ib_tui.charts.lines import draw
from gwt_ib_tui.charts.palette import DARK, LIGHT, blend
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.state.compare.comparison import Comparison
from gwt_ib_tui.state.compare.run_set import RunSet
from gwt_ib_tui.state.history.series import Column


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Two seeds of one setting and a run of another, each further than the one before."""
    folder: Path = tmp_path_factory.mktemp("runs")
    runs = [RecordedRun(folder / name, **settings) for name, settings in (("a", {"seed": 1}), ("b", {"seed": 2}))]
    runs.append(RecordedRun(folder / "c", lr=1e-3))
    for number, run in enumerate(runs, 1):
        run._random = np.random.default_rng(number)
        run.learn(30 * number)
    return Comparison(RunSet(lambda: [run.directory for run in runs]).read_everything())


def test_the_chosen_run_is_drawn_last_in_its_full_colour(comparison: Comparison) -> None:
    for offset, front in enumerate("ABC"):
        curves = compared_curves(comparison.moved(offset), "td_std", "env_steps", DARK)
        assert sorted(found.letter for found in curves) == ["A", "B", "C"]
        assert [found.front for found in curves] == [False, False, True] and curves[-1].letter == front
        assert curves[-1].curve.color == curves[-1].color
        assert all(found.curve.color == blend(found.color, DARK.on_chip, BEHIND) for found in curves[:-1])


def test_a_run_has_one_colour_in_all_charts_and_another_for_another_theme(comparison: Comparison) -> None:
    entry = comparison.runs.entries[1]
    for metric in ("td_std", "eval_return"):
        for found in compared_curves(comparison, metric, "update", DARK):
            assert found.letter != entry.letter or found.color == run_color(entry, DARK)
    assert run_color(entry, DARK) in DARK.runs and run_color(entry, LIGHT) in LIGHT.runs


def test_the_seeds_of_a_setting_are_one_curve_with_a_band(comparison: Comparison) -> None:
    curves = {
        found.letter: found for found in compared_curves(replace(comparison, grouped=True), "td_std", "update", DARK)
    }
    assert set(curves) == {"AB", "C"}
    assert curves["AB"].front and curves["AB"].based and not curves["C"].front
    assert curves["C"].curve.band is None, "one seed has no spread"
    for spread in ("interval", "range"):
        shown = replace(comparison, grouped=True, spread=spread)
        band = next(found for found in compared_curves(shown, "td_std", "update", DARK) if found.letter == "AB").curve
        low, high = band.band or (np.empty(0), np.empty(0))
        both = np.isfinite(low) & np.isfinite(high)
        mean = band.column.mean[both]
        assert (
            len(low) == len(band.column.mean)
            and (low[both] <= mean + 1e-12).all()
            and (mean <= high[both] + 1e-12).all()
        )
        assert (low[both] < high[both]).any()
        assert both.all() == (spread == "range"), "of one seed alone, after the end of the other, there is no interval"
    assert curves["AB"].x.mean[-1] == 60, "the curve goes as far as its longest run"


def test_the_sign_of_each_run_stands_where_its_curve_ends(comparison: Comparison) -> None:
    curves = compared_curves(comparison, "td_std", "env_steps", DARK)
    lines = draw(curves[-1].x, [found.curve for found in curves], [], 60, 12, frame=DARK.frame).lines
    plain = [line.plain for line in lines]
    columns = {sign: max(line.find(sign) for line in plain) for sign in "ABC"}
    assert 0 < columns["A"] < columns["B"] < columns["C"] == 59
    assert columns["C"] - columns["B"] == pytest.approx(columns["B"] - columns["A"], abs=1)


def test_letters_of_lines_that_end_in_one_place_stand_above_each_other() -> None:
    x = Column.flat(np.arange(10.0))
    curves = [Curve(Column.flat(np.ones(10)), DARK.line, x, None, sign) for sign in "ABCDEFG"]
    lines = [line.plain for line in draw(x, curves, [], 60, 12, frame=DARK.frame).lines]
    (place,) = {line.find("G") for line in lines} - {-1}
    signs = [line[place] for line in lines if line[place] in "ABCDEFG"]
    assert len(signs) == 5 and signs[2] == "G", "the line in front has its place, and two more fit on each side"


def test_one_setting_alone_lies_on_axes_that_all_share(comparison: Comparison) -> None:
    alone = compared_curves(comparison, "td_std", "env_steps", DARK, setting=1)
    assert [found.letter for found in alone] == ["C"]
    window, values = shared_range(comparison, "td_std", ChartView(), DARK) or ((0, 0), (0, 0))
    every = compared_curves(comparison, "td_std", "env_steps", DARK)
    assert window == (4096, 90 * 4096)
    assert values == (
        min(found.curve.column.mean.min() for found in every),
        max(found.curve.column.mean.max() for found in every),
    )
    assert shared_range(Comparison(), "td_std", ChartView(), DARK) is None


def test_few_values_are_drawn_as_the_signs_themselves(comparison: Comparison) -> None:
    curves = compared_curves(comparison, "eval_return", "env_steps", DARK)
    lines = draw(curves[-1].x, [found.curve for found in curves], [], 60, 12, frame=DARK.frame).lines
    plain = "".join(line.plain for line in lines)
    assert plain.count("A") == 3 and plain.count("C") >= 6 and "•" not in plain


@pytest.mark.parametrize("symbols", ["braille", "block", "ascii"])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (7, 3), (26, 6), (39, 11)])
def test_every_size_and_kind_of_symbols_can_be_drawn(
    comparison: Comparison, size: tuple[int, int], grouped: bool, symbols: str
) -> None:
    view = ChartView(symbols=symbols, smoothing=0.9, log_y=True, outliers="clipped")  # type: ignore[arg-type]  # one of them
    for metric in ("ep100", "eval_return", "rho_tail_dc", "td_std"):
        curves = compared_curves(replace(comparison, grouped=grouped), metric, "elapsed_s", DARK)
        lines = draw(curves[-1].x, [found.curve for found in curves], [], *size, frame=DARK.frame, view=view).lines
        assert [line.cell_len for line in lines] == [size[0]] * size[1]


def test_a_colour_that_is_behind_is_nearer_to_the_ground() -> None:
    assert blend("#ffffff", "#000000", BEHIND) == "#b2b2b2"
    assert blend("#56b4e9", "#56b4e9", BEHIND) == "#56b4e9"
