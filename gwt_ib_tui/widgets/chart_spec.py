"""What a chart shows: the overview's own charts, and one for each metric that a filter may bring up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from gwt_ib_tui.charts import levels
from gwt_ib_tui.charts.lines import Level
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.history.series import Column
from gwt_ib_tui.state.run.run_view import RunView


def no_levels(run_view: RunView, palette: Palette) -> list[Level]:
    """Of a metric that has nothing to be compared with."""
    return []


@dataclass(frozen=True)
class ChartSpec:
    """What a chart shows: its metrics, horizontal lines and least span.

    A span of 0 is for a metric of which nothing is known: it goes by the size of its values.
    """

    title: str
    metrics: tuple[str, ...]
    min_span: float
    levels: levels.Levels = no_levels
    labels: tuple[str, ...] = ()


OVERVIEW = (
    ChartSpec("td_std", ("td_std",), min_span=1e-3, levels=levels.limits_of("td_std")),
    ChartSpec("mean_c", ("mean_c",), min_span=0.1, levels=levels.target),
    ChartSpec("EV", ("explained_variance",), min_span=0.2),
    ChartSpec("bias", ("bias",), min_span=0.02, levels=levels.limits_of("bias")),
    ChartSpec("returns", ("ep100", "eval_return"), 0.1, labels=("ep100", "eval")),
)
OVERVIEW_TITLES = tuple(spec.title for spec in OVERVIEW)
_BY_TITLE = {spec.title: spec for spec in OVERVIEW}
_BY_METRIC = {spec.metrics[0]: spec for spec in OVERVIEW if len(spec.metrics) == 1}
_SPANS = {"ep100": 0.1, "mmer": 0.1, "eval_return": 0.1, "entropy": 0.05}
RELATIVE_SPAN = 0.02  # of the largest value: what changes by less looks nearly constant


def spec_of(name: str) -> ChartSpec:
    """The overview's chart of this title, or the chart of the metric of this name."""
    if name in _BY_TITLE:
        return _BY_TITLE[name]
    if name in _BY_METRIC:
        return replace(_BY_METRIC[name], title=name)
    return ChartSpec(name, (name,), 0.1 if name.startswith("rho_") else _SPANS.get(name, 0.0))


def span_of(spec: ChartSpec, columns: Iterable[Column]) -> float:
    """The least length of the y axis, above 0."""
    if spec.min_span:
        return spec.min_span
    largest = max(
        (float(np.nanmax(np.abs(column.mean))) for column in columns if np.isfinite(column.mean).any()), default=0.0
    )
    return RELATIVE_SPAN * largest or 1.0
