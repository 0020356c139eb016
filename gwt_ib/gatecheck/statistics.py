"""The numbers that GateCheck judges: how the gate depends on TD error and prior, and whether evaluations improve."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from gwt_ib.config import Config
from gwt_ib.lenient import real
from gwt_ib.model.gate_kinds import has_bias, prior_line

Array = npt.NDArray[Any]
Doubles = npt.NDArray[np.float64]

TAIL_PARTS = 5  # the tail is the fifth of the steps with the largest |td_norm|
CURVE_BINS = 20
CURVE_TOP = 10.0
EXACT_EPISODES = 32
MONTE_CARLO_DRAWS = 20_000
_ROUNDING = 1e-12  # differences of returns that are smaller than this share of the returns are rounding
_COLUMNS = ("td", "c", "c_std", "prior", "count")
_TIE = 1e-9  # sums of differences, scaled to at most 1 each, that are nearer than this are equal


def correlation(x: Array, y: Array) -> float:
    """Pearson's correlation; NaN where either is constant, not finite, or there are fewer than 3 points."""
    x, y = _flat(x), _flat(y)
    if x.size != y.size:
        raise ValueError(f"{x.size} numbers cannot be paired with {y.size}")
    if x.size < 3 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return float("nan")
    if x.min() == x.max() or y.min() == y.max():
        return float("nan")
    x, y = _centred(x), _centred(y)
    return float(np.clip((x @ y) / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0))


def gate_numbers(td_abs: Array, c: Array, prior: Array) -> dict[str, float]:
    """The four correlations of |td_norm| with the gate; the caller leaves out the first steps of episodes.

    `rho_td_c` and `rho_td_dc` are over all steps, with c and with delta_c = c - prior; the `rho_tail` pair is over the
    fifth of the steps with the largest |td_norm| (rounded up; steps that tie with the smallest of them are in it too).
    """
    td_abs, c = _flat(td_abs), _flat(c)
    delta_c = c - _flat(prior)
    tail = _tail(td_abs)
    return {
        "rho_td_c": correlation(td_abs, c),
        "rho_tail": correlation(td_abs[tail], c[tail]),
        "rho_td_dc": correlation(td_abs, delta_c),
        "rho_tail_dc": correlation(td_abs[tail], delta_c[tail]),
    }


