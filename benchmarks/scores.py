"""Record the runs of sweeps, a line of JSON each, and compare two of their arms task by task.

    .venv/bin/python benchmarks/scores.py SWEEP … --out benchmarks/results/scores.jsonl
    .venv/bin/python benchmarks/scores.py SWEEP … --against open

Each line has what a table of scores or a curve needs: settings that are not the defaults, the three scores, the gate's
mean and what replacing it costs, both verdicts as GateCheck judges now, and the return of the last 100 episodes at 20
moments. A run that was stopped is recorded as far as it came. `--against ARM` sets every other arm beside it: the
difference of their mean returns on each task, on how many it is beyond 0.02, and Wilcoxon's signed-rank test over the
tasks (1945), two-sided.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import Any

from scipy.stats import wilcoxon

from gwt_ib import Run
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run
from gwt_ib.lenient import real, whole
from gwt_ib.results.final_evaluation import final_evaluation
from gwt_ib.results.mmer import mmer
from gwt_ib.sweeps.directory import SweepDirectory
from gwt_ib.sweeps.states import MemberState, read_states

MOMENTS = 20
SHOWN_APART = ("env_id", "seed", "total_timesteps")
SAME = 0.02  # of return, whose range is 2 on most tasks: less is no difference worth counting


def recorded(sweep: str, state: MemberState) -> dict[str, Any] | None:
    """One run in a line; none where it has no metrics yet."""
    if state.status == "waiting":
        return None
    run = Run(state.path)
    rows, config = run.rows, run.config
    if not rows:
        return None
    last, evaluated = rows[-1], final_evaluation(run.directory, config)
    verdict = judge_run(History.from_rows(rows), config, ended=True)
    returns = [real(row.get("ep100")) for row in rows]
    moments = [returns[max(round(len(rows) * part / MOMENTS) - 1, 0)] for part in range(1, MOMENTS + 1)]
    return {
        "sweep": sweep,
        "env_id": config.env_id,
        "arm": state.member.arm,
        "seed": config.seed,
        "settings": {
            name: value for name, value in config.model_dump(exclude_defaults=True).items() if name not in SHOWN_APART
        },
        "env_steps": whole(last.get("env_steps")),
        "of": state.total_steps,
        "ep100": rounded(real(last.get("ep100"))),
        "mmer": rounded(mmer(rows).value),
        "evaluation": rounded(evaluated.mean if evaluated is not None else None),
        "mean_c": rounded(real(last.get("mean_c"))),
        "training": verdict.status,
        "gate": verdict.gate.status,
        "ep100_curve": [rounded(value) for value in moments],
        "gate_is_worth": {
            effect.gate: [*map(rounded, (effect.difference, effect.low, effect.high)), effect.episodes]
            for effect in verdict.gate.effects
        },
    }


def rounded(value: float | None) -> float | None:
    """To the digits that a table shows."""
    return None if value is None else round(value, 3)


def compared(rows: list[dict[str, Any]], against: str, score: str) -> list[str]:
    """Each other arm against one, over the tasks that both have finished: a line for each."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        if row["env_steps"] == row["of"] and row[score] is not None:
            found[row["arm"], row["env_id"]].append(row[score])
    lines = []
    for arm in sorted({arm for arm, _ in found} - {against}):
        tasks = sorted(task for name, task in found if name == arm and (against, task) in found)
        differences = {task: fmean(found[arm, task]) - fmean(found[against, task]) for task in tasks}
        better = sum(value > SAME for value in differences.values())
        worse = sum(value < -SAME for value in differences.values())
        p = float(wilcoxon(list(differences.values())).pvalue) if any(differences.values()) else 1.0
        lines.append(
            f"{arm} against {against}, {score}, {len(tasks)} tasks: mean {fmean(differences.values()):+.3f}, "
            f"better on {better}, worse on {worse}, p = {p:.3f}"
        )
        for task, value in sorted(differences.items(), key=lambda item: -item[1]):
            lines.append(f"  {value:+.3f}  {task}")
    return lines


def main() -> None:
    """Read the sweeps, record or compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sweeps", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="file of one JSON object a line; lines of other sweeps in it stay")
    parser.add_argument("--against", metavar="ARM")
    parser.add_argument("--score", choices=("ep100", "mmer", "evaluation"), default="ep100")
    options = parser.parse_args()
    rows = []
    for path in options.sweeps:
        states = read_states(SweepDirectory(path)).members
        rows += [row for state in states if (row := recorded(path.name, state)) is not None]
    if options.out is not None:
        names = {path.name for path in options.sweeps}
        old = options.out.read_text().splitlines() if options.out.is_file() else []
        kept = [line for line in old if json.loads(line)["sweep"] not in names]
        options.out.write_text("\n".join([*kept, *map(json.dumps, rows)]) + "\n")
    if options.against is not None:
        sys.stdout.write("\n".join(compared(rows, options.against, options.score)) + "\n")


if __name__ == "__main__":
    main()
