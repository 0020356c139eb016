"""How a run stands, and what to do next: a summary for lists and programs, and what is printed after its dashboard."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gwt_ib.durable import FULL, is_full
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.lenient import real
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import last_record, read_records
from gwt_ib.runs.record import ENDED, KILLED, STALLED, UNKNOWN, RunRecord
from gwt_ib.text import ABSENT, count, number, plain
from gwt_ib_tui.terminal import print_line

BY_ENVIRONMENT = (ExitCode.BUG, ExitCode.RESOURCES_USED_UP, ExitCode.BAD_CONFIGURATION)
"""Exit codes of runs that may have failed by their environment; an incident file tells."""


@dataclass(frozen=True)
class Closing:
    """Lines for stdout, lines for stderr, and the exit code."""

    lines: tuple[str, ...]
    errors: tuple[str, ...]
    code: int


def summarise(run: RunDirectory) -> dict[str, Any]:
    """A run in a few words, with its `run.json` and newest metrics row beside them."""
    record, row = run.read_run(), last_record(run.metrics)
    state, ep100 = record.state_now(), real(row.get("ep100"))
    judged = _judged(run)
    return {
        "run": run.name,
        "path": str(run.path),
        "state": state,
        "progress": f"{real(row.get('env_steps')) or 0:,.0f}/{record.total_timesteps or 0:,.0f}",
        "ep100": None if ep100 is None else round(ep100, 4),
        "verdict": judged.status,
        "gate_verdict": judged.gate.status,
        "message": "run.json is missing or damaged"
        if state == UNKNOWN
        else record.message or _silence(run, state) or _trouble(record, state),
        "next_step": next_step(run, state),
        "run_json": {} if record.state == UNKNOWN else record.as_dict(),
        "metrics": row,
    }


def status_lines(run: RunDirectory, summary: Mapping[str, Any]) -> list[str]:
    """A run's summary for a reader: a name and a value a line, whether it starts, trains or has ended."""
    row = summary["metrics"]
    updates = total = ABSENT
    with suppress(UserError):  # damaged settings, as `verify` says
        config = run.read_config()
        updates, total = count(config.num_updates), count(config.total_timesteps)

    def of(name: str) -> str:
        return number(real(row.get(name)), 4)

    values = {
        "run": summary["run"],
        "path": summary["path"],
        "state": summary["state"],
        "update": f"{count(real(row.get('update')))} of {updates}",
        "env steps": f"{count(real(row.get('env_steps')))} of {total}",
        "speed": f"{count(real(row.get('steps_per_s')))} steps/s",
        "ep100": of("ep100"),
        "eval return": number(_newest_evaluation(run), 4),
        "td_std": of("td_std"),
        "mean_c": f"{of('mean_c')}, target {of('target_c')}",
        "EV": of("explained_variance"),
        "bias": of("bias"),
        "training": str(summary["verdict"]).upper(),
        "gate": str(summary["gate_verdict"]).upper(),
        "message": summary["message"],
        "next step": summary["next_step"],
    }
    width = max(map(len, values)) + 2
    return [f"{name:{width}}{plain(value, 1000)}" for name, value in values.items() if value]


def closing(run: RunDirectory, *, require_gatecheck: str | None = None) -> Closing:
    """How `run` stands. A run that was killed or whose run.json is damaged ends with a code of its own.

    Where nothing else is wrong and `require_gatecheck` is set, the code is 3 unless the newest verdict meets it, also of
    a run that still trains.
    """
    state, path = run.state(), run.path
    lines: list[str] = []
    errors: list[str] = []
    code = int(ExitCode.DONE)
    if state in ENDED:
        record = run.read_run()
        lines += [f"The run has {state}: {path}", _outcome(run)]
        errors += [plain(record.message), next_step(run, state)]
        code = record.exit_code or 0
    elif state == KILLED:
        lines.append(_outcome(run))
        errors += ["The run was killed: its trainer is gone.", next_step(run, state)]
        code = ExitCode.RESOURCES_USED_UP
    elif state == UNKNOWN:
        errors += [f"{run.run} is missing or damaged: how this run stands is unknown.", next_step(run, state)]
        code = ExitCode.BAD_DATA
    elif state == STALLED:
        why = FULL if is_full(path) else "its trainer is stopped, hung or slow"
        errors.append(f"The run is silent: {why}. Look again with: gwt-ib-tui attach {path}")
    else:
        lines.append(f"The run goes on. Come back with: gwt-ib-tui attach {path}")
        errors.append(_trouble(run.read_run(), state))
    unmet = _judged(run).unmet(require_gatecheck) if require_gatecheck else []
    if not code and unmet:
        errors.append(not_met(require_gatecheck or "", unmet, yet=state not in ENDED))
        code = ExitCode.GATECHECK_NOT_PASSED
    return Closing(tuple(lines), tuple(filter(None, errors)), int(code))


