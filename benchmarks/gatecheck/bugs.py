"""The eight bugs of the seed document, each put back in: which tests fail, and what GateCheck says of runs trained with it.

    .venv/bin/python benchmarks/gatecheck/bugs.py tests [--bug 5]      the fast tests with each bug: which fail
    .venv/bin/python benchmarks/gatecheck/bugs.py runs [--bug 5]       runs of seconds with each bug, and judge them

Tests that fail without a bug, or by what a bug is put in with alone (kernels left out), do not count.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "bugs")]

from injected_bugs import BUGS, CONTROLS, injected  # noqa: E402 - it lies among the tests
from judge import judged  # noqa: E402
from recording import Plan, record  # noqa: E402
from sets import PLAYED, env_id  # noqa: E402

FAST = (
    "model", "rollout", "learn/test_adam.py", "learn/test_both_paths.py", "learn/test_learner.py", "learn/test_losses.py",
    "learn/test_sequences.py", "kernels/test_acting.py", "kernels/test_blocks_of_kernels.py",
    "kernels/test_kernel_gradient.py", "envs/test_env_batch.py",
    "gatecheck/test_deciding_rules.py", "gatecheck/test_verdict.py", "test_seeding.py", "training/test_safe_point.py",
)  # fmt: skip
"""Tests of the paths that the bugs lie in, and no others: those that start processes would not have the bug."""

RUNS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "1": (("Before", {}), ("Marked", {})),
    "2": (("Before", {}), ("Marked", {})),
    "3": (("Before", {}), ("Marked", {})),
    "4": (("Before", {}), ("HigherLowerEasy", {})),
    "5": (("Before", {}), ("Late", {"seq_len": 2})),
    "6": (("Before", {}), ("Level", {})),
    "7a": (("Before", {"td_std_min": 1.0}),),
    "7b": (("Coin", {}),),
    "8a": (("Before", {}), ("HigherLowerEasy", {})),
    "8b": (("Before", {}), ("Before", {"lr": 0.02})),
    "8c": (("Before", {}),),
}


def failing(bug: str) -> set[str]:
    """The fast tests that fail with a bug, or a control; those of a function with parameters count once."""
    paths = [str(ROOT), str(ROOT / "tests" / "bugs"), *filter(None, [os.environ.get("PYTHONPATH")])]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "injected_bugs",
        "-p",
        "no:cacheprovider",
        "--timeout",
        "120",
    ]
    result = subprocess.run(
        [*command, "-m", "not processes and not soak and not learning", *(f"tests/{name}" for name in FAST)],
        cwd=ROOT, env={**os.environ, "GWT_IB_BUG": bug, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return set(re.findall(r"^(?:FAILED|ERROR) tests/(\S+?)(?:\[.*)?(?: - .*)?$", result.stdout, re.MULTILINE))


def test_rows(wanted: list[str]) -> None:
    """Which functions of the tests fail by each bug."""
    without = failing("")
    sys.stdout.write(f"fail without a bug: {sorted(without)}\n")
    for control in CONTROLS:
        alone = failing(control)
        sys.stdout.write(f"fail by {control}: {sorted(alone)}\n")
        without |= alone
    for bug in wanted:
        by_bug = sorted(failing(bug) - without)
        sys.stdout.write(f"{bug} ({BUGS[bug][0]}): {len(by_bug)}\n" + "".join(f"    {name}\n" for name in by_bug))
        sys.stdout.flush()


def run_rows(wanted: list[str]) -> None:
    """What GateCheck says at the end of real runs with each bug, and what they have really come to."""
    for bug in wanted:
        for task, settings in RUNS[bug]:
            plan = Plan(
                f"bug {bug}", "bugs", BUGS[bug][0], {"env_id": env_id(task), "seed": 1, **PLAYED, **settings}, bug
            )
            with injected(bug):
                recording = record(plan)
                said = judged(recording)
            truth = recording["truth"]
            sys.stdout.write(
                f"{bug} | {task} {settings or ''} | {truth['before']:g} to {truth['after']:g} ({truth['rise']:+.3f} ± "
                f"{truth['error']:.3f}) | training {said.ends[0]}, gate {said.ends[1]}\n"
            )
            sys.stdout.flush()


def main() -> None:
    """The tests' part of the table, or the runs'."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("tests", "runs"))
    parser.add_argument("--bug", action="append", choices=list(BUGS))
    given = parser.parse_args()
    (test_rows if given.what == "tests" else run_rows)(given.bug or list(BUGS))


if __name__ == "__main__":
    main()
