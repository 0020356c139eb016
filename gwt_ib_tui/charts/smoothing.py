"""The moving average that shows a noisy metric's course; pure."""

from __future__ import annotations

import numpy as np

from gwt_ib_tui.charts.axes import LARGEST
from gwt_ib_tui.state.history.series import Doubles

SPENT = 1e-18  # a weight below does not show in a double


def moving_average(values: Doubles, weight: float) -> Doubles:
    """The exponential moving average of the values that are there, bias-corrected; NaN stays where none is.

    `weight`, from 0 to below 1, is that of the past. The first result is the first value, and a gap changes nothing: it
    is an average over rows that have a value. A bucket of a thinned history counts as one row.
    """
    there = np.isfinite(values)
    sums = np.clip(values[there], -LARGEST, LARGEST)
    # s[n] = v[n] + w s[n-1] for all n at once: after k rounds each sum holds its newest 2**k values.
    reach, factor = 1, weight
    while reach < len(sums) and factor > SPENT:
        sums = sums + factor * np.concatenate([np.zeros(reach), sums[:-reach]])
        reach, factor = 2 * reach, factor * factor
    result = np.full(len(values), np.nan)
    # The weights of the first n values sum up to this, and would to 1 / (1 - w) if there had been values for ever.
    result[there] = sums * (1.0 - weight) / (1.0 - weight ** np.arange(1, len(sums) + 1))
    return result
