"""The command that looks a run directory through: what is good, what is not, and what a resume would do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from gwt_ib.errors import ExitCode
from gwt_ib.text import plain
from gwt_ib_tui.commands.options import AsJson, Run, find_run
from gwt_ib_tui.terminal import print_result

if TYPE_CHECKING:
    from gwt_ib.runs.verify import Report

LONGEST = 2000


def verify(run: Run, as_json: AsJson = False) -> None:
    """Check a run's files and snapshots; 65 if none is good."""
    from gwt_ib.runs.verify import verify as look

    report = look(find_run(run))
    if as_json:
        print_result(json.dumps(report.as_dict()))
    else:
        for line in lines(report):
            print_result(line)
    if not report.resumable:
        raise typer.Exit(ExitCode.BAD_DATA)


def lines(report: Report) -> list[str]:
    """A report for people; nothing in it can do anything to a terminal."""
    found = [f"{file.name:16} {_judged(file.words, file.problem)}" for file in report.files]
    for snapshot in report.snapshots:
        words = [] if snapshot.update is None else [f"update {snapshot.update}"]
        words += [] if snapshot.eval_return is None else [f"evaluation {snapshot.eval_return:.4g}"]
        words += ["pinned"] if snapshot.pinned else []
        found.append(f"{plain(snapshot.path, LONGEST)} {_judged(', '.join(words), snapshot.problem)}")
    found += [f"{plain(path, LONGEST)} was set aside" for path in report.aside]
    found += [f"{plain(path, LONGEST)} is left of a killed process; a resume removes it" for path in report.leftovers]
    return [*found, plain(report.resume, LONGEST)]


def _judged(words: str, problem: str) -> str:
    words, problem = plain(words), plain(problem)
    return f"BAD  {words + ': ' if words else ''}{problem}" if problem else f"good {words}".rstrip()


COMMANDS = (verify,)
