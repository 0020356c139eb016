"""Judge the recorded runs by what GateCheck says now, at every look and at the end: error rates with their intervals.

    .venv/bin/python benchmarks/gatecheck/judge.py [SET …] [--list] [--json]

A *false pass* is a dead run with the verdict PASS, a *missed pass* a living run without it at its end. Intervals are exact
(Clopper and Pearson 1934) at 95 %. `--list` names the runs that are judged wrongly.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE)]

from recording import QUICK, full_row, read  # noqa: E402 - it lies beside this file

from gwt_ib.config import Config  # noqa: E402
from gwt_ib.gatecheck.history import History  # noqa: E402
from gwt_ib.gatecheck.judge import judge_run, with_since  # noqa: E402
from gwt_ib.runs.jsonl import Record  # noqa: E402

RECORDINGS = HERE / "recordings"


@dataclass(frozen=True)
class Judged:
    """What GateCheck said of one run: its verdict on training and that on the gate, at each look; the last is the end."""

    name: str
    group: str
    cause: str
    task: str
    looks: tuple[tuple[int, str, str], ...]

    @property
    def ends(self) -> tuple[str, str]:
        """The two verdicts at the end."""
        return self.looks[-1][1:]

    def ever(self, training: str = "", gate: str = "") -> bool:
        """Whether it was said at some look."""
        return any(training in ("", look[1]) and gate in ("", look[2]) for look in self.looks)


def judged(recording: Record) -> Judged:
    """Feed a recorded run to GateCheck row by row, as the run did, and note what it says after each."""
    config = Config(**{**QUICK, **recording["settings"]})
    history = History()
    looks = []
    verdict: Record = {}
    for kept in recording["rows"]:
        history.add(full_row(kept))
        found = with_since(judge_run(history, config), verdict)
        verdict = found.as_dict()
        looks.append((int(kept["update"]), found.status, found.gate.status))
    task = config.env_id.rpartition(":")[2].removeprefix("popgym-").removesuffix("-v0")
    return Judged(recording["name"], recording["group"], recording["cause"], task, tuple(looks))


def interval(count: int, total: int) -> tuple[float, float]:
    """The exact 95 % interval of a share."""
    from scipy.stats import binomtest

    found = binomtest(count, total).proportion_ci(0.95, "exact")
    return float(found.low), float(found.high)


def rate(count: int, total: int) -> str:
    """A count as a share with its interval."""
    if not total:
        return "none"
    low, high = interval(count, total)
    return f"{count} of {total}: {count / total:.1%} [{low:.1%}, {high:.1%}]"


def report(group: str, runs: list[Judged]) -> Iterable[str]:
    """The table of one set, a line each."""
    by_cause = {run.cause: [other for other in runs if other.cause == run.cause] for run in runs}
    columns = {
        "dead": ("PASS at any look", "PASS at the end"),
        "living": ("never PASS", "no PASS at the end"),
    }.get(group, ("gate works at any look", "gate works at the end"))
    yield f"| {group} | runs | {columns[0]} | {columns[1]} | verdicts at the end |"
    yield "|---|---|---|---|---|"
    for cause, some in [*by_cause.items(), ("**all**", runs)]:
        any_look, end = (sum(wrong(run, group, at_end) for run in some) for at_end in (False, True))
        ends = Counter(run.ends[0 if group in ("dead", "living") else 1] for run in some)
        said = ", ".join(f"{word} {count}" for word, count in sorted(ends.items()))
        yield f"| {cause} | {len(some)} | {rate(any_look, len(some))} | {rate(end, len(some))} | {said} |"


def wrong(run: Judged, group: str, at_end: bool) -> bool:
    """Whether the set's error was made; of a set about the gate, whether *works* was said."""
    if group == "dead":
        return run.ends[0] == "pass" if at_end else run.ever(training="pass")
    if group == "living":
        return run.ends[0] != "pass" if at_end else not run.ever(training="pass")
    return run.ends[1] == "works" if at_end else run.ever(gate="works")


def main() -> None:
    """Judge what is recorded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=[])
    parser.add_argument("--from", dest="folder", type=Path, default=RECORDINGS)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    names = given.sets or sorted(path.name.removesuffix(".jsonl.gz") for path in given.folder.glob("*.jsonl.gz"))
    for name in names:
        runs = [judged(recording) for recording in read(given.folder / f"{name}.jsonl.gz")]
        if given.json:
            for run in runs:
                sys.stdout.write(json.dumps(vars(run)) + "\n")
            continue
        sys.stdout.write("\n".join(report(name, runs)) + "\n\n")
        if given.list:
            for run in runs:
                if wrong(run, name, at_end=True) or wrong(run, name, at_end=False):
                    changes = [look for before, look in zip((None, *run.looks), run.looks, strict=False)
                               if before is None or before[1:] != look[1:]]  # fmt: skip
                    sys.stdout.write(f"{run.name}: {changes}\n")


if __name__ == "__main__":
    main()
