"""Judge the recorded runs by what GateCheck says now, at every look and at the end: error rates with their intervals.

    .venv/bin/python benchmarks/gatecheck/judge.py [SET …] [--list] [--json]

Errors: a dead run that passes, a living one that does not; a gate that matters and is not said to work, one that cannot
matter and is. Intervals are exact (Clopper and Pearson 1934) at 95 %. `--list` names the runs that are judged wrongly.
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
from sets import AGAIN  # noqa: E402

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


def judged(recording: Record, *, every_look: bool = True) -> Judged:
    """Feed a recorded run to GateCheck row by row, as the run did, and note what it says after each, or at the end."""
    settings = {**QUICK, **recording["settings"]}
    config = Config(**{name: value for name, value in settings.items() if name in Config.model_fields})
    history, looks, verdict = History(), [], Record()
    last = len(recording["rows"]) - 1
    for i, kept in enumerate(recording["rows"]):
        history.add(full_row(kept))
        if every_look or i == last:
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


ERRORS = {
    "dead": ("PASS at any look", "PASS at the end"),
    "living": ("never PASS", "no PASS at the end"),
    "gate-matters": ("never works", "not works at the end"),
    "gate-idle": ("works at any look", "works at the end"),
}
"""What is an error in each set: at no look or at any, and at the end."""


def report(name: str, runs: list[Judged]) -> Iterable[str]:
    """The table of one set, a line each."""
    group = name.removesuffix(AGAIN)
    by_cause = {run.cause: [other for other in runs if other.cause == run.cause] for run in runs}
    yield f"| {name} | runs | {ERRORS[group][0]} | {ERRORS[group][1]} | at the end |"
    yield "|---|---|---|---|---|"
    for cause, some in [*by_cause.items(), ("**all**", runs)]:
        any_look, end = (sum(wrong(run, group, at_end) for run in some) for at_end in (False, True))
        ends = Counter(run.ends[group.startswith("gate")] for run in some)
        said = ", ".join(f"{word} {count}" for word, count in sorted(ends.items()))
        yield f"| {cause} | {len(some)} | {rate(any_look, len(some))} | {rate(end, len(some))} | {said} |"
    if group == "gate-idle":
        harmful = sum(any(look[2] == "harmful" for look in run.looks) for run in runs)
        yield f"\nSaid to be harmful at any look: {rate(harmful, len(runs))}."


def wrong(run: Judged, group: str, at_end: bool) -> bool:
    """Whether the set's error was made."""
    of_gate, word = group.startswith("gate"), "works" if group.startswith("gate") else "pass"
    said = run.ends[of_gate] == word if at_end else any(look[1 + of_gate] == word for look in run.looks)
    return said if group in ("dead", "gate-idle") else not said


def main() -> None:
    """Judge what is recorded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=[])
    parser.add_argument("--from", dest="folder", type=Path, default=RECORDINGS)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    known = (*ERRORS, *(group + AGAIN for group in ERRORS))
    names = given.sets or [name for name in known if (given.folder / f"{name}.jsonl.gz").exists()]
    for name in names:
        runs = [judged(recording) for recording in read(given.folder / f"{name}.jsonl.gz")]
        if given.json:
            for run in runs:
                sys.stdout.write(json.dumps(vars(run)) + "\n")
            continue
        sys.stdout.write("\n".join(report(name, runs)) + "\n\n")
        if given.list:
            for run in runs:
                if any(wrong(run, run.group, at_end=end) for end in (True, False)):
                    changes = [look for before, look in zip((None, *run.looks), run.looks, strict=False)
                               if before is None or before[1:] != look[1:]]  # fmt: skip
                    sys.stdout.write(f"{run.name}: {changes}\n")


if __name__ == "__main__":
    main()
