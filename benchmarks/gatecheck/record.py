"""Record the runs of GateCheck's benchmark: trained once, judged by whatever GateCheck says then (`judge.py`).

    .venv/bin/python benchmarks/gatecheck/record.py SET [--into DIR] [--part 1/2] [--only TEXT] [--limit N]
    .venv/bin/python benchmarks/gatecheck/record.py SET --pack        join the parts into recordings/SET.jsonl.gz

Each run takes seconds, in this process. What is recorded already is left out, so it can be stopped and started again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests" / "bugs")]

from injected_bugs import injected  # noqa: E402 - it lies among the tests, which need it too
from recording import record, write  # noqa: E402
from sets import SETS  # noqa: E402

RECORDINGS = HERE / "recordings"


def main() -> None:
    """Record, or pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--into", type=Path, default=HERE / "parts")
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--only", default="")
    parser.add_argument("--limit", type=int, default=10**9)
    parser.add_argument("--pack", action="store_true")
    given = parser.parse_args()
    plans = list(SETS[given.set]())
    found = {
        each["name"]: each
        for path in sorted(given.into.glob(f"{given.set}-*.jsonl"))
        for each in map(json.loads, path.read_text().splitlines())
    }
    if given.pack:
        RECORDINGS.mkdir(exist_ok=True)
        path = RECORDINGS / f"{given.set}.jsonl.gz"
        write(path, [found[plan.name] for plan in plans if plan.name in found])
        missing = sum(plan.name not in found for plan in plans)
        sys.stdout.write(f"{path}: {len(plans) - missing} of {len(plans)} runs, {path.stat().st_size:,} bytes\n")
        return
    number, parts = map(int, given.part.split("/"))
    given.into.mkdir(parents=True, exist_ok=True)
    wanted = [plan for plan in plans if plan.name not in found and given.only in plan.name]
    with (given.into / f"{given.set}-{number}.jsonl").open("a") as file:
        for plan in wanted[number - 1 :: parts][: given.limit]:
            began = time.monotonic()
            with injected(plan.bug):
                recording = record(plan)
            file.write(json.dumps(recording, separators=(",", ":")) + "\n")
            file.flush()
            truth = recording["truth"]
            sys.stdout.write(
                f"{plan.name}: {time.monotonic() - began:.1f} s, {truth['before']:g} to {truth['after']:g}, "
                f"rise {truth['rise']:g} ± {truth['error']:g}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
