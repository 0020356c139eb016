"""A run left alone and the same run killed with -9 at random moments: are they equal to the bit?

    .venv/bin/python benchmarks/exact_resume.py [ENV_ID …] [--kills 20] [--total-timesteps N] [--seed N] [--set FIELD=VALUE]…

Compared are weights, optimiser state, TD statistics, how the environments stood, and every metrics row without its times.
The settings are the defaults of the project, not those of a toy. Ends with 1 where a run differs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "faults" / "helpers")]

from benched import parse_settings  # noqa: E402 - the helpers of the tests lie outside the packages
from exact import killed_and_resumed, undisturbed  # noqa: E402

from gwt_ib.config import Config  # noqa: E402

TASKS = ("RepeatPreviousEasy", "CountRecallEasy", "PositionOnlyPendulumEasy", "BattleshipEasy", "LabyrinthEscapeEasy")
LIMIT_S = 7200.0


def main() -> int:
    """Compare each task's two runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="ENV_ID", default=[f"popgym-{name}-v0" for name in TASKS])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--total-timesteps", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    given = parser.parse_args()
    os.environ["GWT_IB_FAULT_SEED"] = str(given.seed)
    equal = True
    for task in given.tasks:
        chosen = {"env_id": task, "total_timesteps": given.total_timesteps, **parse_settings(given.set)}
        settings = {**Config(**chosen).model_dump(), **chosen}
        sys.stdout.write(f"{task}, {given.total_timesteps:,} env steps, {given.kills} kills, seed {given.seed}\n")
        with tempfile.TemporaryDirectory(prefix="gwt-ib-exact-") as folder:
            began = time.monotonic()
            wanted = undisturbed(Path(folder) / "undisturbed", settings, LIMIT_S)
            alone_s, began = time.monotonic() - began, time.monotonic()
            found, report = killed_and_resumed(
                Path(folder) / "killed", settings, kills=given.kills, seed=f"exact:{task}:{given.seed}",
                limit_s=LIMIT_S, tell=lambda words: sys.stdout.write(f"  {words}\n"),
            )  # fmt: skip
            killed_s = time.monotonic() - began
        same = found == wanted and report.exact
        equal &= same
        words = "equal to the bit" if found == wanted else f"DIFFERENT: {found.first_difference(wanted)}"
        sys.stdout.write(
            f"  {words}: {len(found.rows):,} rows, {len(found.model)} + {len(found.optimizer)} tensors; run.json says "
            f"exact_resume = {report.exact}; alone {alone_s:.0f} s, killed {killed_s:.0f} s\n"
        )
        sys.stdout.flush()
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