def not_met(required: str, unmet: Sequence[str], *, yet: bool = False) -> str:
    """Why a command ends with 3: as in `--require-gatecheck both is not met: gate WAIT.`"""
    return f"--require-gatecheck {required} is not met{' yet' if yet else ''}: {plain(', '.join(unmet), 60)}."


def next_step(run: RunDirectory, state: str | None = None) -> str:
    """What to do about a run that failed, was killed, ended by a signal, or is damaged, in a sentence; else nothing."""
    state, record = state or run.state(), run.read_run()
    path = shlex.quote(str(run.path))
    if state == UNKNOWN:
        return f"See what is left of it with: gwt-ib-tui verify {path}"
    if state not in ("failed", KILLED) and not (state == "stopped" and record.exit_code):
        return ""
    steps = []
    if state == "failed" and record.exit_code in BY_ENVIRONMENT and (incident := _newest_incident(run)):
        steps.append(f"See the environment fail again with: gwt-ib-tui incident {shlex.quote(str(incident))}")
    if state == "failed" and record.exit_code == ExitCode.BAD_DATA:
        steps.append(f"See what is damaged with: gwt-ib-tui verify {path}")
    elif _has_snapshot(run):
        steps.append(f"Go on with: gwt-ib-tui resume {path}")
    else:
        steps.append("It has no snapshot to go on from.")
    return " ".join(steps)


def say_next_step(run: RunDirectory) -> None:
    """The same on stderr, after what a command has shown of the run."""
    if words := next_step(run):
        print_line(words, err=True)


def _has_snapshot(run: RunDirectory) -> bool:
    try:
        return any(entry.name.isdecimal() for entry in run.snapshots.iterdir())
    except OSError:
        return False


def _newest_incident(run: RunDirectory) -> Path | None:
    """The newest file that an environment's failure has left."""
    found: list[tuple[float, Path]] = []
    with suppress(OSError):
        for path in run.incidents.glob("*.json"):
            if not path.name.startswith("learner"):
                found.append((path.lstat().st_mtime, path))
    return max(found)[1] if found else None


def _trouble(record: RunRecord, state: str) -> str:
    """What does not work though the run goes on."""
    return "" if state in ENDED or state == KILLED else plain(record.trouble)


def _silence(run: RunDirectory, state: str) -> str:
    return FULL if state == STALLED and is_full(run.path) else ""


def _outcome(run: RunDirectory) -> str:
    """A line such as `training PASS  gate WORKS  ep100 -0.8123  eval return -0.8011`."""
    values = (real(last_record(run.metrics).get("ep100")), _newest_evaluation(run))
    ep100, eval_return = (ABSENT if value is None else f"{value:.4f}" for value in values)
    judged = _judged(run)
    training, gate = (plain(status, 20).upper() for status in (judged.status, judged.gate.status))
    return f"training {training}  gate {gate}  ep100 {ep100}  eval return {eval_return}"


def _newest_evaluation(run: RunDirectory) -> float | None:
    """The mean return of the newest evaluation, on the schedule or asked for."""
    evaluations = (real(event.get("eval_return")) for event in reversed(read_records(run.events)))
    return next((value for value in evaluations if value is not None), None)


def _judged(run: RunDirectory) -> Verdict:
    """The newest verdict that the run has recorded; to wait, where there is none."""
    return Verdict.from_dict(run.read_gatecheck()) or Verdict("wait")
