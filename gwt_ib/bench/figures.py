"""From what the learner reported after each update to the figures of a bench; pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from gwt_ib.bench.measure import COMPARED
from gwt_ib.config import Config
from gwt_ib.model.experience import SECTIONS
from gwt_ib.runs.jsonl import Record

LEARNING = (
    "batch",
    "initial states",
    "unroll forward",
    "unroll backward",
    "heads",
    "wait for threads",
    "graph",
    "optimiser",
    "statistics",
)
ORDER = ("wait", *LEARNING, "publish", "record", "evaluation")
OUTSIDE_LEARNING = frozenset(ORDER) - frozenset(LEARNING)


def figures(reports: Sequence[Record], config: Config, warm_up: int, cores: int) -> dict[str, Any]:
    """Speed, sections, the learner against sgemm, memory, on a machine with so many cores."""
    measured = list(reports[warm_up:-COMPARED])
    durations = [sum(report["learner"].values()) for report in measured]
    speeds = [config.steps_per_update / seconds for seconds in durations]
    memory = reports[-COMPARED]["memory"]  # after the measured updates
    return {
        "steps_per_s": spread(speeds),
        "update_ms": spread([1e3 * seconds for seconds in durations]),
        "sections": [
            *_sections("learner", ORDER, measured, durations, config),
            *_sections("actors", SECTIONS, measured, durations, config),
        ],
        "learner": _against_sgemm(reports[-COMPARED:], config, cores),
        "memory": {
            "bytes": sum(process["now"] for process in memory),
            "peak_bytes": sum(process["peak"] for process in memory),
            "processes": memory,
        },
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """The median, and what 5 and 95 % of the values are below: of few values the least and the largest."""
    ordered = sorted(values)
    cut = len(ordered) // 20
    return {"median": statistics.median(ordered), "low": ordered[cut], "high": ordered[-1 - cut]}


def _sections(
    process: str, order: Sequence[str], reports: Sequence[Record], durations: Sequence[float], config: Config
) -> list[dict[str, Any]]:
    """A row for each section. Shares are of all the time, so what happens in one update of ten counts a tenth."""
    parts = [report[process] for report in reports]
    names = {name: None for part in parts for name in part}
    rows = []
    for name in sorted(names, key=lambda name: order.index(name) if name in order else len(order)):
        seconds = [part.get(name, 0.0) for part in parts]
        mean = statistics.fmean(seconds)
        rows.append(
            {
                "process": process,
                "section": name,
                "median_ms": 1e3 * statistics.median(seconds),
                "mean_ms": 1e3 * mean,
                "share": sum(seconds) / sum(durations),
                "us_per_env_step": 1e6 * mean / config.steps_per_update,
            }
        )
    return rows


def _against_sgemm(reports: Sequence[Record], config: Config, cores: int) -> dict[str, Any]:
    """Samples that the learner learns from a second, each epoch counted, and how many sgemm alone would allow."""
    seconds = [
        sum(value for name, value in report["learner"].items() if name not in OUTSIDE_LEARNING) for report in reports
    ]
    speed = config.steps_per_update * config.epochs / statistics.median(seconds)
    if "sgemm" not in reports[0]:
        return {"samples_per_s": speed}
    products, flop = reports[0]["sgemm"]["products"], reports[0]["sgemm"]["flop_per_sample"]
    taken = [statistics.median(times) for times in zip(*(report["sgemm_seconds"] for report in reports), strict=True)]
    used = min(cores, reports[0]["sgemm"]["threads"])
    rate = sum(product["flop"] for product in products) / math.fsum(taken)
    bound = used * rate / flop
    return {
        "samples_per_s": speed,
        "bound_samples_per_s": bound,
        "of_bound": speed / bound,
        "cores": used,
        "flop_per_sample": flop,
        "gflop_per_s": speed * flop / 1e9,
        "sgemm_gflop_per_s": rate / 1e9,
        "products": [
            {**product, "gflop_per_s": product["flop"] / time / 1e9}
            for product, time in zip(products, taken, strict=True)
        ],
    }
