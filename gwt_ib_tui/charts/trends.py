"""Trends: the course of the number that a GateCheck rule follows, with the limits of the rule; pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gwt_ib.config import Config
from gwt_ib.gatecheck.findings import Finding
from gwt_ib.gatecheck.rules import RULES
from gwt_ib.gatecheck.rules.gate import DISTANCE_FROM_PRIOR, SPREAD_OF_C
from gwt_ib.gatecheck.statistics import Bins, distance_from_prior, spread_of_c
from gwt_ib_tui.state.history.gate_history import GateCurve, GateHistory
from gwt_ib_tui.state.history.series import Column, Doubles
from gwt_ib_tui.state.run.run_view import RunView

_FOLLOWS = {rule.kind: rule.follows for rule in RULES}


@dataclass(frozen=True, eq=False)
class Trend:
    """The course of one number over the environment steps. `limits` are those of the rule, where they are of it."""

    name: str
    x: Column
    y: Column
    limits: tuple[float, ...]


def followed(finding: Finding) -> str:
    """The metric, or number of the gate curve, that a rule follows; of a rule not known here the metric of its evidence."""
    return _FOLLOWS.get(finding.kind, finding.metric)


def trend_of(run_view: RunView, finding: Finding) -> Trend | None:
    """The course of what a rule follows; none where that has no course."""
    name = followed(finding)
    if name in (SPREAD_OF_C, DISTANCE_FROM_PRIOR):
        bins, steps, config = _bins(run_view.gate), run_view.gate.env_steps, run_view.config
        values = np.full(len(steps), np.nan)
        if bins is not None and name == SPREAD_OF_C:
            values = spread_of_c(bins, *_all_steps(run_view, steps))
        elif bins is not None and config is not None:
            values = distance_from_prior(bins, _bias_at(run_view, config, steps), config)
        x, y, own = Column.flat(steps), Column.flat(values), True
    elif name in run_view.series.names:
        x, y = run_view.series.column("env_steps"), run_view.series.column(name)
        own = finding.metric == name  # eval_improves may rest on a p-value, which has no course
    else:
        return None
    limits = tuple(limit for limit in finding.limits if limit is not None) if own else ()
    return Trend(name, x, y, limits)


def _bins(history: GateHistory) -> Bins | None:
    """All curves with as many bins as the newest, [curves, bins]; one with another number has no steps in any."""
    if not len(history):
        return None
    newest = history.moments[-1].curve
    blank = GateCurve(newest.edges, *[np.full(len(newest.c), np.nan)] * 4)
    curves = [
        curve if len(curve.c) == len(blank.c) else blank for curve in (moment.curve for moment in history.moments)
    ]
    edges, c, c_std, prior, steps = (
        np.stack([getattr(curve, name) for curve in curves]) for name in ("edges", "c", "c_std", "prior", "count")
    )
    known = np.isfinite(c) & np.isfinite(c_std) & np.isfinite(prior) & (steps > 0)
    high = edges[:, 1:].copy()
    high[:, -1] = np.inf
    c, c_std, prior, steps = (np.where(known, part, 0.0) for part in (c, c_std, prior, steps))
    return Bins(edges[:, :-1], high, c, c_std, prior, steps)


def _bias_at(run_view: RunView, config: Config, steps: Doubles) -> Doubles:
    """The bias after each of these environment steps; the first one where none is recorded."""
    found = _at(run_view, "bias", steps)
    return np.full(len(steps), config.bias_init) if found is None else found


def _all_steps(run_view: RunView, steps: Doubles) -> tuple[Doubles | None, float | None]:
    """mean_c at each of these moments, and the steps of a rollout that it is over; None where not known."""
    config = run_view.config
    return _at(run_view, "mean_c", steps), None if config is None else float(config.steps_per_update)


def _at(run_view: RunView, name: str, steps: Doubles) -> Doubles | None:
    """A metric after each of these environment steps; None where none is recorded."""
    x, y = run_view.series.column("env_steps").mean, run_view.series.column(name).mean
    known = np.isfinite(x) & np.isfinite(y)
    return np.interp(steps, x[known], y[known]) if known.any() else None
