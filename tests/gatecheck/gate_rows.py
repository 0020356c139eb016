"""Rows of metrics as a healthy run of the default configuration would record them."""

from __future__ import annotations

from typing import Any

from gwt_ib.config import Config
from gwt_ib.gatecheck.findings import Finding, Verdict
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run
from gwt_ib.gatecheck.statistics import curve_edges

CONFIG = Config()
UPDATES = CONFIG.num_updates


def curve(c: float | list[float], prior: float | list[float], c_std: float = 0.1) -> dict[str, Any]:
    edges = curve_edges()
    bins = len(edges) - 1
    return {
        "td": edges,
        "c": c if isinstance(c, list) else [c] * bins,
        "c_std": [c_std] * bins,
        "prior": prior if isinstance(prior, list) else [prior] * bins,
        "count": [CONFIG.steps_per_update / bins] * bins,
    }


def row(update: int, **changes: Any) -> dict[str, Any]:
    return {
        "update": update,
        "env_steps": update * CONFIG.steps_per_update,
        "policy_lag_max": 0,
        "td_mean": 0.01,
        "td_std": 0.05,
        "mean_c": 0.36,
        "target_c": 0.35,
        "bias": -1.5,
        "explained_variance": 0.7,
        "entropy": 1.0,
        "ep100": -0.5,
        "eval_return": None,
        "eval_returns": None,
        "rho_td_c": 0.5,
        "rho_tail": 0.3,
        "rho_td_dc": 0.1,
        "rho_tail_dc": 0.05,
        "gate_curve": curve([0.2 + 0.03 * i for i in range(20)], 0.3),
        **changes,
    }


def evaluation(update: int, returns: list[float | None], **changes: Any) -> dict[str, Any]:
    return row(update, eval_return=-0.5, eval_returns=returns, **changes)


def healthy_run(last: int = UPDATES, **changes: Any) -> list[dict[str, Any]]:
    """Improving evaluations of 20 episodes every 10 updates; `changes` apply to every row."""
    rows = []
    for update in range(1, last + 1):
        if update % 10 == 0:
            rows.append(evaluation(update, [-0.9 + update / 100 + 0.01 * seed for seed in range(20)], **changes))
        else:
            rows.append(row(update, **changes))
    return rows


def evaluations(returns_by_evaluation: list[list[Any]]) -> list[dict[str, Any]]:
    """Rows of evaluations, ten updates apart, and nothing between them."""
    return [evaluation(10 * (i + 1), returns) for i, returns in enumerate(returns_by_evaluation)]


def series(name: str, values: list[Any]) -> list[dict[str, Any]]:
    """One row for each value of a metric."""
    return [row(i + 1, **{name: value}) for i, value in enumerate(values)]


def verdict_of(rows: list[dict[str, Any]], config: Config = CONFIG) -> Verdict:
    return judge_run(History.from_rows(rows), config)


def finding(kind: str, rows: list[dict[str, Any]], config: Config = CONFIG) -> Finding:
    return next(finding for finding in verdict_of(rows, config).findings if finding.kind == kind)
