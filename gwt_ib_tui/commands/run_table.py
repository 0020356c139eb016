"""The list of runs as text, CSV and JSON: the columns of the screen, by names that stay."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gwt_ib.runs.record import KILLED, UNKNOWN
from gwt_ib.runs.settings import setting_words
from gwt_ib.text import ABSENT, age, number, plain
from gwt_ib_tui.commands.standing import next_step, summarise
from gwt_ib_tui.state.compare.run_summaries import RunSummary
from gwt_ib_tui.state.compare.settings import fitting_settings
from gwt_ib_tui.terminal import print_line, print_table

TITLES = (
    "run",
    "name",
    "state",
    "done",
    "task",
    "settings",
    "seed",
    "ep100",
    "eval",
    "training",
    "gate",
    "tags",
    "age",
)
MOST_SAID = 5
MOST_SETTINGS = 48  # cells; CSV and JSON have all of them
OFTEN_EMPTY = ("name", "settings", "tags")
NUMBERS = ("done", "seed", "ep100", "eval", "age")
CSV_COLUMNS = (
    *("run", "name", "state", "env_steps", "total_timesteps", "env_id", "settings", "seed", "ep100", "normalised"),
    *("evaluation", "verdict", "gate_verdict", "tags", "notes", "created", "path"),
)
"""The columns of the CSV (docs/dashboard.md); more may come after them."""


def print_runs(runs: Sequence[RunSummary], now: float) -> None:
    """Print a line a run. A name, settings or tags that no run has take no room; what a run lacks is a dash."""
    rows = [_words(run, now) for run in runs]
    shown = [place for place, title in enumerate(TITLES) if title not in OFTEN_EMPTY or any(row[place] for row in rows)]
    print_table(
        [TITLES[place] for place in shown], [[row[place] or ABSENT for place in shown] for row in rows], right=NUMBERS
    )


def say_next_steps(runs: Sequence[RunSummary]) -> None:
    """Say on stderr what to do about those that did not end well, and of many how many there are."""
    bad = [run for run in runs if run.state in ("failed", "stopped", KILLED, UNKNOWN) and next_step(run.directory)]
    for run in bad[:MOST_SAID]:
        words = (f"{plain(run.name)}:", plain(run.info.message), next_step(run.directory, run.state))
        print_line(" ".join(filter(None, words)), err=True)
    if len(bad) > MOST_SAID:
        print_line(f"{len(bad) - MOST_SAID} more did not end well: `gwt-ib-tui status RUN` says more of one.", err=True)


def as_csv(runs: Sequence[RunSummary]) -> str:
    """A row a run, numbers in full; what a run lacks is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for run in runs:
        fields = _fields(run)
        created = run.info.created
        row = {
            **fields,
            "run": run.name,
            "state": run.state,
            "settings": setting_words(run.differs),
            "tags": " ".join(run.labels.tags),
            "ep100": run.ep100,
            "verdict": run.verdict,
            "gate_verdict": run.gate,
            "path": run.directory.path,
            "created": "" if created is None else _date(created),
        }
        writer.writerow({name: "" if (value := row[name]) is None else plain(value, 2000) for name in CSV_COLUMNS})
    return text.getvalue()


def as_json(run: RunSummary) -> dict[str, Any]:
    """All that `status` says of a run, and what the list has beside it; what is not known is null."""
    fields = {**_fields(run), "settings": dict(run.differs), "tags": list(run.labels.tags)}
    return {**summarise(run.directory), **fields}


def _fields(run: RunSummary) -> dict[str, Any]:
    """What CSV and JSON have alike."""
    return {
        "name": run.labels.name,
        "notes": run.labels.notes,
        "env_id": run.info.env_id,
        "seed": run.info.seed,
        "env_steps": None if run.env_steps is None else int(run.env_steps),
        "total_timesteps": run.info.total_timesteps,
        "evaluation": run.evaluation,
        "normalised": run.normalised,
        "created": run.info.created,
    }


def _words(run: RunSummary, now: float) -> tuple[str, ...]:
    return (
        plain(run.name, 300),
        run.labels.name,
        plain(run.state),
        ABSENT if run.progress is None else f"{run.progress:.0%}",
        run.task,
        fitting_settings(run.settings, MOST_SETTINGS),
        "" if run.info.seed is None else f"{run.info.seed}",
        number(run.ep100),
        number(run.evaluation),
        plain(run.verdict),
        plain(run.gate),
        " ".join(run.labels.tags),
        age(run.info.created, now),
    )


def _date(created: float) -> str:
    try:
        return datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return ""