def curve_edges(bins: int = CURVE_BINS) -> list[float]:
    """The `bins + 1` edges of the gate curve: half of the bins equally wide up to 1, the others geometric up to 10."""
    if bins < 2:
        raise ValueError(f"a gate curve needs at least 2 bins, not {bins}")
    linear = np.linspace(0.0, 1.0, bins // 2 + 1)
    geometric = np.geomspace(1.0, CURVE_TOP, bins - bins // 2 + 1)
    return [round(float(edge), 4) for edge in (*linear, *geometric[1:])]


def gate_curve(td_abs: Array, c: Array, prior: Array, bins: int = CURVE_BINS) -> dict[str, list[Any]]:
    """c and prior by bins of |td_norm|: `{td: edges, c: means, c_std, prior: means, count}`, ready for JSON.

    The edges are fixed, the same in every rollout of every run, so curves of two moments or two runs can be laid over
    each other and subtracted bin by bin; quantiles would move with each rollout. That works because |td_norm| is
    normalised already: td_std is about the 0.9 quantile of |td - td_mean|, so nine steps in ten lie below 1, where the
    bins are finest and where the prior rises. The long tail has geometric bins. A bin holds its lower edge and not its
    upper one, but the last is open above: it counts every step from its lower edge on, where the prior has long
    saturated. If nearly everything falls into the first or the last bin, td_std has the wrong size, which is a finding
    of its own. Empty bins have count 0 and null means; steps with a number that is not finite are left out.
    """
    td_abs, c, prior = _flat(td_abs), _flat(c), _flat(prior)
    edges = curve_edges(bins)
    finite = np.isfinite(td_abs) & np.isfinite(c) & np.isfinite(prior)
    td_abs, c, prior = td_abs[finite], c[finite], prior[finite]
    index = np.searchsorted(np.asarray(edges[1:-1]), td_abs, side="right")
    count = np.bincount(index, minlength=bins)

    def means(values: Doubles) -> Doubles:
        return np.bincount(index, weights=values, minlength=bins) / np.maximum(count, 1)

    def listed(values: Doubles) -> list[float | None]:
        return [float(value) if number else None for value, number in zip(values, count, strict=True)]

    c_mean = means(c)
    return {
        "td": edges,
        "c": listed(c_mean),
        "c_std": listed(np.sqrt(means((c - c_mean[index]) ** 2))),
        "prior": listed(means(prior)),
        "count": [int(number) for number in count],
    }


@dataclass(frozen=True, eq=False)
class Bins:
    """The bins of one gate curve [bins], or of many [curves, bins]; those with a count of 0 say nothing.

    `high` is infinite for the last bin, which is open above.
    """

    low: Doubles
    high: Doubles
    c: Doubles
    c_std: Doubles
    prior: Doubles
    count: Doubles


def bins_of(curve: object) -> Bins | None:
    """The bins of the metric `gate_curve` that hold steps; None where no bin does, or the metric is damaged."""
    if not isinstance(curve, dict):
        return None
    columns: list[Any] = [curve.get(name) for name in _COLUMNS]
    if not all(isinstance(column, list | tuple) for column in columns):
        return None
    edges, *others = columns
    bins = []
    for row in zip(edges[:-1], (*edges[1:-1], None), *others, strict=False):
        low, high, c, c_std, prior, count = map(real, row)
        if low is None or not (_is_share(c) and _is_share(c_std) and _is_share(prior)) or not count or count < 0:
            continue
        bins.append((low, math.inf if high is None else high, c, c_std, prior, count))
    return Bins(*np.array(bins, dtype=np.float64).T) if bins else None


def mean_of_c(bins: Bins) -> Doubles:
    """The mean of c over all steps in the bins, for each curve; NaN for one without steps."""
    return _weighted_mean(bins.count, bins.c)


def spread_of_c(bins: Bins, mean_c: float | Doubles | None = None, steps: float | Doubles | None = None) -> Doubles:
    """The standard deviation of c over all steps of a rollout, for each curve; NaN for one without steps.

    A curve leaves the first steps of episodes out, where there is no TD error, and just there a gate may open that keeps
    what it has seen first. So they are put back: their mean follows from `mean_c`, which is over all `steps`. Without
    these two it is the deviation over the bins alone.
    """
    mean, later = mean_of_c(bins), bins.count.sum(axis=-1)
    variance = _weighted_mean(bins.count, bins.c_std**2 + (bins.c - mean[..., np.newaxis]) ** 2)
    if mean_c is None or steps is None:
        return np.sqrt(variance)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.clip(1.0 - later / steps, 0.0, 1.0)  # of the steps, those that begin an episode
        of_first = np.clip((mean_c - (1.0 - share) * mean) / share, 0.0, 1.0)
        between = share * (1.0 - share) * (of_first - mean) ** 2
    result: Doubles = np.sqrt((1.0 - share) * variance + np.where(np.isfinite(between), between, 0.0))
    return result


def distance_from_prior(bins: Bins, bias: float | Doubles, config: Config) -> Doubles:
    """How far delta_c shows, as a root mean square: by the distance of a bin's means, or by a spread of c that the
    prior cannot have by itself. `bias` is that of the update, or of each of them; NaN for a curve without steps.
    """
    known = np.asarray(bias, dtype=np.float64)[..., np.newaxis]
    # A number between two limits has a standard deviation of at most half of their distance.
    widest = (_prior(bins.high, known, config) - _prior(bins.low, known, config)) / 2
    square = (bins.c - bins.prior) ** 2 + np.maximum(0.0, bins.c_std**2 - widest**2)
    return np.sqrt(_weighted_mean(bins.count, square))


def seed_differences(early: Array, late: Array) -> Doubles:
    """Per episode seed, the mean of the late evaluations [L, E] minus that of the early [K, E].

    Every evaluation plays the same E seeds, so hard and easy seeds cancel. A seed with a gap is left out.
    """
    early, late = np.asarray(early, dtype=np.float64), np.asarray(late, dtype=np.float64)
    if early.ndim != 2 or late.ndim != 2 or early.shape[1] != late.shape[1] or not len(early) or not len(late):
        raise ValueError(f"evaluations of the shapes {early.shape} and {late.shape} cannot be paired by seed")
    with np.errstate(over="ignore", invalid="ignore"):
        before, after = early.mean(axis=0), late.mean(axis=0)
        differences: Doubles = after - before
    differences[np.abs(differences) <= _ROUNDING * np.maximum(np.abs(before), np.abs(after))] = 0.0
    return differences[np.isfinite(differences)]


def sign_flip_p_value(differences: Array) -> float:
    """One-sided permutation test: the share of all ways to flip the differences' signs whose sum is at least the given.

    Without a change each difference is as likely to be negative as positive. Up to 32 differences all 2^E sign vectors
    are counted, above that 20,000 drawn from a fixed generator (with the given one added to both counts), so the answer
    is the same every time. No difference at all gives 1.
    """
    return _sign_flip(_flat(differences).tobytes())


@functools.lru_cache(maxsize=256)
def _sign_flip(differences_bytes: bytes) -> float:
    """A run is judged anew after every update, and the same differences stay those of the newest look for long."""
    differences = np.frombuffer(differences_bytes)
    largest = float(np.abs(differences).max(initial=0.0))
    if largest == 0.0:
        return 1.0
    scaled = differences / largest
    # Flipping a set of signs lowers the sum by twice the sum over that set: count the sets whose sum is not above 0.
    if scaled.size <= EXACT_EPISODES:
        return _sets_not_above_zero(scaled) / float(2**scaled.size)
    return (1 + _draws_not_above_zero(scaled)) / (1 + MONTE_CARLO_DRAWS)


def episode_spread(returns: Array) -> float:
    """Half of the width that the middle 68 % of an evaluation's returns take, averaged over evaluations [K, E].

    As their standard deviation, but outliers do not count. Evaluations with a gap are left out; 0 where none is left.
    """
    table = np.asarray(returns, dtype=np.float64)
    known = table[np.isfinite(table).all(axis=1)]
    if not known.size:
        return 0.0
    low, high = np.quantile(known, (0.16, 0.84), axis=1)
    spread = float((high / 2 - low / 2).mean())
    return spread if math.isfinite(spread) else 0.0


def mean_interval(values: Array, level: float = 0.95) -> tuple[float, float]:
    """Student's t interval of the mean of independent numbers; infinite on both sides where there are fewer than two.

    `level` is the probability of the mean lying inside; each end by itself is one of a one-sided level of half the rest.
    """
    values = _flat(values)
    if values.size < 2:
        return -math.inf, math.inf
    from scipy.special import stdtrit

    with np.errstate(over="ignore", invalid="ignore"):
        mean = float((values / values.size).sum())
        error = float(np.sqrt(((values - mean) ** 2).sum() / (values.size - 1))) / math.sqrt(values.size)
        reach = float(stdtrit(values.size - 1, 0.5 + level / 2)) * error
    return (mean - reach, mean + reach) if math.isfinite(mean) and math.isfinite(reach) else (-math.inf, math.inf)


def _prior(td_abs: Doubles, bias: Doubles, config: Config) -> Doubles:
    """The prior at a |td_norm|, which may be infinite (docs/model.md, "Prior")."""
    line = prior_line(config)
    slope = line.slope * td_abs if line.slope else 0.0
    result: Doubles = 0.5 * (1.0 + np.tanh((slope + line.shift + (bias if has_bias(config) else 0.0)) / 2))
    return result


def _weighted_mean(count: Doubles, values: Doubles) -> Doubles:
    """The mean of one value a bin over all steps in the bins."""
    with np.errstate(invalid="ignore", over="ignore"):
        result: Doubles = (count * values).sum(axis=-1) / count.sum(axis=-1)
    return result


def _is_share(value: float | None) -> TypeGuard[float]:
    return value is not None and 0.0 <= value <= 1.0


def _sets_not_above_zero(values: Doubles) -> int:
    """How many subsets of the values have a sum of 0 or less: each half's subset sums, sorted, meet in the middle."""
    half = values.size // 2
    left, right = _subset_sums(values[:half]), _subset_sums(values[half:])
    left.sort()
    return int(np.searchsorted(left, _TIE - right, side="right").sum())


def _subset_sums(values: Doubles) -> Doubles:
    sums: Doubles = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums, sums + value])
    return sums


