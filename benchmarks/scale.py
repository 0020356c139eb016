"""What more actors, more environments, longer sequences and a wider agent cost: throughput, memory, sections.

    .venv/bin/python benchmarks/scale.py [actors] [envs] [seq_len] [hidden] [--updates 20] [--rounds 3] [--set FIELD=VALUE]…

Each setting is measured by `gwt-ib-tui bench` once a round, and the settings of a table take turns: what slows the
machine down for a while slows all of them. Speeds are medians over the rounds, memory is the largest.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from typing import Any

from benched import bench, parse_settings, section_ms, table_head, table_row

from gwt_ib.bench.figures import OUTSIDE_LEARNING
from gwt_ib.machine import usable_cores

MIB = 1 << 20
TABLES: dict[str, list[dict[str, Any]]] = {
    "actors": [{"num_actors": count} for count in (1, 2, 4)],
    "envs": [{"num_envs": count} for count in (16, 32, 64)],
    "seq_len": [{"seq_len": length} for length in (16, 64, 256)],
    "hidden": [{"hidden_size": size} for size in (64, 128, 256)],
}
COLUMNS = ["steps/s", "to the first", "environment", "inference", "write", "actors wait", "learner waits", "learns"]
MEMORY = ["learner MiB", "an actor MiB", "all MiB"]


def row(name: str, results: list[dict[str, Any]], first: float) -> tuple[list[str], float]:
    """The cells of one setting, and its speed; times are ms of an update."""
    speed = statistics.median(found["steps_per_s"]["median"] for found in results)

    def ms(process: str, section: str) -> float:
        return statistics.median(section_ms(found, process, section) for found in results)

    learns = statistics.median(
        sum(
            part["mean_ms"]
            for part in found["sections"]
            if part["process"] == "learner" and part["section"] not in OUTSIDE_LEARNING
        )
        for found in results
    )
    times = [ms("actors", section) for section in ("environment", "inference", "write", "wait")]
    cells = [name, f"{speed:,.0f}", f"{speed / (first or speed):.2f}", *(f"{t:.1f}" for t in times)]
    return [*cells, f"{ms('learner', 'wait'):.1f}", f"{learns:.1f}", *memory_cells(results)], speed


def memory_cells(results: list[dict[str, Any]]) -> list[str]:
    """The largest of the learner, of an actor, and of all processes together."""
    found = max((result["memory"] for result in results), key=lambda memory: memory["peak_bytes"])
    by_name: dict[str, int] = {}
    for process in found["processes"]:
        by_name[process["name"]] = max(process["peak"], by_name.get(process["name"], 0))
    sizes = [by_name.get("learner", 0), by_name.get("actor", 0), found["peak_bytes"]]
    return [f"{size / MIB:,.0f}" for size in sizes]


def main() -> None:
    """Print a Markdown table for each thing that is varied."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)}; all where none is named")
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    given = parser.parse_args()
    if unknown := set(given.tables) - set(TABLES):
        parser.error(f"there is no table {', '.join(sorted(unknown))}")
    common = {"eval_every": 0, **parse_settings(given.set)}
    write = sys.stdout.write
    write(f"{usable_cores()} cores, load {os.getloadavg()[0]:.1f}, {common}; times are ms of an update\n")
    for table in given.tables or TABLES:
        variants = TABLES[table]
        results: list[list[dict[str, Any]]] = [[] for _ in variants]
        for _ in range(given.rounds):
            for found, variant in zip(results, variants, strict=True):
                found.append(bench({**common, **variant}, given.updates))
        name = next(iter(variants[0]))
        write("\n" + table_head([name, *COLUMNS, *MEMORY]))
        first = 0.0
        for variant, found in zip(variants, results, strict=True):
            cells, speed = row(str(variant[name]), found, first)
            first = first or speed
            write(table_row(cells))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
