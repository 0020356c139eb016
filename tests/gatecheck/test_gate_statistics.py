"""Correlations, the gate curve and the test of improvement against values worked out by hand."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gwt_ib.gatecheck import statistics
from gwt_ib.gatecheck.statistics import (
    bins_of,
    correlation,
    curve_edges,
    episode_spread,
    gate_curve,
    gate_numbers,
    mean_interval,
    seed_differences,
    sign_flip_p_value,
    spread_of_c,
)
from gwt_ib.runs.metrics import NAMES


def improvement_p_value(early, late):
    return sign_flip_p_value(seed_differences(early, late))


def test_correlation_of_small_samples_by_hand():
    assert correlation(np.array([1, 2, 3]), np.array([2, 4, 6])) == pytest.approx(1.0)
    assert correlation(np.array([1, 2, 3]), np.array([3, 2, 1])) == pytest.approx(-1.0)
    # sums of squares 5 and 5, of products 4
    assert correlation(np.array([1, 2, 3, 4]), np.array([1, 3, 2, 4])) == pytest.approx(0.8)
    assert correlation(np.array([-1, 0, 1]), np.array([1, 0, 1])) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1, 1, 1], [1, 2, 3]),
        ([1, 2, 3], [0.1, 0.1, 0.1]),
        ([1, 2], [1, 2]),
        ([], []),
        ([1, 2, math.nan], [1, 2, 3]),
        ([1, 2, math.inf], [1, 2, 3]),
    ],
)
def test_correlation_is_nan_where_it_is_not_defined(x, y):
    assert math.isnan(correlation(np.array(x, dtype=float), np.array(y, dtype=float)))


def test_correlation_refuses_arrays_of_different_sizes():
    with pytest.raises(ValueError, match="3 numbers cannot be paired with 2"):
        correlation(np.zeros(3), np.zeros(2))


@given(arrays(np.float64, 5, elements=st.floats(-1e300, 1e300)), arrays(np.float64, 5, elements=st.floats(-1e9, 1e9)))
def test_correlation_stays_between_minus_one_and_one_and_is_symmetric(x, y):
    found = correlation(x, y)
    if math.isnan(found):
        assert np.ptp(x) == 0 or np.ptp(y) == 0
    else:
        assert -1.0 <= found <= 1.0
        assert found == pytest.approx(correlation(y, x))


def test_correlation_does_not_depend_on_the_scale():
    x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 4.0])
    for scale in (1e-250, 1e-20, 1.0, 1e200):
        assert correlation(x * scale, y) == pytest.approx(0.8)


def test_correlation_agrees_with_numpy_in_single_precision_and_any_shape():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(16, 32)).astype(np.float32)
    y = (x + draw.normal(size=x.shape)).astype(np.float32)
    assert correlation(x, y) == pytest.approx(np.corrcoef(x.ravel(), y.ravel())[0, 1], rel=1e-4)


def test_gate_numbers_have_the_names_of_the_metrics_and_separate_tail_and_delta():
    td = np.arange(20.0)
    prior = np.full(20, 0.3)
    c = np.where(td < 16, td, 32 - td) / 100  # rises, but falls in the top fifth: 16, 17, 18, 19
    found = gate_numbers(td, c, prior)
    assert set(found) <= set(NAMES)
    assert found["rho_td_c"] > 0
    assert found["rho_tail"] == pytest.approx(-1.0)
    assert found["rho_td_dc"] == pytest.approx(found["rho_td_c"])
    assert found["rho_tail_dc"] == pytest.approx(-1.0)


def test_delta_c_is_what_the_prior_leaves_over():
    td = np.linspace(0, 1, 50)
    found = gate_numbers(td, 0.5 + td / 2, 0.5 + td / 2)
    assert found["rho_td_c"] == pytest.approx(1.0)
    assert math.isnan(found["rho_td_dc"])
    assert math.isnan(found["rho_tail_dc"])


def test_the_tail_is_the_top_fifth_rounded_up_with_ties():
    td = np.array([5, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11.0])  # 11 steps: the 3 largest
    c = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 2.0])
    assert gate_numbers(td, c, np.zeros(11))["rho_tail"] == pytest.approx(0.5)
    tied = np.array([1, 2, 3, 4, 4, 4, 4, 4, 4, 9.0])  # the 2 largest are 9 and one of six fours: all of them are in
    c = np.array([9, 9, 9, 0, 0, 0, 0, 0, 0, 1.0])
    assert gate_numbers(tied, c, np.zeros(10))["rho_tail"] == pytest.approx(1.0)


def test_gate_numbers_of_few_steps_or_with_a_nan_are_nan():
    for steps in (0, 1, 4, 10):
        assert math.isnan(gate_numbers(np.arange(steps), np.arange(steps), np.zeros(steps))["rho_tail"])
    td = np.arange(30.0)
    td[3] = math.nan
    assert all(math.isnan(value) for value in gate_numbers(td, np.arange(30.0), np.zeros(30)).values())


def test_edges_are_finite_rising_and_finest_below_one():
    for bins in (2, 3, 20, 51):
        edges = curve_edges(bins)
        assert len(edges) == bins + 1
        assert (edges[0], edges[-1]) == (0.0, 10.0)
        assert all(low < high for low, high in itertools.pairwise(edges))
        assert 1.0 in edges
    assert curve_edges()[:11] == [round(0.1 * i, 4) for i in range(11)]
    with pytest.raises(ValueError, match="at least 2 bins"):
        curve_edges(1)


def test_gate_curve_by_hand():
    td = np.array([0.0, 0.05, 0.1, 0.95, 1.0, 9.0, 1e6])
    c = np.array([0.2, 0.4, 0.3, 0.5, 0.6, 0.7, 0.9])
    prior = np.array([0.1, 0.3, 0.3, 0.4, 0.5, 1.0, 1.0])
    found = gate_curve(td, c, prior)
    assert found["td"] == curve_edges()
    assert found["count"] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert found["c"][0] == pytest.approx(0.3)
    assert found["c_std"][0] == pytest.approx(0.1)
    assert found["prior"][0] == pytest.approx(0.2)
    assert found["c"][1] == pytest.approx(0.3)  # a bin holds its lower edge
    assert found["c_std"][1] == 0.0
    assert found["c"][-1] == pytest.approx(0.8)  # the last bin is open above
    assert found["c_std"][-1] == pytest.approx(0.1)
    for name in ("c", "c_std", "prior"):
        assert [value is None for value in found[name]] == [count == 0 for count in found["count"]]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_gate_curve_leaves_out_what_is_not_finite_and_takes_an_empty_rollout():
    found = gate_curve(
        np.array([0.5, math.nan, math.inf]), np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.2, 0.3]), bins=4
    )
    assert sum(found["count"]) == 1
    empty = gate_curve(np.zeros(0), np.zeros(0), np.zeros(0))
    assert empty["count"] == [0] * 20
    assert empty["c"] == [None] * 20


@given(arrays(np.float64, st.integers(0, 40), elements=st.floats(0, 1e12)), st.integers(2, 30))
def test_gate_curve_counts_every_step_once(td, bins):
    found = gate_curve(td, td * 0 + 0.25, td * 0 + 0.5, bins)
    assert sum(found["count"]) == td.size
    assert {value for value in found["c"] if value is not None} <= {0.25}


def test_equal_improvements_are_one_sign_vector_in_all():
    for episodes in (1, 2, 5, 16, 20, 32):
        early, late = np.zeros((2, episodes)), np.full((3, episodes), 0.1)
        assert improvement_p_value(early, late) == 0.5**episodes
        assert improvement_p_value(late, early) == 1.0


def test_no_difference_at_all_gives_one():
    assert improvement_p_value(np.ones((3, 6)), np.ones((1, 6))) == 1.0
    assert improvement_p_value(np.ones((3, 50)), np.ones((1, 50))) == 1.0
    assert sign_flip_p_value(np.zeros(0)) == 1.0


def test_p_value_by_hand_and_by_counting_all_sign_vectors():
    assert sign_flip_p_value(np.array([3.0, 1.0, -1.0])) == 3 / 8  # sums at least 3: +++ (5), ++- (3), +-+ (3)
    draw = np.random.default_rng(3)
    for episodes in (1, 3, 6, 9):
        differences = np.round(draw.normal(0.3, 1, episodes), 1)  # rounded, so that sums tie
        signs = np.array(list(itertools.product((-1, 1), repeat=episodes)))
        share = np.mean(signs @ differences >= differences.sum() - 1e-9)
        assert sign_flip_p_value(differences) == pytest.approx(share)


def test_monte_carlo_agrees_with_the_exact_count_and_repeats(monkeypatch):
    differences = np.random.default_rng(5).normal(0.2, 1, 24)
    exact = sign_flip_p_value(differences)
    monkeypatch.setattr(statistics, "EXACT_EPISODES", 0)
    drawn = sign_flip_p_value(differences)
    assert drawn == pytest.approx(exact, abs=0.01)
    assert drawn == sign_flip_p_value(differences)
    assert sign_flip_p_value(np.ones(40)) == 1 / 20_001


def test_p_value_does_not_depend_on_the_scale_of_returns():
    differences = np.array([0.3, -0.1, 0.2, 0.2, 0.05])
    assert (
        sign_flip_p_value(differences * 1e-200)
        == sign_flip_p_value(differences)
        == sign_flip_p_value(differences * 1e9)
    )


def test_seeds_are_paired_and_a_seed_with_a_gap_is_left_out():
    early = np.array([[0.0, 1.0, 2.0], [1.0, math.nan, 2.0]])
    late = np.array([[1.0, 1.0, 5.0]])
    assert seed_differences(early, late).tolist() == [0.5, 3.0]
    with pytest.raises(ValueError, match="cannot be paired"):
        seed_differences(early, np.zeros((1, 4)))
    with pytest.raises(ValueError, match="cannot be paired"):
        seed_differences(np.zeros((0, 3)), np.zeros((1, 3)))


def test_rounding_is_no_difference():
    early = np.array([[0.1, 0.2, 0.3] * 4] * 3) + np.array([[0.1], [0.2], [0.3]])
    late = early[::-1]  # the same returns, added up in another order
    assert 0 < np.abs(late.mean(axis=0) - early.mean(axis=0)).max() < 1e-12
    assert seed_differences(early, late).tolist() == [0.0] * 12
    assert improvement_p_value(early, late) == 1.0


def test_returns_near_the_largest_float_do_not_warn(recwarn):
    assert improvement_p_value(np.full((3, 6), 1e308), np.full((3, 6), 1e308)) == 1.0
    assert not recwarn.list


def test_hard_and_easy_seeds_do_not_hide_an_improvement():
    draw = np.random.default_rng(0)
    hardness = np.linspace(-1, 1, 10)
    early = hardness + draw.normal(0, 0.05, (3, 10))
    late = hardness + 0.1 + draw.normal(0, 0.05, (3, 10))
    assert improvement_p_value(early, late) < 0.01


@pytest.mark.parametrize("episodes", [8, 20, 40])
@pytest.mark.parametrize("noise", ["normal", "coin"])
def test_without_a_change_one_run_in_twenty_is_called_improved(episodes, noise, monkeypatch):
    monkeypatch.setattr(statistics, "MONTE_CARLO_DRAWS", 2000)
    draw = np.random.default_rng(episodes)
    runs = 2000
    hardness = draw.normal(0, 1, (runs, 1, episodes))
    size = (runs, 6, episodes)
    chance = draw.normal(0, 0.5, size) if noise == "normal" else draw.integers(0, 2, size)
    evaluations = hardness + chance
    called = np.mean([improvement_p_value(run[:3], run[3:]) <= 0.05 for run in evaluations])
    assert 0.02 < called < 0.065  # ties make the coin's test a little stricter; two standard errors are 0.01
    if noise == "normal":
        assert called > 0.035


def test_a_true_improvement_is_found():
    draw = np.random.default_rng(2)
    runs = draw.normal(0, 0.5, (200, 6, 20))
    runs[:, 3:] += 0.3
    assert np.mean([improvement_p_value(run[:3], run[3:]) <= 0.05 for run in runs]) > 0.9


def test_the_spread_of_episodes_is_their_standard_deviation_whatever_the_outliers():
    returns = np.random.default_rng(0).normal(5.0, 2.0, (50, 400))
    assert episode_spread(returns) == pytest.approx(2.0, rel=0.05)
    returns[:, :4] = 1e6
    assert episode_spread(returns) == pytest.approx(2.0, rel=0.05)
    assert episode_spread(np.full((2, 3), np.nan)) == 0.0


def test_an_interval_of_the_mean_holds_it_as_often_as_it_says():
    draw = np.random.default_rng(0)
    held = [low <= 0.0 <= high for low, high in (mean_interval(draw.normal(0, 1, 7), 0.9) for _ in range(500))]
    assert sum(held) / 500 == pytest.approx(0.9, abs=0.03)
    assert mean_interval(np.array([1.0])) == (-np.inf, np.inf)
    assert mean_interval(np.zeros(5)) == (0.0, 0.0)


@pytest.mark.parametrize("first", [0.0, 0.03, 0.9])
def test_the_spread_of_c_is_over_all_steps_though_the_curve_has_no_first_ones(first):
    draw = np.random.default_rng(0)
    c, td = draw.uniform(0.0, 0.1, 520), draw.exponential(0.5, 520)
    begins = np.arange(520) % 52 == 0
    c[begins] = first
    bins = bins_of(gate_curve(td[~begins], c[~begins], c[~begins]))
    exact = np.sqrt(np.mean((c[~begins] - c.mean()) ** 2) * 51 / 52 + (first - c.mean()) ** 2 / 52)
    assert spread_of_c(bins, c.mean(), 520) == pytest.approx(exact, abs=1e-9)
    assert spread_of_c(bins) == pytest.approx(c[~begins].std(), abs=1e-9)