def _draws_not_above_zero(values: Doubles) -> int:
    """The same over `MONTE_CARLO_DRAWS` random subsets, drawn in blocks of about a million bits."""
    generator = np.random.default_rng(0)
    block = max(1, (1 << 20) // values.size)
    found = 0
    for start in range(0, MONTE_CARLO_DRAWS, block):
        rows = min(block, MONTE_CARLO_DRAWS - start)
        flipped = generator.integers(0, 2, size=(rows, values.size), dtype=np.int8)
        found += int(np.count_nonzero(flipped @ values <= _TIE))
    return found


def _flat(values: Array) -> Doubles:
    return np.asarray(values, dtype=np.float64).ravel()


def _centred(values: Doubles) -> Doubles:
    """The values less their mean, scaled so that their squares neither overflow nor vanish."""
    values = np.ldexp(values, -np.frexp(np.abs(values).max())[1])  # by a power of two: equal numbers stay equal
    values = values - values.mean()
    centred: Doubles = values / np.abs(values).max()
    return centred


def _tail(td_abs: Doubles) -> npt.NDArray[np.bool_]:
    """Which steps belong to the fifth with the largest |td_norm|."""
    if td_abs.size == 0:
        return np.zeros(0, dtype=np.bool_)
    first = td_abs.size - -(-td_abs.size // TAIL_PARTS)
    mask: npt.NDArray[np.bool_] = ~(td_abs < np.partition(td_abs, first)[first])  # a NaN is in it, and is seen
    return mask
