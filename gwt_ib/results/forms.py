"""The table of results in its forms: rows of words for people, Markdown, CSV, JSON; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gwt_ib.results.intervals import Estimate
from gwt_ib.results.notes import short
from gwt_ib.results.reference import ROLES, TASKS, Known
from gwt_ib.results.run_scores import SCORES, STATUSES
from gwt_ib.results.table import ResultsTable, Row
from gwt_ib.text import ABSENT, plain

TITLES = {"mmer": "MMER", "ep100": "last 100", "evaluation": "evaluation"}


@dataclass(frozen=True)
class Words:
    """A table as words: a title, columns, rows, and which columns are numbers."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[str, ...]


def in_words(table: ResultsTable) -> list[Words]:
    """The tables for people: tasks, arms, arm against arm; those without a row are left out."""
    made = [_tasks(table), _published(table), _arms(table), _sums(table), _improvements(table)]
    return [words for words in made if words.rows]


def as_markdown(table: ResultsTable, notes: Sequence[str]) -> str:
    """Ready to be pasted."""
    parts = []
    for words in in_words(table):
        rule = ("---:" if name in words.right else "---" for name in words.columns)
        lines = [words.columns, tuple(rule), *(tuple(map(_cell, row)) for row in words.rows)]
        parts.append("\n".join([f"**{words.title}**", "", *(f"| {' | '.join(line)} |" for line in lines)]))
    if notes:
        parts.append("\n".join(f"- {_cell(note)}" for note in notes))
    return "\n\n".join(parts) + "\n"


def as_csv(table: ResultsTable) -> str:
    """One row for each task and arm; the names of the columns stay, and what is not there is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_csv_row, table.rows))
    return text.getvalue()


def as_json(table: ResultsTable, notes: Sequence[str]) -> dict[str, Any]:
    """Everything there is (docs/results-table.md)."""
    return {**table.as_dict(), "notes": list(notes)}


def _tasks(table: ResultsTable) -> Words:
    columns = ("task", "arm", "seeds", *TITLES.values(), "MMER, normalised", "evaluation, normalised", "steps/s")
    rows = [
        (
            short(row.env_id),
            row.arm,
            _seeds(row),
            _estimate(row.scores["mmer"].mean),
            _value(row.scores["ep100"].mean),
            _estimate(row.scores["evaluation"].mean),
            _value(row.scores["mmer"].normalised, 2),
            _value(row.scores["evaluation"].normalised, 2),
            ABSENT if row.steps_per_s is None else f"{row.steps_per_s:,.0f}",
        )
        for row in table.rows
    ]
    title = "Per task and arm: mean over seeds, with its 95 % interval"
    return Words(title, columns, tuple(rows), columns[2:])


def _published(table: ResultsTable) -> Words:
    columns = ("task", "floor", "ceiling", "PPO-GRU, MMER", "best of 13, MMER", "PPO-GRU, return")
    tasks = {row.env_id: row.task for row in table.rows if row.task.is_popgym}
    rows = [
        (
            short(env_id),
            _known(task.floor),
            _known(task.ceiling, named=True),
            _known(task.gru_mmer),
            _known(task.best_mmer, named=True),
            _known(task.gru_return, digits=2),
        )
        for env_id, task in tasks.items()
    ]
    return Words("Beside it: floor, ceiling, and what is published", columns, tuple(rows), columns[1:])


def _arms(table: ResultsTable) -> Words:
    columns = ("arm", "score", "tasks", "mean", "IQM")
    rows = [
        (arm, TITLES[name], str(total.normalised_tasks), _estimate(total.mean), _estimate(total.iqm))
        for arm, totals in table.arms.items()
        for name, total in totals.items()
        if total.normalised_tasks
    ]
    return Words("Normalised, over the tasks", columns, tuple(rows), columns[2:])


def _sums(table: ResultsTable) -> Words:
    columns = ("arm", "score", "tasks", "sum", "PPO-GRU, return", "with an MMER", "sum of these", "PPO-GRU, MMER")
    rows = [
        (
            arm,
            TITLES[name],
            f"{total.sum.tasks} of {TASKS}",
            _estimate(total.sum.value, 2),
            _fixed(total.sum.gru_return, 2),
            f"{total.sum.with_gru_mmer}",
            _fixed(total.sum.value_there, 2) if total.sum.with_gru_mmer else ABSENT,
            _fixed(total.sum.gru_mmer, 2) if total.sum.with_gru_mmer else ABSENT,
        )
        for arm, totals in table.arms.items()
        for name, total in totals.items()
        if total.sum is not None
    ]
    return Words("Sums over POPGym's tasks, beside the published ones", columns, tuple(rows), columns[2:])


def _improvements(table: ResultsTable) -> Words:
    columns = ("arm", "over", "tasks", *TITLES.values())
    rows = [
        (each.arm, each.over, str(max(each.tasks.values())), *(_estimate(each.by[name], 2) for name in SCORES))
        for each in table.improvements
        if any(each.by.values())
    ]
    return Words("Probability of improvement of one arm over another", columns, tuple(rows), columns[2:])


def _seeds(row: Row) -> str:
    return f"{row.runs['finished']} of {row.runs['planned']}"


def _estimate(found: Estimate | None, digits: int = 3) -> str:
    """`0.512 [0.401, 0.623]`."""
    if found is None or found.low is None or found.high is None:
        return _value(found, digits)
    return f"{_value(found, digits)} [{_fixed(found.low, digits)}, {_fixed(found.high, digits)}]"


def _value(found: Estimate | None, digits: int = 3) -> str:
    """The same without its interval."""
    return ABSENT if found is None else _fixed(found.value, digits)


def _fixed(value: float, digits: int) -> str:
    """With so many digits after the point, and no `-0.000`."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _known(known: Known | None, *, named: bool = False, digits: int = 3) -> str:
    if known is None:
        return ABSENT
    spread = "" if known.std is None or named else f" ± {known.std:.{digits}f}"
    return f"{known.mean:.{digits}f}{spread}" + (f" ({known.method.removesuffix(' (PPO)')})" if named else "")


def _cell(words: str) -> str:
    return plain(words).replace("|", "\\|")


_PARTS = ("n", "mean", "low", "high", "iqm", "iqm_low", "iqm_high", "normalised", "normalised_low", "normalised_high")
CSV_COLUMNS = (
    *("env_id", "arm", "planned", *STATUSES, "env_steps"),
    *(f"{name}_{part}" for name in SCORES for part in _PARTS),
    "steps_per_s",
    *(f"{role}{part}" for role in ROLES for part in ("", "_std", "_method")),
)
"""The columns of the CSV: they are only ever added to, at the end."""


def _csv_row(row: Row) -> dict[str, object]:
    values: dict[str, object] = {"env_id": plain(row.env_id), "arm": plain(row.arm), "env_steps": row.env_steps}
    values |= dict(row.runs) | {"steps_per_s": None if row.steps_per_s is None else round(row.steps_per_s, 1)}
    for name, score in row.scores.items():
        values[f"{name}_n"] = len(score.values)
        for part, found in (("mean", score.mean), ("iqm", score.iqm), ("normalised", score.normalised)):
            if found is not None:
                ends = ("low", "high") if part == "mean" else (f"{part}_low", f"{part}_high")
                values[f"{name}_{part}"] = found.value
                values |= {
                    f"{name}_{end}": getattr(found, side) for end, side in zip(ends, ("low", "high"), strict=True)
                }
    for role in ROLES:
        if (known := getattr(row.task, role)) is not None:
            values |= {role: known.mean, f"{role}_std": known.std, f"{role}_method": known.method}
    return values
